"""What the sidecar asks of Paperless, one method a request."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sidecar.domain.document import EMPTY, Document, Fields, Neighbour, Tagged, Version, custom_id, custom_name
from sidecar.domain.errors import CancelledError, PermanentError, TemporaryError
from sidecar.domain.writeback import TagDelta
from sidecar.paperless.http import PROVIDER, Http, RefusedError

POLL_PAGE = 1000
SIMILAR_FIELDS = "id,title,created,tags,correspondent,document_type,storage_path,custom_fields"
SIZED_PAGE = 100
CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Download:
    """A document's file on disk."""

    file: Path
    sha256: str


@dataclass(frozen=True, slots=True)
class Sized:
    """What is looked at of a document to say how much work it is."""

    id: int
    tags: frozenset[int]
    content: str
    #: None where Paperless does not know (an image, or a document of an old version).
    pages: int | None


class Paperless:
    """One Paperless over HTTP. Every method raises the errors of `Http`."""

    def __init__(self, http: Http) -> None:
        self.http = http

    @property
    def timeout_s(self) -> float:
        """The longest a single request can take, in seconds."""
        return self.http.timeout_s

    async def probe(self) -> None:
        """Make the cheapest request that needs the token, so that an outage or a wrong setting shows."""
        await self.http.get("documents/", page_size=1, fields="id")

    async def tagged(self, tags: Collection[int]) -> list[Tagged]:
        """Return all documents that carry at least one of the tags, by id.

        An unknown filter answers with all documents, so each one is looked at again. The list may change while its
        pages are read: then a document comes with the next poll.
        """
        wanted = frozenset(tags)
        found: dict[int, Tagged] = {}
        params: dict[str, Any] = {
            "tags__id__in": ",".join(map(str, sorted(wanted))),
            "fields": "id,tags",
            "ordering": "id",
            "page_size": POLL_PAGE,
        }
        async for row in self.http.pages("documents/", **params):
            if wanted & set(row["tags"]):
                found[row["id"]] = Tagged(row["id"], frozenset(row["tags"]))
        return list(found.values())

    async def sized(self, **filters: Any) -> AsyncIterator[Sized]:
        """Give all documents that the filters of Paperless's list leave, with their texts, a hundred a request."""
        seen: set[int] = set()
        rows = self.http.pages("documents/", **filters, fields="id,tags,content,page_count", page_size=SIZED_PAGE)
        async for row in rows:
            if row["id"] not in seen:
                seen.add(row["id"])
                yield Sized(row["id"], frozenset(row["tags"]), row["content"] or "", row.get("page_count"))

    async def document(self, document_id: int) -> Document:
        """Return the document as it is now. Raises CancelledError if it is gone or in the trash."""
        return to_document(await self.http.get(f"documents/{document_id}/"))

    async def patch(self, document_id: int, values: Fields, *, holds: Mapping[int, Any] | None = None) -> Document:
        """Set the given fields and return the document after it. Never for tags: they would replace the list.

        Values named `custom_fields.<id>` are set one by one: None takes the field off the document, EMPTY leaves it
        there without a value. Paperless replaces the whole list, so all others are sent again as the document holds
        them: `holds`, read the moment before, or else read here. Raises RefusedError with the refused custom fields
        under their own names.
        """
        if "tags" in values:
            raise ValueError("tags are changed by modify_tags, never by PATCH")
        custom = {number: value for name, value in values.items() if (number := custom_id(name)) is not None}
        body = {name: value for name, value in values.items() if custom_id(name) is None}
        path = f"documents/{document_id}/"
        if not custom:
            return to_document(await self.http.send("PATCH", path, body))
        if holds is None:
            holds = (await self.document(document_id)).custom_fields
        sent = {number: value for number, value in {**holds, **custom}.items() if custom.get(number, ...) is not None}
        rows = [{"field": number, "value": None if value == EMPTY else value} for number, value in sent.items()]
        try:
            return to_document(await self.http.send("PATCH", path, {**body, "custom_fields": rows}))
        except RefusedError as error:
            raise _by_field(error, list(sent), custom) from error

    async def similar(self, document_id: int, limit: int) -> list[Neighbour]:
        """Return at most `limit` documents like this one, the likest first.

        None where Paperless cannot compare: a document that is not in its index yet, a search that is broken.
        """
        params = {"more_like_id": document_id, "fields": SIMILAR_FIELDS, "page_size": limit}
        try:
            answer = await self.http.get("documents/", **params)
        except PermanentError:
            return []
        rows = answer.get("results", []) if isinstance(answer, dict) else []
        # A search that Paperless does not know is a list of all documents; only hits of a search say so.
        return [_neighbour(row) for row in rows if "__search_hit__" in row and row["id"] != document_id]

    async def rights(self, document_id: int) -> dict[str, Any]:
        """Return whose the document is and who else may see and change it, as values for making something alike."""
        row = await self.http.get(f"documents/{document_id}/", fields="id,owner,permissions", full_perms="true")
        return {"owner": row.get("owner"), "set_permissions": row.get("permissions") or {}}

    async def modify_tags(self, document_ids: Sequence[int], delta: TagDelta) -> None:
        """Put tags on and take tags off; merges with what others do at the same time, in one transaction."""
        parameters = {"add_tags": sorted(delta.add), "remove_tags": sorted(delta.remove)}
        body = {"documents": list(document_ids), "method": "modify_tags", "parameters": parameters}
        await self.http.send("POST", "documents/bulk_edit/", body)

    async def add_note(self, document_id: int, text: str) -> None:
        """Add a note. Not idempotent: look at the document's notes first."""
        answer = await self.http.send("POST", f"documents/{document_id}/notes/", {"note": text})
        if not isinstance(answer, list):  # Paperless answers 200 with an error object
            raise TemporaryError(f"Paperless did not take the note: {answer}", suspect=PROVIDER)

    async def notes(self, document_id: int) -> list[tuple[int, str]]:
        """Return id and text of the document's notes."""
        return [(note["id"], note["note"]) for note in await self.http.get(f"documents/{document_id}/notes/")]

    async def delete_note(self, document_id: int, note_id: int) -> None:
        """Remove a note; one that is gone already is as good."""
        with contextlib.suppress(CancelledError):
            await self.http.send("DELETE", f"documents/{document_id}/notes/?id={note_id}", None)

    async def history(self, document_id: int) -> list[dict[str, Any]]:
        """Return the document's audit log, newest first, as Paperless gives it."""
        return list(await self.http.get(f"documents/{document_id}/history/"))

    async def upload_version(self, document_id: int, file: Path, name: str, label: str) -> str:
        """Hand in a file as the document's newest version and return the id of the task that takes it.

        Not idempotent: the same file twice makes two versions.
        """
        answer = await self.http.send_file(
            f"documents/{document_id}/update_version/", file, name=name, values={"version_label": label}
        )
        return str(answer)

    async def uploads(self, name: str) -> list[str]:
        """Return how uploads of a file of this name stand, newest first: "pending", "started", "success", "failure".

        Empty for a user who may not see tasks.
        """
        try:
            answer = await self.http.get("tasks/", task_type="consume_file", page_size=1000)
        except PermanentError:
            return []
        rows = answer.get("results", []) if isinstance(answer, dict) else answer
        named = [
            row for row in rows if name in ((row.get("input_data") or {}).get("filename"), row.get("task_file_name"))
        ]
        return [str(row.get("status", "")).lower() for row in named]

    async def download(
        self, document_id: int, file: Path, *, original: bool, max_bytes: int, version: int | None = None
    ) -> Download:
        """Fetch the document's file in chunks, the original (of a version) or else the archive PDF.

        Raises PermanentError for a file larger than `max_bytes`; what was written until then is left to the caller.
        """
        digest, size = hashlib.sha256(), 0
        params: dict[str, Any] = {"original": "true"} if original else {}
        if version is not None:
            params["version"] = version
        async with self.http.stream(f"documents/{document_id}/download/", **params) as response:
            with file.open("wb") as out:
                async for chunk in response.aiter_bytes(CHUNK_BYTES):
                    size += len(chunk)
                    if size > max_bytes:
                        raise PermanentError(
                            f"The file is larger than {max_bytes // 1_000_000} MB, the limit of MAX_FILE_MB."
                        )
                    digest.update(chunk)
                    out.write(chunk)
        return Download(file, digest.hexdigest())


