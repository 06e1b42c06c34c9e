"""What `sidecar check` looks at in Paperless: address, version, clock, rights, tags, fields, workflows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sidecar.domain.errors import SettingsError
from sidecar.domain.filing import ALL
from sidecar.domain.trigger import Tags
from sidecar.domain.vocabulary import Names, fold
from sidecar.paperless.diagnosis import Answered, diagnose
from sidecar.paperless.doorbell import Workflows
from sidecar.parts import Parts
from sidecar.settings import Settings
from sidecar.settings.values import SearchablePdf

#: How far two clocks may be apart, in seconds.
CLOCK_S = 120.0
#: How many of the newest documents are looked at for tags that the user does not see.
LOOKED_AT = 200
AUTO = 6
WHERE = "In Paperless: Settings, Users & Groups"


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that was seen."""

    good: bool
    text: str


async def address(parts: Parts) -> tuple[Answered, list[Said]]:
    """Look whether Paperless answers, is new enough, and has the same time. Raises what `diagnose` raises."""
    s = parts.settings
    found = await diagnose(s.paperless_url, s.paperless_token.get_secret_value(), timeout_s=s.paperless_timeout_s)
    said = [Said(True, f"{s.paperless_url} answers and takes the token: Paperless {found.version}.")]
    if found.ahead_s is not None and abs(found.ahead_s) > CLOCK_S:
        way = "ahead of" if found.ahead_s > 0 else "behind"
        said.append(
            Said(
                False,
                f"The clock of Paperless is {abs(found.ahead_s) / 60:.0f} minutes {way} this machine's: "
                "let both keep time by NTP, or work may come too early, late or twice.",
            )
        )
    return found, said


def rights(found: Answered, settings: Settings) -> list[Said]:
    """Look whether the user may do all that the settings ask for; one line for each right that is missing."""
    if found.rights is None:
        return [
            Said(
                False,
                'The user of the token may not see what it may do: give it the right "view" for "UISettings" '
                f"({WHERE}), and check again.",
            )
        ]
    missing = {right: why for right, why in wanted_rights(settings).items() if right not in found.rights}
    useful = {right: why for right, why in useful_rights(settings).items() if right not in found.rights}
    without = [Said(True, f"Without the right {right} the sidecar cannot {why}.") for right, why in useful.items()]
    if not missing:
        return [Said(True, f'The user "{found.username}" may do all that the settings ask for.'), *without]
    return without + [
        Said(False, f'The user "{found.username}" lacks the right {right}, needed to {why}. {WHERE}.')
        for right, why in missing.items()
    ]


def wanted_rights(s: Settings) -> dict[str, str]:
    """Return every global right that the settings need, with what for."""
    wanted = {
        "view_document": "read documents",
        "change_document": "write text and filing back",
        "view_tag": "find tagged documents",
        "add_tag": "make its own tags",
        "view_correspondent": "file documents",
        "view_documenttype": "file documents",
    }
    if s.storage_path_policy != "off":
        wanted["view_storagepath"] = "choose storage paths"
    if s.custom_fields or s.custom_fields_by_type:
        wanted["view_customfield"] = "fill custom fields"
    if s.fail_note or s.summary_note or s.review != "off":
        wanted |= {
            "view_note": "see its own notes",
            "add_note": "leave notes",
            "delete_note": "clear its notes away again",
        }
    for kind, right in ((Names.CORRESPONDENTS, "add_correspondent"), (Names.DOCUMENT_TYPES, "add_documenttype")):
        if kind in s.create_names:
            wanted[right] = f"make {kind.replace('_', ' ')} (CREATE_NAMES)"
    if s.searchable_pdf is SearchablePdf.VERSION:
        wanted |= {"add_document": "hand in versions", "view_paperlesstask": "see when a version was taken"}
    if s.webhook_secret is not None:
        wanted["view_workflow"] = "look whether Paperless rings"
    return wanted


def useful_rights(s: Settings) -> dict[str, str]:
    """Return the rights without which all goes on, and the dashboard says less, with what for."""
    if not s.web_port:
        return {}
    return {
        "view_logentry": "say who changed a document since; all else works",
        "view_user": "ask again what those who are logged in may do, so a login ends after twelve hours",
    }


