"""Names and their ids: looked up, cached, and made when the owner allows it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sidecar.domain.custom_fields import CustomField, custom_field
from sidecar.domain.errors import MisconfiguredError, TemporaryError
from sidecar.domain.vocabulary import Name, Names, Vocabulary, fold
from sidecar.paperless.http import PROVIDER, Http, RefusedError

#: What everybody who files needs; storage paths and custom fields are asked for only where they are to be filled.
USUAL = frozenset({Names.TAGS, Names.CORRESPONDENTS, Names.DOCUMENT_TYPES})
#: Whose a new name is, as values of the API: nobody's, so that everybody sees it.
NOBODYS: Mapping[str, Any] = {"owner": None}
FRESH_S = 300.0
#: What tags stand under each other is asked so often at the most while many write-backs are taken back.
JUST_NOW_S = 5.0
PAGE = 1000
DEEPEST = 5  # Paperless allows no deeper trees of tags


@dataclass(frozen=True, slots=True)
class _Families:
    """The tags that `is_among` was asked about."""

    #: When they were looked up.
    at: float
    #: All tags there are.
    all: frozenset[int]
    #: Those named, and all below them.
    named: frozenset[int]


class NameList:
    """The names Paperless knows. A vocabulary is at most `FRESH_S` seconds old; making a name renews it."""

    def __init__(
        self,
        http: Http,
        monotonic: Callable[[], float] = time.monotonic,
        *,
        kinds: Collection[Names] = USUAL,
        custom_fields: bool = False,
    ) -> None:
        """`kinds` are listed, in the order of `Names`, and the owner's custom fields if `custom_fields`."""
        self._kinds = [kind for kind in Names if kind in kinds]
        self._custom_fields = custom_fields
        self._http = http
        self._monotonic = monotonic
        self._vocabulary: tuple[float, Vocabulary] | None = None
        self._families: _Families | None = None
        self._parents: tuple[float, dict[int, int | None]] | None = None
        self._asking = asyncio.Lock()

    async def vocabulary(self, hidden: Collection[int]) -> Vocabulary:
        """Return what a person would be offered: `hidden` tags (by id) and inbox tags are left out.

        One list request for each kind when the cached one is too old, else none.
        """
        async with self._asking:  # whoever comes while it is being asked for shares the answer
            known = await self._fresh()
        tags = [name for name in known.of(Names.TAGS) if name.id not in hidden]
        ours = {fold(name.name) for name in known.of(Names.TAGS) if name.id in hidden}
        return replace(known, names={**known.names, Names.TAGS: tags}, forbidden=known.forbidden | ours)

    async def _fresh(self) -> Vocabulary:
        if self._vocabulary is None or self._monotonic() - self._vocabulary[0] > FRESH_S:
            names: dict[Names, list[Name]] = {}
            inbox: set[str] = set()
            for kind in self._kinds:
                rows = await self._all(kind)
                names[kind] = _names(rows)
                inbox |= {fold(row["name"]) for row in rows if row.get("is_inbox_tag")}
            fields = await self._fields() if self._custom_fields else ()
            self._vocabulary = (self._monotonic(), Vocabulary(names, frozenset(inbox), fields))
        return self._vocabulary[1]

    async def _fields(self) -> tuple[CustomField, ...]:
        rows = [row async for row in self._http.pages("custom_fields/", page_size=PAGE)]
        found = [known for row in rows if (known := custom_field(row))]
        return tuple(sorted(found, key=lambda field: field.name))

    async def now(self, kind: Names) -> Sequence[Name]:
        """Return all names of a kind as they are at this moment, inbox tags and our own among them."""
        return _names(await self._all(kind), inbox=True)

    async def make(self, kind: Names, name: str, rights: Mapping[str, Any] = NOBODYS) -> int:
        """Make a name, or find the one of exactly this spelling that somebody else has just made; return its id."""
        row = await self._create(kind, name, rights)
        self._vocabulary = None
        return int(row["id"])

    def showing(self, private_tags: Collection[str], *, anything: bool) -> Callable[[frozenset[int]], Awaitable[bool]]:
        """Return what says of a document's tags whether it may be an example: `anything`, or none that is private."""

        async def may_show(tags: frozenset[int]) -> bool:
            return anything or not await self.is_among(private_tags, tags)

        return may_show

    async def is_among(self, named: Collection[str], tags: Collection[int]) -> bool:
        """Say whether one of the tags (ids) is one of those named (always the same ones), or stands below one.

        What was known of tags is good for `FRESH_S` seconds, but a tag that is not known is asked for. Raises
        MisconfiguredError if a named tag does not exist: a slip of the pen must not open what is to be kept shut.
        """
        if not named:
            return False
        async with self._asking:
            known = self._families
            if known is None or self._monotonic() - known.at > FRESH_S or not known.all.issuperset(tags):
                rows = await self._all(Names.TAGS)
                all_tags = frozenset(row["id"] for row in rows)
                known = self._families = _Families(self._monotonic(), all_tags, _family(named, rows))
        return not known.named.isdisjoint(tags)

    async def own_tag(self, name: str) -> int:
        """Return the id of one of our own tags, made if missing: unowned, matching nothing by itself.

        Raises MisconfiguredError if the tag has children: taking it off a document would take those off too.
        """
        row = await self._find(Names.TAGS, name) or await self._create(Names.TAGS, name)
        if row.get("children"):
            raise MisconfiguredError(
                PROVIDER,
                f'The tag "{name}" has other tags below it, and taking it off a document would take those off too. '
                "Move them away from it in Paperless, or name another tag in the settings.",
            )
        return int(row["id"])

    async def all_there(self, tags: Mapping[int, str]) -> bool:
        """Say whether tags with these ids and names still exist; one request."""
        params = {"id__in": ",".join(map(str, tags)), "page_size": PAGE}
        found = {row["id"]: row["name"] async for row in self._http.pages(f"{Names.TAGS}/", **params)}
        return all(found.get(tag) == name for tag, name in tags.items())

    async def parents(self) -> dict[int, int | None]:
        """Return every tag's parent, None for a tag at the top; at most `JUST_NOW_S` seconds old."""
        async with self._asking:
            if self._parents is None or self._monotonic() - self._parents[0] > JUST_NOW_S:
                rows = await self._all(Names.TAGS)
                self._parents = (self._monotonic(), {one: above for row in rows for one, above in _parents_below(row)})
        return self._parents[1]

    async def there(self, tags: Collection[int]) -> frozenset[int]:
        """Return which of these tags exist; one request, none for no tags."""
        if not tags:
            return frozenset()
        params = {"id__in": ",".join(map(str, sorted(tags))), "fields": "id", "page_size": PAGE}
        found = frozenset([row["id"] async for row in self._http.pages(f"{Names.TAGS}/", **params)])
        return found & frozenset(tags)

    def forget(self) -> None:
        """Ask anew for all names next time: one of them turned out to be gone."""
        self._vocabulary = self._families = None

    async def find(self, kind: Names, name: str) -> int | None:
        """Return the id of the name, in whatever case; None if there is none."""
        async for row in self._http.pages(f"{kind}/", name__iexact=name, page_size=PAGE):
            if row["name"].casefold() == name.casefold():
                return int(row["id"])
        return None

    async def _all(self, kind: Names) -> list[dict[str, Any]]:
        rows = {row["id"]: row async for row in self._http.pages(f"{kind}/", page_size=PAGE)}
        return list(rows.values())

    async def _find(self, kind: Names, name: str) -> dict[str, Any] | None:
        async for row in self._http.pages(f"{kind}/", name__iexact=name, page_size=PAGE):
            if row["name"] == name:  # the filter ignores case, names do not
                return row
        return None

    async def _create(self, kind: Names, name: str, rights: Mapping[str, Any] = NOBODYS) -> dict[str, Any]:
        """Make the name. Another client may be faster: then Paperless answers 400, or 500, and the name is there."""
        body = {"name": name, "matching_algorithm": 0, **rights}
        try:
            return dict(await self._http.send("POST", f"{kind}/", body))
        except (RefusedError, TemporaryError):
            row = await self._find(kind, name)
            if row is None:
                raise
            return row


