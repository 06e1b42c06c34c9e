"""The prompts: templates that an owner can read and replace.

A file of the same name in the owner's folder (PROMPTS_DIR) wins over the shipped one. Templates run in a sandbox:
they see the values they are given and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from sidecar.domain.errors import SettingsError

_PACKAGE = Path(__file__).resolve().parent.parent
#: In an installed package the prompts lie inside it, in a checkout beside it.
SHIPPED = next((f for f in (_PACKAGE / "prompts", _PACKAGE.parent / "prompts") if f.is_dir()), _PACKAGE / "prompts")

#: Every prompt, with values like those it is filled with, for trying it at the start.
SAMPLES: Mapping[str, Mapping[str, object]] = {
    "tagging-rules.md.j2": {
        "fields": ["title", "tags", "correspondent", "document_type", "created"],
        "create": ["tags"],
        "language": "English",
        "lists": {"tags": ["Invoice"], "correspondents": [], "document_types": ["Letter"]},
    },
    "tagging-document.md.j2": {"mark": "document-0123", "text": "A letter."},
    "tagging-repair.md.j2": {"problem": "It is not JSON."},
    "vision-page.md.j2": {},
}
NAMES = tuple(SAMPLES)


class Prompts:
    """The templates, each read and compiled once."""

    def __init__(self, own_folder: Path | None = None) -> None:
        folders = [str(folder) for folder in (own_folder, SHIPPED) if folder is not None]
        self._environment = ImmutableSandboxedEnvironment(
            loader=jinja2.FileSystemLoader(folders),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
            autoescape=False,  # plain text for a model, no page for a browser
        )

    def check(self) -> None:
        """Fill every template with sample values. Raises SettingsError with a sentence for each that is broken."""
        problems: list[str] = []
        for name, values in SAMPLES.items():
            try:
                self.render(name, **values)
            except SettingsError as error:
                problems += error.problems
        if problems:
            raise SettingsError(problems)

    def render(self, name: str, **values: object) -> str:
        """Fill a template. Raises SettingsError if it is broken, or uses what it is not given or not allowed."""
        try:
            return self._environment.get_template(name).render(**values).strip()
        except jinja2.TemplateSyntaxError as error:
            where = f"{error.filename or name} is broken at line {error.lineno}"
            raise SettingsError([f"The prompt {where}: {error.message}."]) from error
        except jinja2.TemplateError as error:
            raise SettingsError([f"The prompt {name} cannot be filled: {error}."]) from error
