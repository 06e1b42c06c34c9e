"""The practice servers' own methods for one that runs in another process."""

import base64
import json
from collections.abc import Iterable
from typing import Any
from urllib.request import Request as UrlRequest
from urllib.request import urlopen

from sidecar.practice.faults import Fault, fault_to_json
from sidecar.practice.model import Call
from sidecar.practice.model_moods import Mode
from sidecar.practice.serving import Exchange, exchange_from_json


class Remote:
    """A practice server's controls, spoken to over HTTP."""

    def __init__(self, url: str) -> None:
        self._root = url.rstrip("/").removesuffix("/v1")
        self.faults = RemoteFaults(self)

    def control(self, method: str, path: str, sent: Any = None) -> Any:
        """Send one control and give its answer."""
        body = None if sent is None else json.dumps(sent).encode()
        request = UrlRequest(f"{self._root}/practice/{path}", data=body, method=method)  # noqa: S310 - loopback
        with urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.loads(answer.read())


class RemoteFaults:
    """The fault rules of a server in another process. Counts of `times` begin anew with each change."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote
        self._rules: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Add a rule behind the others."""
        self.replace([*self._rules, fault])

    def clear(self) -> None:
        """Forget all rules."""
        self.replace([])

    def replace(self, rules: Iterable[Fault]) -> None:
        """Put these rules in place of all."""
        self._rules = list(rules)
        self._remote.control("POST", "faults", [fault_to_json(rule) for rule in self._rules])


class RemoteArchive(Remote):
    """PracticeArchive's methods for an archive in another process."""

    def __init__(self, url: str, token: str = "practice-token") -> None:  # noqa: S107 - for practice
        super().__init__(url)
        self.url = url.rstrip("/")
        self.token = token

    def add_document(self, data: bytes, *, title: str, tags: Iterable[str] = (), **values: Any) -> int:
        """Put a document into the archive; the values are those of PracticeArchive.add_document."""
        sent = {"data": base64.b64encode(data).decode(), "title": title, "tags": list(tags), **values}
        if isinstance(sent.get("archive_pdf"), bytes):
            sent["archive_pdf"] = base64.b64encode(sent["archive_pdf"]).decode()
        return int(self.control("POST", "documents", sent))

    def add_version(self, document_id: int, data: bytes, **values: Any) -> int:
        """Put a file over a document; the values are those of PracticeArchive.add_version."""
        sent = {"data": base64.b64encode(data).decode(), **values}
        return int(self.control("POST", f"documents/{document_id}/versions", sent))

    def add_name(self, kind: str, name: str, **attributes: Any) -> int:
        """Create a name and give its id."""
        return int(self.control("POST", "names", {"kind": kind, "name": name, **attributes}))

    def add_user(
        self, username: str, token: str, *, password: str = "", permissions: Iterable[str] | None = None
    ) -> int:
        """Make a plain user and give their id."""
        rights = None if permissions is None else sorted(permissions)
        sent = {"username": username, "token": token, "password": password, "permissions": rights}
        return int(self.control("POST", "users", sent))

    def document(self, document_id: int) -> dict[str, Any]:
        """Give a document as GET would answer it."""
        answer: dict[str, Any] = self.control("GET", f"documents/{document_id}")
        return answer

    def tag_names(self, document_id: int) -> set[str]:
        """Give the names of a document's tags."""
        return set(self.control("GET", f"documents/{document_id}/tags"))

    def history(self, document_id: int) -> list[dict[str, Any]]:
        """Give a document's audit log, newest first."""
        answer: list[dict[str, Any]] = self.control("GET", f"documents/{document_id}/history")
        return answer

    def whole_history(self, document_id: int) -> list[dict[str, Any]]:
        """Give the audit logs of a document and all its versions as one, newest first."""
        answer: list[dict[str, Any]] = self.control("GET", f"documents/{document_id}/whole-history")
        return answer

    def versions(self, document_id: int) -> list[dict[str, Any]]:
        """Give a document's versions as GET lists them, newest first."""
        answer: list[dict[str, Any]] = self.control("GET", f"documents/{document_id}/versions")
        return answer

    def notes(self, document_id: int) -> list[str]:
        """Give the texts of a document's notes, oldest first."""
        return list(self.control("GET", f"documents/{document_id}/notes"))

    def edit(
        self,
        document_id: int,
        *,
        add_tags: Iterable[str] = (),
        remove_tags: Iterable[str] = (),
        **columns: Any,
    ) -> None:
        """Edit as a person does in the web page."""
        sent = {"add_tags": list(add_tags), "remove_tags": list(remove_tags), **columns}
        self.control("POST", f"documents/{document_id}/edit", sent)

    def delete(self, document_id: int) -> None:
        """Put a document into the trash."""
        self.control("DELETE", f"documents/{document_id}")

    def set_delays(self, *, bulk_update_s: float, consume_s: float) -> None:
        """Set how long the background tasks of bulk edits and uploads wait."""
        self.control("POST", "delays", {"bulk_update_s": bulk_update_s, "consume_s": consume_s})

    def requests(self) -> list[Exchange]:
        """Give the requests so far, in the order they began. Their clock is that of the same machine."""
        return [exchange_from_json(exchange) for exchange in self.control("GET", "requests")]

    def clear_requests(self) -> None:
        """Forget the requests so far."""
        self.control("POST", "clear", {})


class RemoteModel(Remote):
    """PracticeModel's methods for a model in another process."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = f"{self._root}/v1"

    def calls(self) -> list[Call]:
        """Give the calls so far, in the order they began."""
        return [Call(**call) for call in self.control("GET", "calls")]

    def clear_calls(self) -> None:
        """Forget the calls so far."""
        self.control("POST", "clear", {})

    def misbehave(self, mode: Mode, times: int | None = None, matching: str | None = None) -> None:
        """Answer wrongly, as PracticeModel.misbehave says."""
        self.control("POST", "misbehave", {"mode": mode, "times": times, "matching": matching})

    def behave(self) -> None:
        """End all misbehaviour."""
        self.control("POST", "behave", {})
