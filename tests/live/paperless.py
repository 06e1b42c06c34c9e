"""A real paperless-ngx, with everything made there remembered and removed."""

from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import httpx

from tests.waiting import until

#: Consuming a scan takes a small server up to ten seconds, and each tag call before it five more in its only queue.
CONSUME_S = 600.0
ENDED = frozenset({"success", "failure", "revoked"})


class LivePaperless:
    """The part of its API that a person at the web page would cause to be called."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self.token = url.rstrip("/"), token
        #: In every name made here; no other run has it.
        self.mark = f"sidecar-live-{uuid4().hex[:8]}"
        accept = "application/json; version=10"
        self._api = httpx.Client(
            base_url=f"{self.url}/api/",
            headers={"Authorization": f"Token {token}", "Accept": accept},
            timeout=60,
        )
        self._documents: list[int] = []
        #: (kind, id) of names that did not exist before.
        self._names: list[tuple[str, int]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._remove_all()
        finally:
            self._api.close()

    def _remove_all(self) -> None:
        """Remove the documents, then empty them out of the trash, then the names, the marked ones by name."""
        for document_id in self._documents:
            self._api.delete(f"documents/{document_id}/")
        if self._documents:
            sent = {"action": "empty", "documents": self._documents}
            self._api.post("trash/", json=sent).raise_for_status()
        marked = self._get("tags/", name__istartswith=self.mark, page_size=1000)["results"]
        names = {*self._names, *(("tags", tag["id"]) for tag in marked if tag["name"].startswith(self.mark))}
        for kind, name_id in names:
            self._api.delete(f"{kind}/{name_id}/")

    # -- making

    def tag(self, name: str) -> str:
        """Give a tag's name that is this run's own."""
        return f"{self.mark}-{name}"

    def ensure(self, kind: str, name: str) -> int:
        """Find a name or make it, and give its id."""
        for found in self._get(f"{kind}/", name__iexact=name, page_size=1000)["results"]:
            if found["name"] == name:
                return int(found["id"])
        sent = {"name": name, "owner": None, "matching_algorithm": 0}
        made = self._api.post(f"{kind}/", json=sent).raise_for_status().json()
        self._names.append((kind, made["id"]))
        return int(made["id"])

    def upload(self, *files: bytes) -> list[int]:
        """Upload PDFs, wait until Paperless has consumed them and give their ids, in their order."""
        tasks = [self._post_document(number, data) for number, data in enumerate(files)]
        documents = [self._consumed(task) for task in tasks]
        return documents

    def _post_document(self, number: int, data: bytes) -> str:
        title = f"{self.mark} {number}"
        files = {"document": (f"{title}.pdf", data, "application/pdf")}
        task: str = self._api.post("documents/post_document/", data={"title": title}, files=files).json()
        return task

    def _consumed(self, task_id: str) -> int:
        def ended() -> Any:
            tasks = self._get("tasks/", task_id=task_id)["results"]
            return next((task for task in tasks if task["status"] in ENDED), None)

        task = until(ended, "Paperless consumes an upload", within_s=CONSUME_S, every_s=0.5)
        assert task["status"] == "success", task
        self._documents.append(task["result_data"]["document_id"])
        return self._documents[-1]

    # -- what a person does

    def patch(self, document_id: int, **fields: Any) -> None:
        """Edit fields."""
        self._api.patch(f"documents/{document_id}/", json=fields).raise_for_status()

    def tag_documents(self, *document_ids: int, add: tuple[str, ...] = (), remove: tuple[str, ...] = ()) -> None:
        """Put tags on documents and take tags off."""
        parameters = {
            "add_tags": [self.ensure("tags", name) for name in add],
            "remove_tags": [self.ensure("tags", name) for name in remove],
        }
        sent = {"documents": list(document_ids), "method": "modify_tags", "parameters": parameters}
        self._api.post("documents/bulk_edit/", json=sent).raise_for_status()

    def delete(self, document_id: int) -> None:
        """Move a document into the trash."""
        self._api.delete(f"documents/{document_id}/").raise_for_status()

    # -- looking

    def document(self, document_id: int) -> dict[str, Any]:
        """Give a document with names for the ids of its correspondent, type and tags."""
        document: dict[str, Any] = self._get(f"documents/{document_id}/")
        for field, kind in (("correspondent", "correspondents"), ("document_type", "document_types")):
            if document[field] is not None:
                document[field] = self._get(f"{kind}/{document[field]}/")["name"]
        document["tags"] = {self._get(f"tags/{tag_id}/")["name"] for tag_id in document["tags"]}
        return document

    def versions(self, document_id: int) -> list[dict[str, Any]]:
        """Give the document's versions, newest first."""
        return list(self._get(f"documents/{document_id}/")["versions"])

    def file(self, document_id: int, **params: Any) -> bytes:
        """Give the document's original file, of the newest version or the one named by `version`."""
        path = f"documents/{document_id}/download/"
        answer = self._api.get(path, params={"original": "true", **params})
        answer.raise_for_status()
        return answer.content

    def workflows(self, named: str) -> list[str]:
        """Give the names of the workflows that have this in them."""
        rows = self._get("workflows/", page_size=1000)["results"]
        return [row["name"] for row in rows if named in row["name"]]

    def is_gone(self, document_id: int) -> bool:
        """Say whether a document is no longer there, or in the trash."""
        return self._api.get(f"documents/{document_id}/").status_code == 404

    def newest_entry(self, document_id: int) -> int:
        """Give the id of a document's newest history entry; 0 for none."""
        return max((entry["id"] for entry in self._history(document_id)), default=0)

    def entries_after(self, document_id: int, entry_id: int) -> list[frozenset[str]]:
        """Give what each history entry after another one changed, oldest first; workers' own entries do not count."""
        return [
            frozenset(entry["changes"])
            for entry in sorted(self._history(document_id), key=lambda entry: int(entry["id"]))
            if entry["id"] > entry_id and entry["actor"] is not None
        ]

    def _history(self, document_id: int) -> list[dict[str, Any]]:
        history: list[dict[str, Any]] = self._get(f"documents/{document_id}/history/")
        return history

    def _get(self, path: str, **params: Any) -> Any:
        return self._api.get(path, params=params).raise_for_status().json()
