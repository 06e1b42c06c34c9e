"""Asking the models how they would file a document, for looking at: nothing is written but the ledger's line."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sidecar.desk.jobs import document_of
from sidecar.domain import custom_fields
from sidecar.domain.document import Document, custom_id, custom_name
from sidecar.domain.filing import FilingRules
from sidecar.domain.job import Kind
from sidecar.domain.prices import tokens_of
from sidecar.domain.privacy import host_or_openai
from sidecar.domain.suggestion import SINGLE_NAMES, Suggestion, wants
from sidecar.domain.trigger import Tags
from sidecar.domain.vocabulary import Names, Vocabulary
from sidecar.domain.wishes import FIELDS, wishes
from sidecar.paperless.similar import like
from sidecar.parts import Parts
from sidecar.store import ledger
from sidecar.store.ledger import Call
from sidecar.worker.budget import Purse
from sidecar.worker.chain import Chain
from sidecar.worker.clock import steady_clock
from sidecar.worker.finishing import to_the_end

#: What a trial had set aside is given back so long after its call has to be over, should it have died.
A_WHILE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Asked:
    """One call to a model, and what it had to say beside its answer."""

    call: Call
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """How a document would be filed."""

    document: Document
    suggestion: Suggestion
    vocabulary: Vocabulary
    rules: FilingRules
    calls: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A field as it stands and as it is suggested, in words; empty for nothing."""

    field: str
    #: What the owner calls it; empty where the field has no name of its own.
    name: str
    stands: str
    suggested: str
    #: Whether it would be written as the settings are.
    is_written: bool


async def suggest(
    parts: Parts, tags: Tags, document_id: int, *, today: date, tell: Callable[[Asked], None] = lambda _: None
) -> Trial:
    """Ask the models about a document, each call counted as `suggest` and told to `tell` when it has ended.

    Raises BudgetError where nothing more may be spent on filing, PermanentError for a document without text or one
    that may not leave the house, CancelledError for one that is not there, and the errors of the chain.
    """
    document = await document_of(parts, document_id)
    vocabulary = await parts.names.vocabulary(hidden=tags.all)
    parts.tagger.require_text(document.content)
    is_private = await parts.names.is_among(parts.privacy.tags, document.tags)
    may_show = parts.names.showing(parts.privacy.tags, anything=is_private or parts.is_all_at_home)
    shown = await like(parts.paperless, document_id, tags, parts.tagger.rules.examples, may_show)
    question = parts.tagger.question(document.content, vocabulary, document_id=document_id, examples=shown, today=today)
    guess = question.tokens
    calls: list[Asked] = []

    # A reply is of `engines.llm`, a room that this one does not see.
    async def record(reply: Any, outcome: str, _suggestion: Suggestion | None) -> None:
        call = Call(
            "suggest",
            reply.model,
            reply.input_tokens,
            reply.output_tokens,
            outcome,
            reply.seconds,
            host_or_openai(reply.url),
            estimated=reply.estimated,
        ).priced(parts.prices, guess=(guess, tokens_of(reply.text)))
        # What was paid for is written down, whoever stops us.
        await to_the_end(parts.db.run(ledger.record_alone, document_id, call, now=await parts.db.time()))
        calls.append(Asked(call, tuple(reply.notes)))
        tell(calls[-1])

    purse = await _purse(parts)

    @asynccontextmanager
    async def paying(model: Any) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        longest = (guess, model.max_tokens)
        async with purse.call(Kind.TAGGING, model.name, host_or_openai(model.url), longest) as place:
            yield lambda: purse.take(place)

    by_hand = Chain(parts.models, privacy=parts.privacy)  # nobody is parked
    suggestion = await parts.tagger.asking(by_hand).ask(
        question, vocabulary, today=today, record=record, private=is_private, around=paying
    )
    return Trial(document, suggestion, vocabulary, parts.tagger.rules, tuple(calls))


async def _purse(parts: Parts) -> Purse:
    """Return what a trial pays from: it costs as much as the work does, and reckons with the work under way."""
    clock = steady_clock(await parts.db.time())
    hold = timedelta(seconds=parts.settings.llm_timeout_s) + A_WHILE
    owner = f"suggest-{secrets.token_hex(8)}"
    return Purse(parts.db, parts.budgets, parts.prices, clock, owner=owner, hold=hold)


def beside(trial: Trial) -> Iterator[Row]:
    """Give every field that was asked for as it stands, as it is suggested, and whether that would be written."""
    document, suggestion, rules = trial.document, trial.suggestion, trial.rules
    found = wishes(suggestion, rules, document, trial.vocabulary)
    made = {name.field for name in found.new}
    for field in FIELDS:
        if wants(rules, field):
            suggested = found.values.get("title", suggestion.title) if field == "title" else getattr(suggestion, field)
            stands = _stands(trial, field)
            is_written = (field in found.values or field in made) and (suggested or "") != stands
            yield Row(field, "", stands, suggested or "", is_written)
    if wants(rules, "tags"):
        held = {name.id: name.name for name in trial.vocabulary.of(Names.TAGS) if name.id in document.tags}
        is_written = bool(found.tags - document.tags) or "tags" in made
        yield Row("tags", "", ", ".join(sorted(held.values())), ", ".join(suggestion.tags), is_written)
    yield from _custom(trial, found.values)
    if wants(rules, "summary"):
        yield Row("summary", "", "", suggestion.summary or "", bool(suggestion.summary))


def _stands(trial: Trial, field: str) -> str:
    value = trial.document.value(field)
    if field not in SINGLE_NAMES:
        return str(value or "")
    known = trial.vocabulary.by_id(SINGLE_NAMES[field], value)
    return known.name if known else ("" if value is None else f"#{value}")


def _custom(trial: Trial, values: Mapping[str, Any]) -> Iterator[Row]:
    for name, suggested in trial.suggestion.custom_fields.items():
        known = trial.vocabulary.field(custom_id(name) or 0)
        stands = trial.document.value(name)
        yield Row(
            name,
            known.name if known else name,
            "" if stands is None else custom_fields.in_words(known, stands),
            custom_fields.in_words(known, suggested),
            name in values and suggested != stands,
        )


def left_out(trial: Trial) -> list[tuple[str, str]]:
    """Return what was answered and not taken: the field's name, and why."""
    names = {custom_name(field.id): field.name for field in trial.vocabulary.fields}
    return [(names.get(name, name), said) for name, said in trial.suggestion.left_out.items()]