def _names(rows: Sequence[dict[str, Any]], *, inbox: bool = False) -> list[Name]:
    """Return the names with those above them (only tags have any); inbox tags only if they are asked for."""
    by_id = {row["id"]: row for row in rows}
    return [
        Name(row["id"], row["name"], row.get("document_count") or 0, _above(row, by_id), bool(row.get("is_inbox_tag")))
        for row in rows
        if inbox or not row.get("is_inbox_tag")
    ]


def _above(row: Mapping[str, Any], by_id: Mapping[int, Mapping[str, Any]]) -> tuple[str, ...]:
    above: list[str] = []
    parent = by_id.get(row.get("parent") or 0)
    while parent is not None and len(above) < DEEPEST:
        above.insert(0, parent["name"])
        parent = by_id.get(parent.get("parent") or 0)
    return tuple(above)


def _family(named: Collection[str], rows: Sequence[dict[str, Any]]) -> frozenset[int]:
    """Return the ids of the tags named, in whatever case, and of all that stand below them."""
    wanted = {name.casefold(): name for name in named}  # not folded further: a name may be a picture of a lock alone
    found = {row["id"] for row in rows if row["name"].casefold() in wanted}
    missing = wanted.keys() - {row["name"].casefold() for row in rows}
    if missing:
        said = ", ".join(f'"{wanted[name]}"' for name in sorted(missing))
        raise MisconfiguredError(
            PROVIDER, f"PRIVATE_TAGS: there is no tag {said} in Paperless. Make it there, or correct the setting."
        )
    while below := {row["id"] for row in rows if row.get("parent") in found} - found:
        found |= below
    return frozenset(found)


def _parents_below(row: dict[str, Any]) -> Iterator[tuple[int, int | None]]:
    """Give a tag and all below it, each with the tag above; a list need not have children in rows of their own."""
    yield row["id"], row.get("parent")
    for child in row.get("children") or ():
        yield from _parents_below({"parent": row["id"], **child})
