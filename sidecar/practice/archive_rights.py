"""Global rights of plain users: which request needs which, and the two shapes of a refusal."""

import re

from sidecar.practice.archive_errors import INSUFFICIENT, refuse, refuse_html
from sidecar.practice.archive_state import User

FORBIDDEN = "You do not have permission to perform this action."
VERBS = {"GET": "view", "POST": "add", "PATCH": "change", "PUT": "change", "DELETE": "delete"}
MODELS = {
    "tags": "tag",
    "correspondents": "correspondent",
    "document_types": "documenttype",
    "storage_paths": "storagepath",
    "custom_fields": "customfield",
    "documents": "document",
    "trash": "document",
    "tasks": "paperlesstask",
    "ui_settings": "uisettings",
    "workflows": "workflow",
    "users": "user",
}

#: Views that check by themselves: method, path, right, whether the refusal is text/html.
SPECIAL = [
    ("POST", r"/api/documents/bulk_edit/", "change_document", True),
    ("POST", r"/api/documents/reprocess/", "change_document", True),
    ("POST", r"/api/documents/post_document/", "add_document", True),
    ("GET", r"/api/documents/\d+/history/", "view_logentry", True),
    ("GET", r"/api/documents/\d+/notes/", "view_note", False),
    ("POST", r"/api/documents/\d+/notes/", "add_note", False),
    ("DELETE", r"/api/documents/\d+/notes/", "delete_note", False),
    ("POST", r"/api/trash/", "delete_document", True),
    ("GET", r"/api/status/", "view_system_monitoring", True),
]


def check_rights(user: User, method: str, path: str) -> None:
    """Refuse a request the user has no global right for."""
    if user.is_superuser or user.permissions is None:
        return
    for special_method, pattern, right, is_html in SPECIAL:
        if method == special_method and re.fullmatch(pattern, path):
            _require(user, right, is_html=is_html)
            return
    model = MODELS.get(path.split("/")[2])
    if model is not None:
        _require(user, f"{VERBS[method]}_{model}", is_html=False)


def _require(user: User, right: str, *, is_html: bool) -> None:
    if user.permissions is not None and right not in user.permissions:
        if is_html:
            refuse_html(403, INSUFFICIENT)
        refuse(403, {"detail": FORBIDDEN})
