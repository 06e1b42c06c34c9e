"""The prompts in effect, and a trial of filing on a document that writes nothing."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from sidecar.desk import suggest as desk
from sidecar.desk.suggest import Asked as Call
from sidecar.desk.suggest import Row, Trial
from sidecar.domain.errors import BudgetError, SettingsError
from sidecar.engines.prompts import NAMES
from sidecar.web.api.shapes import ERRORS, LARGEST, STEERING, Asked, problem
from sidecar.web.problems import Problem
from sidecar.web.site import Here, Site
from sidecar.web.who import Reader, Worker

router = APIRouter(prefix="/api/prompts", tags=["prompts"])

TRIAL: dict[int | str, dict[str, Any]] = {
    **STEERING,
    404: problem("There is no such document."),
    409: problem("It cannot be tried: no text, a private document, a spent budget, no usable answer."),
    503: problem("Paperless or the model cannot be reached now."),
}


class PromptOut(BaseModel):
    """A prompt as it is in effect."""

    name: str
    file: str = Field(description="Where it is read from.")
    text: str
    is_own: bool = Field(description="Whether it is the owner's own, and not the shipped one.")
    problem: str | None = Field(
        description="What is wrong with the owner's file since the start; null where nothing is."
    )


class Wanted(Asked):
    """What to try the prompts on."""

    document_id: Annotated[int, Field(ge=1, le=LARGEST)]


class FieldOut(BaseModel):
    """A field as it stands and as it is suggested, in words; empty for nothing."""

    field: str
    name: str = Field(description="What the owner calls a field of their own; empty for the others.")
    stands: str
    suggested: str
    is_written: bool = Field(description="Whether it would be written as the settings are.")

    @classmethod
    def of(cls, row: Row) -> FieldOut:
        """Return what is shown of a field."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class CallOut(BaseModel):
    """One call to a model."""

    model: str
    outcome: str
    seconds: float
    input_tokens: int | None
    output_tokens: int | None
    cost: float | None = Field(description="In CURRENCY; null where the model has no price.")
    notes: list[str]

    @classmethod
    def of(cls, asked: Call) -> CallOut:
        """Return what is shown of a call."""
        call = asked.call
        return cls(
            model=call.model,
            outcome=call.outcome,
            seconds=call.seconds,
            input_tokens=call.input_tokens,
            output_tokens=call.output_tokens,
            cost=call.cost,
            notes=list(asked.notes),
        )


class LeftOutOut(BaseModel):
    """A field that was answered and not taken."""

    name: str
    why: str


class TrialOut(BaseModel):
    """How a document would be filed."""

    document_id: int
    title: str
    fields: list[FieldOut]
    left_out: list[LeftOutOut]
    calls: list[CallOut]

    @classmethod
    def of(cls, trial: Trial) -> TrialOut:
        """Return what is shown of a trial."""
        return cls(
            document_id=trial.document.id,
            title=trial.document.title,
            fields=[FieldOut.of(row) for row in desk.beside(trial)],
            left_out=[LeftOutOut(name=name, why=why) for name, why in desk.left_out(trial)],
            calls=[CallOut.of(asked) for asked in trial.calls],
        )


@router.get("", responses=ERRORS)
async def prompts(here: Here, _: Reader) -> list[PromptOut]:
    """List the prompts as they are in effect."""
    return [_prompt(here, name) for name in NAMES]


def _prompt(here: Site, name: str) -> PromptOut:
    try:
        one = here.parts.prompts.source(name)
    except SettingsError as error:
        return PromptOut(name=name, file="", text="", is_own=True, problem=str(error))
    return PromptOut(name=name, file=one.file, text=one.text, is_own=one.is_own, problem=None)


@router.post("/try", responses=TRIAL)
async def trial(wanted: Wanted, here: Here, _: Worker) -> TrialOut:
    """Ask the models how they would file a document. Nothing is written; the call is paid for and counts as any."""
    async with here.trying:
        try:
            found = await desk.suggest(here.parts, await here.tags(), wanted.document_id, today=here.now().date())
        except (BudgetError, SettingsError) as error:
            raise Problem(409, str(error)) from error
    return TrialOut.of(found)
