"""The prompts: templates that an owner can read and replace.

A file of the same name in the owner's folder (PROMPTS_DIR) wins over the shipped one. Templates run in a sandbox:
they see the values they are given and nothing else.
"""

from __future__ import annotations

from pathlib import Path

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from sidecar.domain.errors import SettingsError

_PACKAGE = Path(__file__).resolve().parent.parent
#: In an installed package the prompts lie inside it, in a checkout beside it.
SHIPPED = next((f for f in (_PACKAGE / "prompts", _PACKAGE.parent / "prompts") if f.is_dir()), _PACKAGE / "prompts")

NAMES = ("tagging-rules.md.j2", "tagging-document.md.j2", "tagging-repair.md.j2")


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
        """Compile every template. Raises SettingsError with the file and line of each broken one."""
        problems = []
        for name in NAMES:
            try:
                self._environment.get_template(name)
            except jinja2.TemplateSyntaxError as error:
                problems.append(
                    f"The prompt {error.filename or name} is broken at line {error.lineno}: {error.message}."
                )
            except jinja2.TemplateNotFound:
                problems.append(f"The prompt {name} is missing; the installation is damaged.")
        if problems:
            raise SettingsError(problems)

    def render(self, name: str, **values: object) -> str:
        """Fill a template. Raises SettingsError if it uses a value it is not given, or one the sandbox forbids."""
        try:
            return self._environment.get_template(name).render(**values).strip()
        except jinja2.TemplateError as error:
            raise SettingsError([f"The prompt {name} cannot be filled: {error}."]) from error
