"""The workflows by which Paperless rings: made, followed and removed through its API.

Two of them: a document was added (any), and a document with one of our tags was updated. Each sends the document's id
and the shared secret to the sidecar. They are told from other workflows by that header, and among themselves by name;
the names hold our trigger tags, so that several sidecars at one Paperless each have their own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sidecar.domain.errors import CancelledError, PermanentError
from sidecar.paperless.http import Http

#: The header that carries the secret.
HEADER = "X-Sidecar-Secret"
#: Behind the workflows that people made, so that what those change is seen.
ORDER = 1000
PAGE = 1000
_ADDED, _UPDATED, _WEBHOOK = 2, 3, 4
_ALL_SOURCES = (1, 2, 3, 4)
_RIGHTS = "For workflows in Paperless the sidecar's user needs the rights to view, add, change and delete workflows"


@dataclass(frozen=True, slots=True)
class Bell:
    """What the workflows are to be."""

    #: The whole address that Paperless calls.
    url: str
    secret: str
    #: Ids of the tags whose documents ring when they are updated.
    tags: frozenset[int]
    #: What is told apart by, such as "auto-ocr, auto-tag".
    label: str

    def names(self) -> tuple[str, str]:
        """Return the names of the two workflows."""
        return f"Sidecar ({self.label}): document added", f"Sidecar ({self.label}): tagged document updated"

    def workflows(self) -> list[dict[str, Any]]:
        """Return both as the API takes them."""
        return [_workflow(self, name, kind) for name, kind in zip(self.names(), (_ADDED, _UPDATED), strict=True)]


class Change(StrEnum):
    """What was done about a workflow."""

    MADE = "made"
    CHANGED = "changed"
    REMOVED = "removed"


class Workflows:
    """The workflows of one Paperless. Raises the errors of `Http`; PermanentError names the rights that are missing."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def problems(self, bell: Bell) -> list[str]:
        """Return a sentence for everything about the workflows that is not as it should be; changes nothing."""
        there = {row["name"]: row for row in await self._ours(bell)}
        said = []
        for wanted in bell.workflows():
            name = wanted["name"]
            if name not in there:
                said.append(f'The workflow "{name}" is missing in Paperless.')
            elif (url := _url_of(there[name])) != bell.url:
                said.append(f'The workflow "{name}" rings at {url}, not at {bell.url}.')
            elif not there[name].get("enabled"):
                said.append(f'The workflow "{name}" is turned off in Paperless.')
            elif not _is(there[name], wanted):
                said.append(f'The workflow "{name}" has other tags or another secret than the settings.')
        return said

    async def put(self, bell: Bell) -> dict[str, Change]:
        """Make both workflows as they should be, and return what was done by name; nothing for those that are."""
        ours = await self._ours(bell)
        there = {row["name"]: row for row in ours}
        done = {}
        for wanted in bell.workflows():
            old = there.get(wanted["name"])
            if old is None:
                await self._send("POST", "workflows/", wanted)
                done[wanted["name"]] = Change.MADE
            elif not _is(old, wanted):
                await self._send("PATCH", f"workflows/{old['id']}/", wanted)
                done[wanted["name"]] = Change.CHANGED
        return done | await self._remove([row for row in ours if row["name"] not in bell.names()])

    async def remove(self, bell: Bell) -> dict[str, Change]:
        """Remove what rings for us, whatever address it rings at."""
        return await self._remove(await self._ours(bell))

    async def _remove(self, rows: Collection[Mapping[str, Any]]) -> dict[str, Change]:
        for row in rows:
            with contextlib.suppress(CancelledError):  # somebody was faster
                await self._send("DELETE", f"workflows/{row['id']}/", None)
        return {row["name"]: Change.REMOVED for row in rows}

    async def _ours(self, bell: Bell) -> list[dict[str, Any]]:
        """Return the workflows of ours: those of our names, and those of other names at the same address."""
        try:
            rows = [row async for row in self._http.pages("workflows/", page_size=PAGE)]
        except PermanentError as error:
            raise PermanentError(f"{_RIGHTS}. {error}") from error
        return [row for row in rows if _rings(row) and (row["name"] in bell.names() or _url_of(row) == bell.url)]

    async def _send(self, method: str, path: str, body: object) -> None:
        try:
            await self._http.send(method, path, body)
        except PermanentError as error:
            raise PermanentError(f"{_RIGHTS}. {error}") from error


def _workflow(bell: Bell, name: str, kind: int) -> dict[str, Any]:
    tags = sorted(bell.tags) if kind == _UPDATED else []
    return {
        "name": name,
        "order": ORDER,
        "enabled": True,
        "triggers": [
            {"type": kind, "sources": list(_ALL_SOURCES), "matching_algorithm": 0, "filter_has_tags": tags},
        ],
        "actions": [
            {
                "type": _WEBHOOK,
                "webhook": {
                    "url": bell.url,
                    "use_params": True,
                    "as_json": True,
                    "params": {"id": "{{doc_id}}"},
                    "body": "",
                    "headers": {HEADER: bell.secret},
                    "include_document": False,
                },
            }
        ],
    }


def _webhook(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the webhook of a workflow that has one action, which is one; else nothing."""
    actions = list(row.get("actions") or [])
    return (actions[0].get("webhook") or {}) if len(actions) == 1 else {}


def _rings(row: Mapping[str, Any]) -> bool:
    return HEADER in (_webhook(row).get("headers") or {})


def _url_of(row: Mapping[str, Any]) -> str:
    return str(_webhook(row).get("url", ""))


def _is(row: Any, wanted: Any) -> bool:
    """Say whether everything that is wanted is there, whatever else there is; lists are compared without order."""
    if isinstance(wanted, dict):
        return isinstance(row, dict) and all(_is(row.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list):
        if not isinstance(row, list) or len(row) != len(wanted):
            return False
        if wanted and isinstance(wanted[0], dict):
            return all(_is(one, other) for one, other in zip(row, wanted, strict=True))
        return sorted(map(str, row)) == sorted(map(str, wanted))
    return bool(row == wanted)
