"""Whether the program answers at all: open to everybody, and says nothing else."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """That there is somebody."""

    status: str = "ok"


@router.get("/healthz")
async def healthz() -> Health:
    """Say that the program lives."""
    return Health()
