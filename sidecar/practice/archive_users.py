"""Accounts as an administrator sees and changes them.

The shape of an answer is that of Paperless's own description of its API; that a user's rights come as
"change_document" and those of groups as "documents.change_document" is in `UserSerializer`
(src/paperless/serialisers.py).
"""

import json
from collections.abc import Iterable
from typing import Any

from sidecar.practice.archive_errors import not_found
from sidecar.practice.archive_http import Call, Route
from sidecar.practice.archive_state import State, User, user_of
from sidecar.practice.faults import Answer
from sidecar.practice.serving import json_answer


def change_user(
    state: State,
    username: str,
    *,
    permissions: Iterable[str] | None = None,
    is_staff: bool | None = None,
    is_active: bool | None = None,
) -> None:
    """Change an account; None leaves a thing as it is."""
    rights = None if permissions is None else json.dumps(sorted(permissions))
    state.rows(
        "UPDATE users SET permissions = coalesce(?, permissions), is_staff = coalesce(?, is_staff),"
        " is_active = coalesce(?, is_active) WHERE username = ?",
        (rights, is_staff, is_active, username),
    )


def delete_user(state: State, username: str) -> None:
    """Delete an account."""
    state.rows("DELETE FROM users WHERE username = ?", (username,))


def get_user(call: Call) -> Answer:
    """Tell of one account; needs the right `view_user`."""
    row = call.state.row("SELECT * FROM users WHERE id = ?", (call.ids[0],))
    if row is None:
        raise not_found("User")
    return json_answer(_user_answer(user_of(row)))


def _user_answer(user: User) -> dict[str, Any]:
    """Shape an account. Who has all rights without being a superuser has them of a group."""
    everything = user.permissions is None and user.is_active
    return {
        "id": user.id,
        "username": user.username,
        "email": "",
        "password": "**********",
        "first_name": "",
        "last_name": "",
        "date_joined": "2026-01-02T00:00:00Z",
        "is_staff": user.is_staff,
        "is_active": user.is_active,
        "is_superuser": user.is_superuser,
        "groups": [],
        "user_permissions": sorted(user.permissions or ()),
        "inherited_permissions": ["documents.view_document", "documents.change_document"] if everything else [],
        "is_mfa_enabled": False,
    }


ROUTES: list[Route] = [("GET", r"/api/users/(\d+)/", get_user)]
