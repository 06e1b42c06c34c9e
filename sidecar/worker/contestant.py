"""One way of filing that is measured: how it asks, what it is asked about a document, and how it did."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from datetime import date

from sidecar.domain.budget import Spent
from sidecar.domain.examples import examples
from sidecar.domain.privacy import Privacy
from sidecar.domain.scoring import Score
from sidecar.domain.vocabulary import Vocabulary
from sidecar.engines.llm import Model
from sidecar.engines.tagger import Question, Tagger
from sidecar.store.trials import Trial
from sidecar.worker.evaluation_sample import Case

PURPOSE = "eval"


@dataclass(frozen=True, slots=True)
class Contestant:
    """One way of asking that is measured: a model or a chain of them, prompts and settings."""

    label: str
    #: In the order in which they are asked; one that is measured alone has nobody to stand in for it.
    models: tuple[Model, ...]
    #: Asks them.
    tagger: Tagger
    #: The names and fields that it is offered.
    vocabulary: Vocabulary
    #: The settings in which it differs from what is set up, as JSON: they may change the answer to the same question.
    differs: str = "{}"

    def is_at_home(self, privacy: Privacy) -> bool:
        """Say whether none of the models is outside the owner's network."""
        return all(privacy.is_at_home(model.name, model.url) for model in self.models)


@dataclass(slots=True)
class Result:
    """How one contestant did."""

    contestant: Contestant
    trials: dict[int, Trial] = field(default_factory=dict)
    score: Score = field(default_factory=Score)
    #: What this run paid for, and how many answers were there from earlier runs.
    paid: Spent = field(default_factory=Spent)
    calls: int = 0
    kept: int = 0
    #: Documents that no answer could be had for, with the reason; they are asked about again next time.
    failed: dict[int, str] = field(default_factory=dict)
    #: Why it was not asked any more; None if it went through.
    stopped: str | None = None


def question_of(contestant: Contestant, case: Case, privacy: Privacy, own: frozenset[int], *, today: date) -> Question:
    """Return the question about a document as if nobody had filed it yet, with other documents as examples.

    What carries a tag of ours (`own`) is no example, and what is private is none for a model elsewhere. Raises
    PermanentError if there is no text.
    """
    is_at_home = contestant.is_at_home(privacy)
    shown = examples(
        (one for one in case.like if is_at_home or one.id not in case.private),
        ours=own,
        most=contestant.tagger.rules.examples,
    )
    return contestant.tagger.question(
        case.document.content, contestant.vocabulary, document_id=case.document.id, examples=shown, today=today
    )


def trial_key(contestant: Contestant, question: Question) -> str:
    """Return what the trial is kept under: everything that could change the answer."""
    first, *others = (model.identity for model in contestant.models)
    rules = json.dumps(asdict(contestant.tagger.rules), sort_keys=True, default=_in_order)
    parts = json.dumps([PURPOSE, question.key, *first, rules, contestant.differs, *others])
    return hashlib.sha256(parts.encode()).hexdigest()


def _in_order(value: Collection[object]) -> list[str]:
    return sorted(map(str, value))
