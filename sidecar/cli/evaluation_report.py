"""What `sidecar eval` found: as values, as tables on a terminal, and as a page that stands for itself."""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
from rich.table import Table

from sidecar.cli import show
from sidecar.domain.filed import asked_fields
from sidecar.domain.prices import in_words as money
from sidecar.domain.privacy import host_or_openai
from sidecar.domain.scoring import FieldScore, Missed, Value
from sidecar.worker.contestant import Result
from sidecar.worker.evaluation_sample import Sample

NO_PROBABILITIES = "the server gives no probabilities"
_TEMPLATES = Path(__file__).parent / "templates"
_SHARES = ("exact", "precision", "recall", "abstention")


def report(results: Sequence[Result], sample: Sample, wanted: int, currency: str) -> dict[str, Any]:
    """Return everything that was found as JSON values; shares from 0 to 1, None where there is nothing to share."""
    return {
        "documents": len(sample.cases),
        "wanted": wanted,
        "found": sample.found,
        "skipped": dict(sample.skipped),
        "currency": currency,
        "contestants": [_contestant(result) for result in results],
    }


def _contestant(result: Result) -> dict[str, Any]:
    trials = result.trials.values()
    costs = [trial.cost for trial in trials if trial.cost is not None]
    calibration = result.score.calibration
    return {
        "label": result.contestant.label,
        "models": [f"{model.name} at {host_or_openai(model.url)}" for model in result.contestant.models],
        "answered_by": dict(Counter(trial.model for trial in trials if trial.filing is not None and trial.model)),
        "answered": len(trials),
        "unusable": sum(trial.filing is None for trial in trials),
        "failed": {str(number): reason for number, reason in sorted(result.failed.items())},
        "stopped": result.stopped,
        "fields": {name: _field(name, score) for name, score in _in_order(result)},
        "calibration": None
        if calibration is None
        else {
            "answers": calibration.answers,
            "expected_calibration_error": calibration.error,
            "bins": [
                {"from": b.low, "to": b.high, "answers": b.answers, "confidence": b.confidence, "accuracy": b.accuracy}
                for b in calibration.bins
            ],
        },
        "seconds": math.fsum(trial.seconds for trial in trials),
        "input_tokens": sum(trial.input_tokens for trial in trials),
        "output_tokens": sum(trial.output_tokens for trial in trials),
        "estimated": any(trial.estimated for trial in trials),
        "cost": math.fsum(costs) if costs else None,
        "this_run": {"calls": result.calls, "kept_answers": result.kept, "tokens": result.paid.tokens,
                     "cost": result.paid.money if costs else None},
        "misses": [_miss(miss) for miss in result.score.misses],
    }  # fmt: skip


def _in_order(result: Result) -> Iterator[tuple[str, FieldScore]]:
    for name in asked_fields(result.contestant.tagger.rules, result.contestant.vocabulary):
        if name in result.score.fields:
            yield name, result.score.fields[name]


def _field(name: str, score: FieldScore) -> dict[str, Any]:
    found = {
        "documents": score.documents,
        "known": score.known,
        "exact": score.exactness,
        "precision": score.precision,
        "recall": score.recall,
        "abstention": score.abstention,
    }
    return found | ({"alike": score.alike} if name == "title" else {})


def _miss(miss: Missed) -> dict[str, Any]:
    return {
        "document": miss.document_id,
        "field": miss.field,
        "how": miss.miss.value,
        "expected": _plain(miss.truth),
        "suggested": _plain(miss.suggested),
    }


def _plain(value: Value) -> str | list[str] | None:
    return sorted(value) if isinstance(value, frozenset) else value


def in_words(sample: Sample) -> str:
    """Say what became of the documents that were found."""
    left = ", ".join(f"{number} {reason}" for reason, number in sample.skipped.items())
    return f"{sample.found} found, {len(sample.cases)} taken" + (f"; not taken: {left}." if left else ".")


def tables(found: Mapping[str, Any]) -> Iterator[Table | str]:
    """Give the report as tables and lines for a terminal."""
    skipped = ", ".join(f"{number} {reason}" for reason, number in found["skipped"].items())
    yield f"{found['documents']} documents" + (f"; not taken: {skipped}" if skipped else "") + "."
    for one in found["contestants"]:
        table = Table(title=show.plain(one["label"]), title_justify="left", box=None, pad_edge=False)
        for column in ("field", "documents", *_SHARES, "alike"):
            table.add_column(column, justify="left" if column == "field" else "right")
        for name, field in one["fields"].items():
            shares = [_percent(field[share]) for share in _SHARES]
            table.add_row(name.replace("_", " "), str(field["documents"]), *shares, _percent(field.get("alike")))
        yield table
        yield from (show.plain(_value(line)) for line in lines(one, found["currency"]))


def lines(one: Mapping[str, Any], currency: str) -> Iterator[str]:
    """Say in words what a contestant cost, how far its probabilities can be believed, and what went wrong."""
    count, about = one["answered"], "about " if one["estimated"] else ""
    yield (
        f"{count} answers, {one['seconds'] / count if count else 0:.1f} s each; "
        f"{about}{one['input_tokens']} + {one['output_tokens']} tokens"
        + (f", {money(one['cost'], currency)}" if one["cost"] is not None else ", no price known")
        + f". This run: {one['this_run']['calls']} calls, {one['this_run']['kept_answers']} kept answers"
        + (f", {money(one['this_run']['cost'], currency)}." if one["this_run"]["cost"] is not None else ".")
    )
    if len(one["models"]) > 1:
        by = ", ".join(f"{number} by {model}" for model, number in one["answered_by"].items()) or "none"
        yield f"Asked in this order: {', '.join(one['models'])}. Usable answers: {by}."
    calibration = one["calibration"]
    if calibration is None:
        yield f"Calibration: {NO_PROBABILITIES}."
    else:
        error = _percent(calibration["expected_calibration_error"])
        yield f"Calibration: expected error {error} over {calibration['answers']} answers."
    if one["unusable"]:
        yield f"{one['unusable']} answers could not be used."
    for number, reason in one["failed"].items():
        yield f"Document {number}: {reason}"
    if one["stopped"]:
        yield f"Stopped: {one['stopped']} Run it again to go on; what was answered is kept."


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share * 100:.1f} %"


def page(found: Mapping[str, Any], paperless_url: str) -> str:
    """Return the report as one HTML page that needs no other file. Everything that is not ours is escaped."""
    return _environment().get_template("evaluation.html.j2").render(report=found, paperless=paperless_url)


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {"percent": _percent, "value": _value}
    environment.globals["lines"] = lines
    return environment


def _value(value: str | Sequence[str] | None) -> str:
    """Return a value for a person, with what turns or hides text in it made visible."""
    text = ", ".join(value) if isinstance(value, list | tuple) else str(value or "")
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text) or "\N{EN DASH}"
