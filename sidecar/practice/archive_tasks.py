"""Background work of the practice archive: what celery does there, one thread does here, after a delay."""

import json
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sidecar.practice.archive_documents import touch
from sidecar.practice.archive_state import State, now_text

#: A task's work: takes its input, gives its result.
Work = Callable[[State, dict[str, Any]], dict[str, Any] | None]


class TaskFailedError(Exception):
    """Ends a task as a failure, with what its result then tells."""

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(message)
        self.result = {"error_type": error_type, "error_message": message, "traceback": ""}


def queue_task(
    state: State, task_type: str, input_data: dict[str, Any], delay_s: float, owner: int | None = None
) -> str:
    """Put work behind a delay and give its task id; it survives a kill."""
    task_id = str(uuid.uuid4())
    state.rows(
        "INSERT INTO tasks (task_id, task_type, status, due_at, date_created, input_data, owner)"
        " VALUES (?, ?, 'pending', ?, ?, ?, ?)",
        (task_id, task_type, time.time() + delay_s, now_text(), json.dumps(input_data), owner),
    )
    state.queued.set()
    return task_id


def queue_bulk_update(state: State, document_ids: list[int]) -> None:
    """Queue what follows a bulk edit: `modified` moves later."""
    queue_task(state, "bulk_update", {"document_ids": document_ids}, state.bulk_update_delay_s)


def bulk_update(state: State, input_data: dict[str, Any]) -> None:
    """Do what follows a bulk edit: `modified` and the workflows."""
    touch(state, input_data["document_ids"])
    for document_id in input_data["document_ids"]:
        state.updated(document_id, None)


def reprocess_document(state: State, input_data: dict[str, Any]) -> None:
    """Put Paperless's own text back as content (trap 7): without an actor, and `modified` stays."""
    document_id = input_data["document_id"]
    row = state.row("SELECT content, extracted FROM documents WHERE id = ?", (document_id,))
    if row is not None and row["content"] != row["extracted"]:
        state.rows("UPDATE documents SET content = extracted WHERE id = ?", (document_id,))
        state.log(document_id, {"content": [row["content"], row["extracted"]]}, None)


class Worker:
    """Runs due tasks one after the other in a thread, as one celery worker does."""

    def __init__(self, state: State, work: Mapping[str, Work]) -> None:
        self._state = state
        #: Task type -> its work.
        self._work = work
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="practice-worker", daemon=True)

    def start(self) -> None:
        """Begin working off what is queued, from before a restart too."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the task at hand and end."""
        self._stopping.set()
        self._state.queued.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._state.queued.clear()
            self._state.queued.wait(self._run_due())

    def _run_due(self) -> float | None:
        """Run what is due; give the seconds until the next, None if nothing waits."""
        while (row := self._next()) is not None and not self._stopping.is_set():
            wait_s = row["due_at"] - time.time()
            if wait_s > 0:
                return float(wait_s)
            self._run_one(row["id"], row["task_type"], json.loads(row["input_data"]))
        return None

    def _next(self) -> Any:
        return self._state.row("SELECT * FROM tasks WHERE status = 'pending' ORDER BY due_at, id LIMIT 1")

    def _run_one(self, row_id: int, task_type: str, input_data: dict[str, Any]) -> None:
        started = now_text()
        try:
            with self._state.transaction():
                result = self._work[task_type](self._state, input_data)
                self._finish(row_id, "success", started, result)
        except TaskFailedError as failed:
            self._finish(row_id, "failure", started, failed.result)

    def _finish(self, row_id: int, status: str, started: str, result: Any) -> None:
        self._state.rows(
            "UPDATE tasks SET status = ?, date_started = ?, date_done = ?, result_data = ? WHERE id = ?",
            (status, started, now_text(), json.dumps(result), row_id),
        )


def seconds_between(earlier: str, later: str) -> float:
    """Give the time between two of Paperless's timestamps."""
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()
