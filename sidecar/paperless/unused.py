"""Names that the sidecar made and that nobody uses: looked at from all sides before one is removed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sidecar.domain.errors import CancelledError, OutageError, PermanentError
from sidecar.paperless.http import Http

#: Lists of what may speak of a name beside documents, and what one of their rows is to people.
SPEAKERS = {"workflows": "a workflow", "mail_rules": "a mail rule", "saved_views": "a saved view"}


class UnusedNames:
    """Says of a name why it has to stay, and removes it. Every method raises the errors of `Http`."""

    def __init__(self, http: Http) -> None:
        self._http = http
        self._speaking: dict[str, list[dict[str, Any]] | None] = {}

    async def why_kept(self, kind: str, name_id: int, name: str) -> str | None:
        """Return why the name must stay; None if it may go. Raises CancelledError if it is gone already.

        It stays if a document has it (in the trash too), if a name stands under it, if a person renamed it or lets
        it match by itself, if something in Paperless speaks of it, and if that cannot be looked up.
        """
        row = await self._http.get(f"{kind}/{name_id}/")
        reasons = {
            "documents have it": row.get("document_count") != 0,
            f'somebody renamed it to "{row["name"]}"': row["name"] != name,
            "other tags stand under it": row.get("children"),
            "Paperless is told to give it to documents by itself": row.get("matching_algorithm"),
            "it is an inbox tag": row.get("is_inbox_tag"),
        }
        return next((said for said, holds in reasons.items() if holds), None) or await self._spoken_of(kind, name_id)

    async def _spoken_of(self, kind: str, name_id: int) -> str | None:
        for what, words in {**SPEAKERS, "trash": "a document in the trash"}.items():
            rows = await self._rows(what)
            if rows is None:
                return f"it could not be looked up whether {words} needs it"
            if any(_speaks_of(one, kind.removesuffix("s"), name_id) for one in rows):
                return f"{words} needs it"
        return None

    async def remove(self, kind: str, name_id: int) -> None:
        """Remove the name."""
        await self._http.send("DELETE", f"{kind}/{name_id}/", None)

    async def _rows(self, what: str) -> list[dict[str, Any]] | None:
        """Return all rows of a list, asked for once; None where the user may not see it or Paperless has none."""
        if what not in self._speaking:
            try:
                self._speaking[what] = [row async for row in self._http.pages(f"{what}/", page_size=1000)]
            except (PermanentError, OutageError, CancelledError):
                self._speaking[what] = None
        return self._speaking[what]


def _speaks_of(value: object, word: str, name_id: int) -> bool:
    """Say whether anything in there, under a key with this word, is the id; saved views write ids as text."""
    return any(
        found in (name_id, str(name_id)) for key, found in _leaves(value, "") if word in key or key.endswith(".value")
    )


def _leaves(value: object, key: str) -> Iterator[tuple[str, object]]:
    match value:
        case dict():
            for name, inner in value.items():
                yield from _leaves(inner, f"{key}.{name}")
        case list():
            for inner in value:
                yield from _leaves(inner, key)
        case bool() | None:
            return
        case _:
            yield key, value
