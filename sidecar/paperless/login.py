"""Whether a person is who they say, and what they may do: asked of Paperless with their own name and password.

Neither the password nor the token that Paperless gives for it is kept: what a person who is in may do meanwhile is
asked with the sidecar's own token. (paperless-ngx: `PaperlessAuthTokenSerializer` and `UserSerializer` in
src/paperless/serialisers.py; the rights of a login are those of `ui_settings`, as its own web page reads them.)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sidecar.domain.errors import CancelledError, OutageError, PermanentError, TemporaryError
from sidecar.paperless.http import PROVIDER, Http, RefusedError

#: What a person needs in Paperless to come in.
NEEDED = "change_document"


@dataclass(frozen=True, slots=True)
class Person:
    """A user of Paperless."""

    id: int
    username: str
    #: Whether the person may change settings in Paperless: staff, or a superuser.
    is_staff: bool
    #: Global rights, such as "change_document".
    rights: frozenset[str]

    @property
    def may_enter(self) -> bool:
        """Whether the person may come in."""
        return NEEDED in self.rights


class Refusal(StrEnum):
    """Why a login was refused."""

    CREDENTIALS = "credentials"
    CODE_NEEDED = "code-needed"
    CODE_WRONG = "code-wrong"
    #: The account may not even ask what it may do (`view_uisettings`).
    RIGHTS = "rights"


class LoginRefusedError(PermanentError):
    """Paperless does not let this person in, and why."""

    def __init__(self, why: Refusal) -> None:
        super().__init__(f"Paperless refused the login: {why}.")
        self.why = why


async def log_in(url: str, name: str, password: str, *, code: str = "", timeout_s: float = 15.0) -> Person:
    """Return who that is. Raises LoginRefusedError, and OutageError where Paperless cannot be asked now.

    Paperless counts logins: more than five a minute from this address, and its OutageError says how long to wait.
    """
    open_door = Http(url, "", timeout_s=timeout_s)
    try:
        token = await _token(open_door, {"username": name, "password": password, **({"code": code} if code else {})})
    except TemporaryError as error:
        raise OutageError(PROVIDER, str(error)) from error
    finally:
        await open_door.close()
    own = Http(url, token, timeout_s=timeout_s)
    try:
        return _person(await own.get("ui_settings/"))
    except TemporaryError as error:
        raise OutageError(PROVIDER, str(error)) from error
    except PermanentError as error:
        raise LoginRefusedError(Refusal.RIGHTS) from error
    finally:
        await own.close()


async def look_up(own: Http, user_id: int) -> Person | None:
    """Return who has this account now, asked with the sidecar's token; None for nobody: deleted, or switched off.

    Raises ForbiddenError where the sidecar's user may not look at accounts (`view_user`), else the errors of `Http`.
    """
    try:
        user = await own.get(f"users/{user_id}/")
    except CancelledError:
        return None
    if not isinstance(user, dict) or not isinstance(user.get("user_permissions"), list):
        raise OutageError(PROVIDER, "Paperless does not say what an account may do.")
    if not user.get("is_active"):
        return None
    # Those of groups come with the name of an application before a dot.
    rights = {str(right).rpartition(".")[2] for right in _rights_of(user)}
    if user.get("is_superuser"):
        rights.add(NEEDED)
    is_staff = bool(user.get("is_staff") or user.get("is_superuser"))
    return Person(int(user["id"]), str(user["username"]), is_staff, frozenset(rights))


def _rights_of(user: dict[str, Any]) -> Iterator[object]:
    for name in ("user_permissions", "inherited_permissions"):
        yield from user.get(name) or ()


async def _token(door: Http, wanted: dict[str, str]) -> str:
    try:
        answer = await door.log_in(wanted)
    except RefusedError as error:
        said = " ".join(error.fields.values())
        if "MFA" not in said:
            raise LoginRefusedError(Refusal.CREDENTIALS) from error
        raise LoginRefusedError(Refusal.CODE_WRONG if "Invalid" in said else Refusal.CODE_NEEDED) from error
    except PermanentError as error:  # 403: the account is not active, or logins are turned off
        raise LoginRefusedError(Refusal.CREDENTIALS) from error
    if not isinstance(answer, dict) or not isinstance(answer.get("token"), str):
        raise OutageError(PROVIDER, "Paperless answered the login with something that is no token.")
    return str(answer["token"])


def _person(answer: object) -> Person:
    user = answer.get("user") if isinstance(answer, dict) else None
    rights = answer.get("permissions") if isinstance(answer, dict) else None
    if not isinstance(user, dict) or not isinstance(rights, list):
        raise OutageError(PROVIDER, "Paperless does not say who logged in.")
    is_staff = bool(user.get("is_staff") or user.get("is_superuser"))
    return Person(int(user["id"]), str(user["username"]), is_staff, frozenset(map(str, rights)))
