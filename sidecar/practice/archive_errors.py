"""How the practice archive says no: JSON or text/html, in the shapes of the real one."""

from typing import Any, NoReturn

from sidecar.practice.archive_pages import SERVER_ERROR_PAGE
from sidecar.practice.faults import Answer
from sidecar.practice.serving import json_answer

HTML = "text/html; charset=utf-8"
INSUFFICIENT = "Insufficient permissions"


class RefusedError(Exception):
    """Carries the answer to a request that is not done."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def refuse(status: int, body: Any) -> NoReturn:
    """End the request with an error in JSON."""
    raise RefusedError(json_answer(body, status))


def refuse_html(status: int, text: str) -> NoReturn:
    """End the request with an error as text/html, as several views of Paperless do."""
    raise RefusedError(Answer(status, HTML, text))


def not_found(what: str | None = None) -> RefusedError:
    """Make the 404 of a missing object; without a name the bare one of the views that look it up themselves."""
    detail = f"No {what} matches the given query." if what else "Not found."
    return RefusedError(json_answer({"detail": detail}, 404))


def server_error() -> RefusedError:
    """Make the HTML page of an unhandled error."""
    return RefusedError(Answer(500, HTML, SERVER_ERROR_PAGE))
