"""The owner's wishes for filing: what may happen to each field, which names may be made, how titles look."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from string import Formatter

from sidecar.domain.vocabulary import Names, fold

#: CUSTOM_FIELDS=all.
ALL = "all"
#: What a title's template may name.
PLACEHOLDERS = ("title", "date", "year", "month", "correspondent", "document_type")
#: Goes with a placeholder that has nothing to say.
_SEPARATORS = " -–—_/|,;:·"
_NOTHING = "\0"
TITLE_MAX = 128  # Paperless refuses longer titles and names


class Policy(StrEnum):
    """What may happen to a field that a suggestion names."""

    OFF = "off"
    FILL_EMPTY = "fill-empty"
    REPLACE = "replace"


class Owner(StrEnum):
    """Whose a name is that was made anew."""

    NONE = "none"
    ME = "me"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True)
class FilingRules:
    """The owner's wishes for the fields of a document."""

    title: Policy = Policy.REPLACE
    correspondent: Policy = Policy.FILL_EMPTY
    document_type: Policy = Policy.FILL_EMPTY
    storage_path: Policy = Policy.OFF
    created: Policy = Policy.REPLACE
    custom_fields: Policy = Policy.FILL_EMPTY
    #: Suggested tags are added; tags are never taken off.
    tags: bool = True
    #: A summary in a few sentences becomes a note.
    summary: bool = False
    #: Kinds of names that may be made anew; all others are chosen among the existing ones.
    create: frozenset[Names] = frozenset()
    #: Names that are never made or chosen, with * for any letters.
    refused: tuple[str, ...] = ()
    #: Names of the custom fields that may be filled, ("all",) for every one.
    fields: tuple[str, ...] = ()
    #: The same by the name of the document type; one that is not listed here has `fields`.
    fields_by_type: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    #: How titles are put together; empty for the model's title as it is.
    title_template: str = ""
    #: Language of titles and new names; empty for the document's own.
    language: str = ""
    #: How many names of one kind the model is offered at most.
    names_limit: int = 200
    #: How much room the names of one kind may take, in tokens.
    names_tokens: int = 3000
    #: So many documents that a person filed are shown as examples.
    examples: int = 5

    @property
    def asks_custom_fields(self) -> bool:
        """Say whether any custom field may be filled in any document."""
        return self.custom_fields is not Policy.OFF and bool(self.fields or self.fields_by_type)

    def allows_field(self, name: str, document_type: str | None) -> bool:
        """Say whether the custom field may be filled in a document of this type (None: of no type)."""
        by_type = {fold(kind): fields for kind, fields in self.fields_by_type.items()}
        allowed = by_type.get(fold(document_type or ""), self.fields)
        return self.custom_fields is not Policy.OFF and _lists(allowed, name)

    def types_of_field(self, name: str) -> tuple[str, ...]:
        """Return the document types that alone may have the field filled; empty where others may, too."""
        if _lists(self.fields, name):
            return ()
        return tuple(kind for kind, fields in self.fields_by_type.items() if _lists(fields, name))

    def may_be_asked(self, name: str) -> bool:
        """Say whether the custom field may be filled in a document of some type."""
        listed = _lists(self.fields, name) or any(_lists(fields, name) for fields in self.fields_by_type.values())
        return self.custom_fields is not Policy.OFF and listed

    def refuses(self, name: str) -> bool:
        """Say whether the owner wants this name neither made nor chosen."""
        return any(re.fullmatch(_pattern(wish), fold(name)) for wish in self.refused)


def _lists(names: Sequence[str], name: str) -> bool:
    return any(fold(listed) in (ALL, fold(name)) or listed == name for listed in names)


def _pattern(wish: str) -> str:
    """Return the regular expression of a wish in which * stands for any letters; folded, as names are compared."""
    return "[ ]?.*[ ]?".join(re.escape(fold(part)) for part in wish.split("*"))


def fields_by_type(text: str) -> dict[str, tuple[str, ...]]:
    """Read "Invoice: Amount, Due date; Contract: End date". Raises ValueError with words for the owner."""
    found: dict[str, tuple[str, ...]] = {}
    for part in filter(str.strip, text.split(";")):
        kind, colon, names = part.partition(":")
        fields = tuple(name.strip() for name in names.split(",") if name.strip())
        if not colon or not kind.strip() or not fields:
            raise ValueError(f'"{part.strip()}" must look like: Invoice: Amount, Due date')
        found[kind.strip()] = fields
    return found


def check_template(template: str) -> str:
    """Return the title's template if it can be filled. Raises ValueError with words for the owner."""
    try:
        parts = list(Formatter().parse(template))
    except ValueError as error:
        raise ValueError(f"cannot be read: {error}") from error
    named = [(name, spec, conversion) for _, name, spec, conversion in parts if name is not None]
    for name, spec, conversion in named:
        if name not in PLACEHOLDERS or spec or conversion:
            known = ", ".join(f"{{{one}}}" for one in PLACEHOLDERS)
            raise ValueError(f"{{{name}}} is no placeholder; there are {known}")
    if template and not named:
        raise ValueError("must name at least one placeholder, or all titles would be the same")
    return template


def fill_template(template: str, values: Mapping[str, str]) -> str:
    """Return the title. A placeholder without a value goes, with its brackets or the separator before it.

    `values` by placeholder; "year" and "month" come from "date".
    """
    date = values.get("date", "")
    given = {**dict.fromkeys(PLACEHOLDERS, ""), **values, "year": date[:4], "month": date[5:7]}
    room = TITLE_MAX - len(_joined(template, {**given, "title": ""}))
    return _joined(template, {**given, "title": given["title"][: max(0, room - 1)].rstrip()})[:TITLE_MAX].rstrip()


def _joined(template: str, values: Mapping[str, str]) -> str:
    text = ""
    for literal, name, _, _ in Formatter().parse(template):
        value = "" if name is None else " ".join(values[name].split()) or _NOTHING
        text += literal + value
    text = re.sub(rf"[(\[]\s*{_NOTHING}\s*[)\]]", _NOTHING, text)
    text = re.sub(rf"[{re.escape(_SEPARATORS)}]*{_NOTHING}", "", text)
    return " ".join(text.split()).strip(_SEPARATORS)
