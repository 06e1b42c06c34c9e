"""A proposal in plain words: each field as it is and as it would be, names by name, and how to decide on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sidecar.domain.document import EMPTY
from sidecar.domain.job import Kind
from sidecar.domain.suggestion import SINGLE_NAMES
from sidecar.domain.trigger import TagNames
from sidecar.domain.vocabulary import Names, Vocabulary
from sidecar.domain.writeback import Proposal

#: Of a text so much is shown, in characters; the whole of it would bury the document's other notes.
EXCERPT = 300
_WORDS = {
    "content": "text",
    "document_type": "document type",
    "storage_path": "storage path",
    "created": "date",
}
#: How to decide on one proposal of several.
ALONE = 'the dashboard, or "sidecar approve" and "sidecar reject" with the number of the job'
_CUSTOM = "custom_fields."


@dataclass(frozen=True, slots=True)
class Spoken:
    """What ids are called in Paperless, and our own tags by which a person decides."""

    #: By kind and id.
    names: Mapping[tuple[str, int], str] = field(default_factory=dict)
    #: Names of custom fields, by id.
    custom: Mapping[int, str] = field(default_factory=dict)
    #: What the choices of select fields are called, by the field's name in PATCH and their id.
    choices: Mapping[tuple[str, str], str] = field(default_factory=dict)
    approve: str = "auto-approve"
    reject: str = "auto-reject"
    #: The tag that asked for the work.
    trigger: str = ""

    def name(self, kind: str, number: int) -> str:
        """Return what the name with this id is called; its number where it is not known."""
        return self.names.get((kind, number), f"number {number}")


def spoken(vocabulary: Vocabulary, called: TagNames, kind: Kind) -> Spoken:
    """Return the words for a proposal of this kind of work."""
    names = {(str(one), name.id): name.name for one, many in vocabulary.names.items() for name in many}
    custom = {one.id: one.name for one in vocabulary.fields}
    choices = {(f"{_CUSTOM}{one.id}", option.id): option.label for one in vocabulary.fields for option in one.options}
    return Spoken(names, custom, choices, approve=called.approve, reject=called.reject, trigger=called.trigger(kind))


def field_words(name: str, custom: Mapping[int, str] | None = None) -> str:
    """Return what people call a field that PATCH knows by `name`."""
    if name.startswith(_CUSTOM):
        number = int(name.removeprefix(_CUSTOM))
        return (custom or {}).get(number, f"custom field {number}")
    return _WORDS.get(name, name)


def mark(job_id: int) -> str:
    """Return how the note of this job's proposal begins, however it goes on."""
    return f"Paperless Sidecar proposes (job {job_id})"


def tell(job_id: int, kind: Kind, proposal: Proposal, spoken: Spoken) -> str:
    """Return the proposal as the note that is shown to the owner."""
    what = "a new text" if kind is Kind.OCR else "this filing"
    ways = f'To have exactly this written, add the tag "{spoken.approve}". To drop it, add "{spoken.reject}"'
    ways += f' or take "{spoken.trigger}" off.' if spoken.trigger else "."
    ways += f" Should another proposal stand here too, the two tags decide on both; on this one alone: {ALONE}."
    return "\n".join([f"{mark(job_id)} {what}; nothing is written yet.", *lines(proposal, spoken), ways])


def lines(proposal: Proposal, spoken: Spoken) -> list[str]:
    """Return one line for each field and one for the tags: what is there, and what would be."""
    custom = {**spoken.custom, **proposal.custom_words}
    told = [
        f"{_capital(field_words(name, custom))}: "
        f"{_value(name, proposal.base.get(name), spoken)} -> {_value(name, wanted, spoken)}"
        for name, wanted in proposal.wanted.items()
    ]
    told += [
        f"{_capital(field_words(new.field))}: {_value(new.field, proposal.base.get(new.field), spoken)} -> "
        f"{new.name} (new)"
        for new in proposal.names
        if new.field != "tags"
    ]
    if new_tags := sorted(new.name for new in proposal.names if new.field == "tags"):
        told.append(f"Tags: {', '.join(f'+ {name} (new)' for name in new_tags)}")
    for sign, tags in (("+", proposal.delta.add), ("-", proposal.delta.remove)):
        names = sorted(spoken.name(Names.TAGS, tag) for tag in tags)
        told += [f"Tags: {', '.join(f'{sign} {name}' for name in names)}"] if names else []
    return [*told, f'Note: "{_plain(proposal.note)}"'] if proposal.note else told


def _value(name: str, value: Any, spoken: Spoken) -> str:
    if value in (None, "", EMPTY):
        return "none"
    if name == "content":
        return _excerpt(str(value))
    if isinstance(value, str) and (name, value) in spoken.choices:
        return spoken.choices[name, value]
    kind = "storage_paths" if name == "storage_path" else SINGLE_NAMES.get(name)
    if kind is not None and isinstance(value, int):
        return spoken.name(kind, value)
    return f'"{_plain(value)}"' if name == "title" else _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(_plain, value))
    return " ".join(str(value).split())  # what a document says must not look like a line of ours


def _excerpt(text: str) -> str:
    flat = " ".join(text.split())
    shown = flat if len(flat) <= EXCERPT else f"{flat[:EXCERPT]} .."
    return f'"{shown}" ({len(text)} characters)'


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
