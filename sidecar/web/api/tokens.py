"""API tokens: list, make, revoke. A token stands in the answer to its making, and nowhere again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from sidecar.desk import tokens as desk
from sidecar.store import api_tokens
from sidecar.store.api_tokens import Scope
from sidecar.web.api.shapes import ERRORS, Asked, Number, problem
from sidecar.web.problems import Problem
from sidecar.web.site import Here
from sidecar.web.who import Admin

router = APIRouter(prefix="/api/tokens", tags=["tokens"])

UNKNOWN: dict[int | str, dict[str, Any]] = {404: problem("There is no such token.")}
TOO_LARGE: dict[int | str, dict[str, Any]] = {413: problem("The request is too large.")}


class TokenOut(BaseModel):
    """A token, without what it is made of."""

    id: int
    name: str
    scope: Scope
    created_at: datetime
    used_at: datetime | None = Field(description="When it was used last, within ten minutes; null for never.")


class NewToken(Asked):
    """What token is wanted."""

    name: Annotated[str, Field(min_length=1, max_length=desk.NAME_MAX, description="What it is for.")]
    scope: Scope = Field(description="What it may; each scope includes those before it.")


class MadeToken(BaseModel):
    """A new token."""

    id: int
    name: str
    scope: Scope
    token: str = Field(description="Shown this once: it cannot be looked up again.")


@router.get("", responses=ERRORS)
async def tokens(here: Here, _: Admin) -> list[TokenOut]:
    """List the tokens, the oldest first, without what they are made of."""
    found = await here.db.run(api_tokens.tokens)
    return [TokenOut(**{name: getattr(one, name) for name in TokenOut.model_fields}) for one in found]


@router.post("", status_code=201, responses={**ERRORS, **TOO_LARGE})
async def create(wanted: NewToken, here: Here, _: Admin) -> MadeToken:
    """Make a token. It is shown in the answer, this once."""
    name = desk.tidy(wanted.name)
    if not name:
        raise Problem(422, "problem.token-name")
    number, token = await desk.create(here.parts, name, wanted.scope, now=here.now())
    return MadeToken(id=number, name=name, scope=wanted.scope, token=token)


@router.post("/{token_id}/revoke", status_code=204, responses={**ERRORS, **UNKNOWN})
async def revoke(token_id: Number, here: Here, _: Admin) -> None:
    """Make a token worthless, the one that asks too."""
    if not await desk.revoke(here.parts, token_id):
        raise Problem(404, "problem.no-token")