async def tags(parts: Parts) -> list[Said]:
    """Look at the sidecar's own tags: there, seen, without children, and given by nobody but people."""
    rows = {row["name"]: row async for row in parts.paperless.http.pages("tags/", page_size=1000)}
    wanted = list(dict.fromkeys(asdict(parts.tag_names).values()))
    said = [one for name in wanted if (row := rows.get(name)) for one in _tag(row)]
    missing = [name for name in wanted if name not in rows]
    hidden = [name for name in missing if await _is_hidden(parts, name)]
    said += [
        Said(
            False,
            f'The tag "{name}" belongs to somebody else, and the sidecar\'s user does not see it: '
            "take its owner away in Paperless (Tags, edit, permissions), or share it with that user.",
        )
        for name in hidden
    ]
    if new := sorted(set(missing) - set(hidden)):
        said.append(Said(True, f"Not there yet, will be made at the start: {', '.join(new)}."))
    unseen = await _unseen(parts, {row["id"] for row in rows.values()})
    if unseen:
        said.append(
            Said(True, f"{unseen} tags on the newest documents belong to others and are not seen, so never suggested.")
        )
    return said if any(not one.good for one in said) or said else [Said(True, "All tags are there.")]


def _tag(row: Mapping[str, Any]) -> list[Said]:
    name, algorithm = row["name"], row.get("matching_algorithm") or 0
    said = []
    if row.get("children"):
        said.append(
            Said(
                False,
                f'The tag "{name}" has other tags below it, and Paperless would take those off with it: '
                "move them elsewhere in Paperless, or name another tag in the settings.",
            )
        )
    if algorithm == AUTO or (algorithm and row.get("match")):
        said.append(
            Said(
                False,
                f'Paperless puts the tag "{name}" on documents by itself: set its matching algorithm to "None" there.',
            )
        )
    return said


async def _is_hidden(parts: Parts, name: str) -> bool:
    """Say whether documents carry a tag of that name that is not in the list of tags."""
    answer = await parts.paperless.http.get("documents/", tags__name__iexact=name, fields="id,tags", page_size=1)
    return bool(answer.get("count"))


async def _unseen(parts: Parts, seen: set[int]) -> int:
    answer = await parts.paperless.http.get("documents/", ordering="-id", fields="id,tags", page_size=LOOKED_AT)
    return len({tag for row in answer["results"] for tag in row["tags"]} - seen)


async def fields(parts: Parts) -> list[Said]:
    """Look whether the custom fields and document types that the settings name exist. Raises SettingsError."""
    rules = parts.tagger.rules
    if not rules.asks_custom_fields:
        return [Said(True, "No custom field is to be filled: CUSTOM_FIELDS names none.")]
    vocabulary = await parts.names.vocabulary(hidden=())
    there = {fold(field.name) for field in vocabulary.fields}
    types = {fold(name.name) for name in vocabulary.of(Names.DOCUMENT_TYPES)}
    named = {*rules.fields, *(name for names in rules.fields_by_type.values() for name in names)}
    problems = [
        f'There is no custom field "{name}" in Paperless: see CUSTOM_FIELDS and CUSTOM_FIELDS_BY_TYPE.'
        for name in sorted(named)
        if fold(name) not in there | {ALL}
    ] + [
        f'There is no document type "{name}" in Paperless: see CUSTOM_FIELDS_BY_TYPE.'
        for name in rules.fields_by_type
        if fold(name) not in types
    ]
    if problems:
        raise SettingsError(problems)
    asked = [field.name for field in vocabulary.fields if rules.may_be_asked(field.name)]
    return [Said(True, f"To be filled: {', '.join(asked) or 'none there is'}.")]


async def doorbell(parts: Parts) -> list[Said]:
    """Look whether Paperless rings, and at the right door."""
    s = parts.settings
    if s.webhook_secret is None:
        every = f"every {s.poll_interval_s:g} s"
        return [Said(True, f"Not set up, so Paperless is asked {every}; `sidecar setup --webhook` lets it ring.")]
    rows = {row["name"]: row["id"] async for row in parts.paperless.http.pages("tags/", page_size=1000)}
    ids = {word: rows.get(name, 0) for word, name in asdict(parts.tag_names).items()}
    bell = parts.bell(Tags(**ids))
    assert bell is not None  # noqa: S101 - there is a secret
    problems = await Workflows(parts.paperless.http).problems(bell)
    if not problems:
        return [Said(True, f"Paperless rings at {bell.url}.")]
    return [Said(False, f"{problem} Say: sidecar setup --webhook") for problem in problems]
