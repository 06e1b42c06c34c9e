"""The practice archive: a paperless-ngx 3.0.5 small enough to start in a test, with faults on request.

What it does that nobody expects of Paperless, its traps, are numbered here as in docs/paperless.md.
"""

import argparse
import json
import signal
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from sidecar.practice import (
    archive_bulk,
    archive_document_routes,
    archive_doorbell,
    archive_file_routes,
    archive_name_routes,
    archive_system,
    archive_task_routes,
    archive_upload,
    archive_users,
    archive_version_routes,
)
from sidecar.practice.archive_control import control
from sidecar.practice.archive_documents import (
    add_tags,
    document_answer,
    history_of,
    insert_document,
    notes_of,
    tags_of,
)
from sidecar.practice.archive_errors import HTML
from sidecar.practice.archive_http import Router
from sidecar.practice.archive_names import COLUMNS, ancestors, create_name, ensure_name, get_name
from sidecar.practice.archive_pages import SERVER_ERROR_PAGE
from sidecar.practice.archive_patch import patch_document, set_tags
from sidecar.practice.archive_state import ADMIN, PERSON, State, User
from sidecar.practice.archive_tasks import Work, Worker, bulk_update, reprocess_document
from sidecar.practice.archive_versions import move_to_trash, root_of, versions_of
from sidecar.practice.archive_workflows import Workflows
from sidecar.practice.faults import Answer, Fault, Faults
from sidecar.practice.serving import Exchange, PracticeServer

Kind = Literal["tags", "correspondents", "document_types", "storage_paths"]

#: Task type -> what the background worker does.
WORK: dict[str, Work] = {
    "bulk_update": bulk_update,
    "reprocess_document": reprocess_document,
    "consume_file": archive_version_routes.consume,
}

#: What happens while Paperless's redis is down (trap 8): bulk edits take effect behind an error, PATCH does not.
REDIS_DOWN = (
    Fault(
        "POST",
        "/bulk_edit/$",
        answer_after=Answer(400, HTML, "Error performing bulk edit, check logs for more detail."),
    ),
    Fault("PATCH", r"^/api/documents/\d+/$", answer=Answer(500, HTML, SERVER_ERROR_PAGE)),
)


