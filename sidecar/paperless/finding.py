"""Which documents there are: lists of them by search words, tag and date, a few columns of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sidecar.paperless.http import Http

PAGE = 1000


@dataclass(frozen=True, slots=True)
class Search:
    """Which documents are meant; all conditions together, none of them for all documents."""

    #: Search words as in Paperless's own search.
    query: str = ""
    #: The id of a tag they have.
    tag: int | None = None
    #: The first and the last day of their dates, "YYYY-MM-DD"; empty for any.
    since: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """One document of a list."""

    id: int
    tags: frozenset[int]


async def find(http: Http, search: Search) -> list[Found]:
    """Return the documents that are meant, by id.

    An unknown filter answers with all documents, so tags and dates are looked at again. Raises the errors of `Http`.
    """
    params: dict[str, Any] = {"fields": "id,tags,created", "ordering": "id", "page_size": PAGE}
    given = {
        "query": search.query,
        "tags__id__all": search.tag,
        "created__gte": search.since,
        "created__lte": search.until,
    }
    params |= {name: value for name, value in given.items() if value}
    found: dict[int, Found] = {}
    async for row in http.pages("documents/", **params):
        tags, created = frozenset(row["tags"]), str(row["created"])[:10]
        is_meant = search.tag is None or search.tag in tags
        if is_meant and search.since <= created and (not search.until or created <= search.until):
            found[row["id"]] = Found(row["id"], tags)
    return sorted(found.values(), key=lambda one: one.id)


async def texts(http: Http, ids: Sequence[int]) -> dict[int, str]:
    """Return the texts of some documents, by id; one request, or none."""
    if not ids:
        return {}
    params = {"id__in": ",".join(map(str, ids)), "fields": "id,content", "page_size": PAGE}
    wanted = set(ids)
    return {row["id"]: row["content"] or "" async for row in http.pages("documents/", **params) if row["id"] in wanted}