def _by_field(error: RefusedError, sent: Sequence[int], wanted: Collection[int]) -> RefusedError:
    """Return the refusal with custom fields under their own names.

    Paperless answers a list with one entry for each value, empty where it found nothing wrong. What it says of none
    of those we wanted to change is said of all of them: they can only be sent together with the others.
    """
    said = error.body.get("custom_fields") if isinstance(error.body, dict) else None
    if said is None:
        return error
    problems = said if isinstance(said, list) and len(said) == len(sent) else []
    named = {
        custom_name(number): _words_of(problem)
        for number, problem in zip(sent, problems, strict=False)
        if problem and number in wanted
    }
    if not named:  # perhaps a value that the document holds, such as a link to a document in the trash
        named = {custom_name(number): _words_of(said) for number in wanted}
    others = {name: words for name, words in error.fields.items() if name != "custom_fields"}
    return RefusedError(str(error), {**others, **named}, error.body)


def _words_of(problem: Any) -> str:
    """Return the sentences in a problem of any shape."""
    if isinstance(problem, dict):
        return " ".join(filter(None, map(_words_of, problem.values())))
    return " ".join(filter(None, map(_words_of, problem))) if isinstance(problem, list) else str(problem)


def _neighbour(row: Mapping[str, Any]) -> Neighbour:
    return Neighbour(
        id=row["id"],
        title=row.get("title") or "",
        created=str(row.get("created") or "")[:10],
        tags=frozenset(row.get("tags") or ()),
        correspondent=row.get("correspondent"),
        document_type=row.get("document_type"),
        storage_path=row.get("storage_path"),
        custom_fields={one["field"]: one["value"] for one in row.get("custom_fields") or ()},
    )


def to_document(row: dict[str, Any]) -> Document:
    """Make a document of its JSON (API versions 9 and 10)."""
    return Document(
        id=row["id"],
        title=row["title"],
        content=row["content"] or "",
        tags=frozenset(row["tags"]),
        correspondent=row["correspondent"],
        document_type=row["document_type"],
        storage_path=row["storage_path"],
        created=str(row["created"])[:10],
        mime_type=row["mime_type"],
        original_file_name=row.get("original_file_name") or "",
        notes=tuple(note["note"] for note in row.get("notes") or ()),
        user_can_change=row.get("user_can_change", True),
        custom_fields={one["field"]: one["value"] for one in row.get("custom_fields") or ()},
        versions=tuple(
            Version(one["id"], one.get("checksum") or "", one.get("version_label") or "", bool(one.get("is_root")))
            for one in row.get("versions") or ()
        ),
        modified=str(row.get("modified") or ""),
    )