class PracticeArchive:
    """A practice archive whose state lies in a folder; the methods seed it, look at it and edit it.

    They work whether the server runs or not.
    """

    def __init__(self, folder: Path, *, token: str = "practice-token") -> None:  # noqa: S107 - for practice
        self.token = token
        self.state = State(folder)
        #: Paperless's workflows; none at first.
        self.workflows = Workflows(self.state)
        archive_doorbell.Bells(self.state)
        self._add_user(ADMIN, token, "admin")
        self._add_user(PERSON, "", "person")
        routes = [
            *archive_bulk.ROUTES,
            *archive_upload.ROUTES,
            *archive_document_routes.ROUTES,
            *archive_doorbell.ROUTES,
            *archive_file_routes.ROUTES,
            *archive_name_routes.ROUTES,
            *archive_system.ROUTES,
            *archive_task_routes.ROUTES,
            *archive_users.ROUTES,
            *archive_version_routes.ROUTES,
        ]
        router = Router(self.state, routes, archive_system.OPEN_ROUTES)
        self._server = PracticeServer(router.answer, lambda request: control(self, request))
        self._worker: Worker | None = None

    @property
    def url(self) -> str:
        """The archive's address without a trailing slash."""
        return self._server.url

    @property
    def faults(self) -> Faults:
        """The rules about what goes wrong."""
        return self._server.faults

    def start(self, port: int = 0) -> None:
        """Serve in a thread of this process; port 0 picks a free one."""
        self._worker = Worker(self.state, WORK)
        self._worker.start()
        self._server.start(port)

    def stop(self) -> None:
        """Stop serving and hang up all connections; the state stays, start() goes on with it."""
        self._server.stop()
        if self._worker is not None:
            self._worker.stop()
            self._worker = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def add_user(
        self,
        username: str,
        token: str,
        *,
        password: str = "",
        permissions: Iterable[str] | None = None,
        code: str | None = None,
        is_staff: bool = False,
    ) -> int:
        """Make a plain user, who sees only what is theirs or nobody's; give their id.

        Permissions are global rights such as "change_document"; None gives all. `code` is the second factor of a login.
        """
        row = self.state.row("SELECT coalesce(max(id), 4) + 1 FROM users")
        rights = None if permissions is None else frozenset(permissions)
        user = User(int(row[0]) if row else 5, username, is_superuser=False, permissions=rights, is_staff=is_staff)
        self._add_user(user, token, password, code)
        return user.id

    def add_document(  # noqa: PLR0913 - what a document has
        self,
        data: bytes,
        *,
        title: str,
        mime_type: str = "application/pdf",
        content: str = "",
        tags: Iterable[str] = (),
        created: str = "2026-01-02",
        correspondent: str | None = None,
        document_type: str | None = None,
        original_file_name: str | None = None,
        owner: int | None = ADMIN.id,
        archive_pdf: bytes | None = None,
    ) -> int:
        """Put a document into the state, creating names on demand and no history entry; give its id.

        `archive_pdf` is what Paperless makes of scans and office files, and then gives by default.
        """
        with self.state.transaction():
            values: dict[str, Any] = {
                "title": title,
                "mime_type": mime_type,
                "content": content,
                "created": created,
                "original_file_name": original_file_name or title,
                "owner": owner,
                "archive_checksum": None if archive_pdf is None else self.state.keep_file(archive_pdf),
            }
            if correspondent:
                values["correspondent"] = ensure_name(self.state, "correspondents", correspondent)
            if document_type:
                values["document_type"] = ensure_name(self.state, "document_types", document_type)
            document_id = insert_document(self.state, data, values)
            add_tags(self.state, document_id, self._tag_ids(tags))
        return document_id

    def share(self, document_id: int, user_id: int) -> None:
        """Let a plain user look at another's document, and not change it."""
        self.state.rows("UPDATE documents SET seen_by = ? WHERE id = ?", (user_id, document_id))

    def add_version(
        self, document_id: int, data: bytes, *, content: str = "", label: str | None = None, file_name: str = "new.pdf"
    ) -> int:
        """Put a file over a document at once, as a person's upload of a version does; give the version's id.

        Raises KeyError for an unknown document.
        """
        values = {
            "content": content,
            "version_label": label,
            "original_file_name": file_name,
            "mime_type": archive_upload.mime_type_of(data),
        }
        with self.state.transaction():
            root = root_of(self.state, self._row(document_id))
            return archive_version_routes.add_version(self.state, root, data, values, PERSON)

    def add_name(self, kind: Kind | Literal["custom_fields"], name: str, **attributes: Any) -> int:
        """Create a name, unowned unless `owner` says otherwise; give its id."""
        return create_name(self.state, kind, name, **attributes)

    def document(self, document_id: int) -> dict[str, Any]:
        """Give a document as GET would answer it, out of the trash too. Raises KeyError for an unknown id."""
        return document_answer(self.state, self._row(document_id), ADMIN)

    def tag_names(self, document_id: int) -> set[str]:
        """Give the names of a document's tags."""
        rows = [get_name(self.state, "tags", tag_id) for tag_id in tags_of(self.state, document_id)]
        return {row["name"] for row in rows if row is not None}

    def history(self, document_id: int) -> list[dict[str, Any]]:
        """Give a document's audit log, newest first."""
        return history_of(self.state, document_id)

    def whole_history(self, document_id: int) -> list[dict[str, Any]]:
        """Give the audit logs of a document and all its versions as one, newest first."""
        ids = self.state.column("SELECT id FROM documents WHERE id = ?1 OR root_document = ?1", (document_id,))
        return history_of(self.state, *ids)

    def versions(self, document_id: int) -> list[dict[str, Any]]:
        """Give a document's versions as GET lists them, newest first. Raises KeyError for an unknown id."""
        return versions_of(self.state, self._row(document_id))

    def notes(self, document_id: int) -> list[str]:
        """Give the texts of a document's notes, oldest first."""
        return [note["note"] for note in notes_of(self.state, document_id)]

    def edit(
        self,
        document_id: int,
        *,
        add_tags: Iterable[str] = (),
        remove_tags: Iterable[str] = (),
        **columns: Any,
    ) -> None:
        """Edit as a person does in the web page, with history entries by the actor "person".

        Columns are those of a PATCH; correspondent, document_type and storage_path may be given by name.
        """
        with self.state.transaction():
            row = self._row(document_id)
            if columns:
                patch_document(self.state, row, self._with_ids(columns), PERSON)
            adding, removing = self._tag_ids(add_tags), self._tag_ids(remove_tags)
            if adding or removing:
                wanted = (set(tags_of(self.state, document_id)) - removing) | adding
                set_tags(self.state, document_id, sorted(wanted), PERSON)
            self.state.updated(document_id, PERSON)

    def delete(self, document_id: int) -> None:
        """Put a document into the trash, with its versions; or one version."""
        move_to_trash(self.state, document_id)

    def set_delays(self, *, bulk_update_s: float, consume_s: float) -> None:
        """Set how long the background tasks of bulk edits and uploads wait."""
        self.state.bulk_update_delay_s = bulk_update_s
        self.state.consume_delay_s = consume_s

    def requests(self) -> list[Exchange]:
        """Give the requests so far, in the order they began; those under way are not among them."""
        return self._server.log.all()

    def clear_requests(self) -> None:
        """Forget the requests so far."""
        self._server.log.clear()

    def _row(self, document_id: int) -> Any:
        row = self.state.row("SELECT * FROM documents WHERE id = ?", (document_id,))
        if row is None:
            raise KeyError(document_id)
        return row

    def _tag_ids(self, names: Iterable[str]) -> set[int]:
        ids = {ensure_name(self.state, "tags", name) for name in names}
        return ids | ancestors(self.state, ids)

    def _with_ids(self, columns: dict[str, Any]) -> dict[str, Any]:
        kinds = {column: kind for kind, column in COLUMNS.items()}
        return {
            key: ensure_name(self.state, kinds[key], value) if key in kinds and isinstance(value, str) else value
            for key, value in columns.items()
        }

    def _add_user(self, user: User, token: str, password: str, code: str | None = None) -> None:
        rights = None if user.permissions is None else json.dumps(sorted(user.permissions))
        self.state.rows(
            "INSERT OR REPLACE INTO users (id, username, password, token, is_superuser, permissions, code,"
            " is_staff, is_active) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                user.id,
                user.username,
                password,
                token or None,
                user.is_superuser,
                rights,
                code,
                user.is_staff,
                user.is_active,
            ),
        )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a practice archive as a process of its own until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m sidecar.practice.archive", description=main.__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where the state lies")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--token", default="practice-token")
    options = parser.parse_args(arguments)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    archive = PracticeArchive(options.folder, token=options.token)
    archive.start(options.port)
    print(f"practice archive on {archive.url}", flush=True)  # noqa: T201 - the line a starter waits for
    stopping.wait()
    archive.stop()


if __name__ == "__main__":
    main()
