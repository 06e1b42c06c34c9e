"""Whether the program answers at all, and whether it can work: open to everybody, who learn little by it."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sidecar.domain.errors import OutageError, StoreError
from sidecar.store.api_tokens import Scope
from sidecar.web import who
from sidecar.web.ready import Check
from sidecar.web.site import Here

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """That there is somebody."""

    status: str = "ok"


class CheckOut(BaseModel):
    """One thing that must be well."""

    name: str
    ok: bool
    why: str | None = Field(default=None, description="In a sentence; only for who is logged in or has a token.")
    since: datetime | None = Field(default=None, description="When it came to be so; only for them, too.")


class Ready(BaseModel):
    """Whether the sidecar can do its work."""

    ready: bool
    checks: list[CheckOut]


@router.get("/healthz")
async def healthz() -> Health:
    """Say that the program lives."""
    return Health()


@router.head("/healthz", include_in_schema=False)
async def healthz_head() -> Response:
    """Say the same in short."""
    return Response()


@router.get("/readyz", response_model=Ready, responses={503: {"model": Ready, "description": "Something is not well."}})
async def readyz(request: Request, here: Here) -> Response:
    """Say whether Paperless, the store, the models and the poll are well. Strangers are told no reasons."""
    checks = await here.readiness.look(here.now())
    known = any(key in request.headers for key in ("authorization", "cookie")) and await _is_known(request, here)
    ready = all(check.ok for check in checks)
    told = Ready(
        ready=ready, checks=[_told(check) if known else CheckOut(name=check.name, ok=check.ok) for check in checks]
    )
    return JSONResponse(told.model_dump(mode="json", exclude_none=True), 200 if ready else 503)


@router.head("/readyz", include_in_schema=False)
async def readyz_head(here: Here) -> Response:
    """Say it by the status alone."""
    ready = all(check.ok for check in await here.readiness.look(here.now()))
    return Response(status_code=200 if ready else 503)


async def _is_known(request: Request, here: Here) -> bool:
    try:
        found = await who.find(here, request)
        return found is not None and found.may(Scope.READ)
    except (StoreError, OutageError):  # that is what they are told
        return False


def _told(check: Check) -> CheckOut:
    return CheckOut(name=check.name, ok=check.ok, why=check.why, since=check.since)
