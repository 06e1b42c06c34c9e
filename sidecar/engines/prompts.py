"""The prompts: templates that an owner can read and replace.

A file of the same name in the owner's folder (PROMPTS_DIR) wins over the shipped one. Templates run in a sandbox:
they see the values they are given and nothing else.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import jinja2
from jinja2 import meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from sidecar.domain.errors import SettingsError

_PACKAGE = Path(__file__).resolve().parent.parent
#: In an installed package the prompts lie inside it, in a checkout beside it.
SHIPPED = next((f for f in (_PACKAGE / "prompts", _PACKAGE.parent / "prompts") if f.is_dir()), _PACKAGE / "prompts")

#: Every prompt, with values like those it is filled with, for trying it at the start.
SAMPLES: Mapping[str, Mapping[str, object]] = {
    "tagging-rules.md.j2": {
        "fields": [
            "title",
            "tags",
            "correspondent",
            "document_type",
            "storage_path",
            "created",
            "custom_fields",
            "summary",
        ],
        "create": ["tags"],
        "language": "English",
        "lists": {
            "tags": ["Invoice"],
            "correspondents": [],
            "document_types": ["Letter"],
            "storage_paths": ["By year"],
        },
        "custom_fields": [{"name": "Amount", "about": "an amount of money", "types": ["Invoice"]}],
    },
    "tagging-document.md.j2": {
        "mark": "document-0123",
        "text": "A letter.",
        "examples": ['{"title": "A bill"}'],
        "found": '{"created": "2026-05-12"}',
    },
    "tagging-repair.md.j2": {"problem": "It is not JSON."},
    "vision-page.md.j2": {},
}
NAMES = tuple(SAMPLES)


#: What a template can do wrong beside what the package has an error for.
_FAULTS = (jinja2.TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Source:
    """A template as it is read."""

    name: str
    text: str
    file: str
    #: Whether it is the owner's own.
    is_own: bool


class Prompts:
    """The templates, each read and compiled once."""

    def __init__(self, own_folder: Path | None = None) -> None:
        self._own_folder = own_folder
        folders = [str(folder) for folder in (own_folder, SHIPPED) if folder is not None]
        self._loader = jinja2.FileSystemLoader(folders)
        self._environment = ImmutableSandboxedEnvironment(
            loader=self._loader,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
            autoescape=False,  # plain text for a model, no page for a browser
        )

    def check(self) -> None:
        """Read every template and fill it with sample values, also what is behind an `if` that does not hold.

        Raises SettingsError with a sentence for each that is broken: with its file and the line.
        """
        problems: list[str] = []
        used: set[str] = set(NAMES)
        for name, values in SAMPLES.items():
            found = self._problems(name, set(values), used, asked_by=None)
            try:
                if not found:
                    self.render(name, **values)
            except SettingsError as error:
                found += error.problems
            problems += found
        problems += self._strangers(used)
        if problems:
            raise SettingsError(list(dict.fromkeys(problems)))

    def source(self, name: str) -> Source:
        """Return a prompt as the next question is made of it. Raises SettingsError if it cannot be read any more."""
        try:
            file = Path(self._environment.get_template(name).filename or name)
            text = file.read_text(encoding="utf-8")
        except (*_FAULTS, OSError) as error:
            raise SettingsError([_sentence(name, error)]) from error
        return Source(name, text, str(file), self._own_folder is not None and file.is_relative_to(self._own_folder))

    def render(self, name: str, **values: object) -> str:
        """Fill a template. Raises SettingsError if it is broken, or uses what it is not given or not allowed."""
        try:
            return self._environment.get_template(name).render(**values).strip()
        except _FAULTS as error:
            raise SettingsError([_sentence(name, error)]) from error

    def _problems(self, name: str, given: set[str], used: set[str], *, asked_by: str | None) -> list[str]:
        """Return what can be seen in a template, and in those that it takes in, without filling it."""
        file: str | None = None
        try:
            source, file, _ = self._loader.get_source(self._environment, name)
            tree = self._environment.parse(source, name, file)
            unknown = meta.find_undeclared_variables(tree) - given - set(self._environment.globals)
        except jinja2.TemplateNotFound:
            return [f"The prompt {asked_by or name} takes in {name}, which is not there."]
        except _FAULTS as error:  # a file that is no text is a ValueError
            return [_sentence(file or name, error)]
        found = [
            f"The prompt {file} uses {word} at line {_line_of(tree, word)}, which it is not given; "
            f"there is: {', '.join(sorted(given)) or 'nothing'}."
            for word in sorted(unknown)
        ]
        for other in meta.find_referenced_templates(tree):
            if other is not None and other not in used:
                used.add(other)
                found += self._problems(other, given, used, asked_by=f"{file or name}")
        return found

    def _strangers(self, used: set[str]) -> list[str]:
        """Return complaints of files in the owner's folder that would never be looked at: misspelt, most likely."""
        folder = self._own_folder
        if folder is None:
            return []
        if not folder.is_dir():
            return [f"PROMPTS_DIR: there is no folder {folder}."]
        names = sorted(file.name for file in folder.glob("*.j2") if file.name not in used)
        known = ", ".join(NAMES)
        return [f"The prompt {folder / name} is never used: is it misspelt? There are {known}." for name in names]


def _sentence(name: str, error: Exception) -> str:
    """Say what is wrong with a template, and where."""
    said = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, jinja2.TemplateSyntaxError):
        file = error.filename if error.filename and Path(error.filename).is_absolute() else name
        return f"The prompt {file} is broken at line {error.lineno}: {(error.message or said).rstrip('.')}."
    places = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(".j2")]
    where = (
        f"{places[-1].filename} cannot be filled at line {places[-1].lineno}" if places else f"{name} cannot be read"
    )
    return f"The prompt {where}: {said.rstrip('.')}."


def _line_of(tree: nodes.Template, word: str) -> int:
    return next((node.lineno for node in tree.find_all(nodes.Name) if node.name == word), 1)
