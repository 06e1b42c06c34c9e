"""The settings as they are in effect, for programs of the owner: of secrets only whether they are set."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from sidecar.desk import settings as desk
from sidecar.desk.settings import InEffect
from sidecar.web.api.shapes import ERRORS
from sidecar.web.site import Here
from sidecar.web.who import Admin

router = APIRouter(prefix="/api", tags=["settings"])


class SettingOut(BaseModel):
    """A setting as it is in effect."""

    group: str
    name: str
    description: str
    value: str | None = Field(description="As it would be written into .env, empty for nothing; null for a secret.")
    is_set: bool
    origin: str = Field(description="default, environment, env-file, file, secret, alias or given.")
    source: str = Field(description="The variable or the file it was read from; empty for a default.")

    @classmethod
    def of(cls, group: str, one: InEffect) -> SettingOut:
        """Return what is shown of a setting."""
        return cls(
            group=group,
            name=one.name,
            description=one.description,
            value=one.value,
            is_set=one.is_set,
            origin=one.origin,
            source=one.source,
        )


@router.get("/settings", responses=ERRORS)
async def settings(here: Here, _: Admin) -> list[SettingOut]:
    """List all settings as they were read at the start, each with where from. Of secrets: only whether they are set."""
    return [SettingOut.of(group, one) for group, found in desk.in_effect(here.parts).items() for one in found]
