"""How good suggestions are, measured on documents that a person filed: for each field, and for probabilities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sidecar.domain.vocabulary import fold

#: A document's filing as a person reads it: a field's text, tags as a set, None (or an empty set) for an empty field.
Value = str | frozenset[str] | None
Filing = Mapping[str, Value]

BINS = 10


class Miss(StrEnum):
    """How a suggestion differs from what a person chose."""

    WRONG = "wrong"
    #: The person filled the field, the suggestion left it.
    MISSING = "missing"
    #: The person left the field, the suggestion filled it.
    INVENTED = "invented"


@dataclass(slots=True)
class FieldScore:
    """One field over many documents. Shares are None where there is nothing to take a share of."""

    documents: int = 0
    #: Documents of which the person's value is known, and those to which a value was suggested.
    known: int = 0
    answered: int = 0
    #: Documents of `known` with the person's value to the letter; for tags, all of them and no other.
    exact: int = 0
    #: Values suggested, values that the person chose, and those that are both as names are compared; each tag counts.
    given: int = 0
    wanted: int = 0
    right: int = 0
    #: Sum over `known` of how much of the words is the same, from 0 to 1; of use for titles.
    likeness: float = 0.0

    @property
    def exactness(self) -> float | None:
        """Return the share of the person's values that were suggested to the letter."""
        return _share(self.exact, self.known)

    @property
    def precision(self) -> float | None:
        """Return the share of the suggested values that are right."""
        return _share(self.right, self.given)

    @property
    def recall(self) -> float | None:
        """Return the share of the person's values that were suggested."""
        return _share(self.right, self.wanted)

    @property
    def abstention(self) -> float | None:
        """Return the share of documents to which nothing was suggested."""
        return _share(self.documents - self.answered, self.documents)

    @property
    def alike(self) -> float | None:
        """Return the mean likeness of the words."""
        return _share(self.likeness, self.known)

    def add(self, truth: Value, suggested: Value) -> Miss | None:
        """Count one document; return how the suggestion missed, None if it did not."""
        chosen, said = _values(truth), _values(suggested)
        right = len(chosen.keys() & said.keys())
        self.documents += 1
        self.known += bool(chosen)
        self.answered += bool(said)
        self.exact += bool(chosen) and set(chosen.values()) == set(said.values())
        self.given += len(said)
        self.wanted += len(chosen)
        self.right += right
        if chosen:
            self.likeness += likeness(" ".join(chosen), " ".join(said))
        if chosen.keys() == said.keys():
            return None
        if not said:
            return Miss.MISSING
        return Miss.WRONG if chosen else Miss.INVENTED


def _share(part: float, whole: int) -> float | None:
    return part / whole if whole else None


def _values(value: Value) -> dict[str, str]:
    """Return the values by the form in which they are compared."""
    texts = value if isinstance(value, frozenset) else [value] if value else []
    return {fold(text) or text: text for text in texts}


def likeness(left: str, right: str) -> float:
    """Return how much of the words of two texts is the same: twice the shared ones over all, from 0 to 1."""
    one, other = fold(left).split(), fold(right).split()
    if not one or not other:
        return float(one == other)
    rest = list(other)
    shared = 0
    for word in one:
        if word in rest:
            rest.remove(word)
            shared += 1
    return 2 * shared / (len(one) + len(other))


def is_right(truth: Value, suggested: Value) -> bool:
    """Say whether a suggested value is the person's."""
    return _values(truth).keys() == _values(suggested).keys()


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers of about the same probability."""

    low: float
    high: float
    answers: int
    #: The mean of the probabilities that the model gave, and the share that was right.
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far a model's probabilities can be believed."""

    answers: int
    #: Expected calibration error: the mean over all answers of how far their bin's probability is from its share of
    #: right ones; 0 is perfect.
    error: float
    bins: tuple[Bin, ...]


def calibrate(answers: Sequence[tuple[float, bool]]) -> Calibration | None:
    """Sort answers (probability from 0 to 1, whether it was right) into ten bins of equal width; None without any."""
    if not answers:
        return None
    sorted_in: dict[int, list[tuple[float, bool]]] = {}
    for confidence, right in answers:
        sorted_in.setdefault(min(int(confidence * BINS), BINS - 1), []).append((confidence, right))
    bins = tuple(
        Bin(
            low=number / BINS,
            high=(number + 1) / BINS,
            answers=len(members),
            confidence=sum(confidence for confidence, _ in members) / len(members),
            accuracy=sum(right for _, right in members) / len(members),
        )
        for number, members in sorted(sorted_in.items())
    )
    error = sum(one.answers * abs(one.confidence - one.accuracy) for one in bins) / len(answers)
    return Calibration(len(answers), error, bins)


@dataclass(frozen=True, slots=True)
class Missed:
    """One field of one document that was suggested otherwise than the person filed it."""

    document_id: int
    field: str
    miss: Miss
    truth: Value
    suggested: Value


@dataclass(slots=True)
class Score:
    """All that is known of how one way of asking does."""

    fields: dict[str, FieldScore] = field(default_factory=dict)
    misses: list[Missed] = field(default_factory=list)
    #: Probability and rightness of each single value that was suggested with one.
    probabilities: list[tuple[float, bool]] = field(default_factory=list)

    def add(
        self, document_id: int, truth: Filing, suggested: Filing, fields: Iterable[str], confidence: Mapping[str, float]
    ) -> None:
        """Count one document over these fields. What was not answered at all is an empty filing."""
        for name in fields:
            said = suggested.get(name)
            missed = self.fields.setdefault(name, FieldScore()).add(truth.get(name), said)
            if missed is not None:
                self.misses.append(Missed(document_id, name, missed, truth.get(name), said))
            if isinstance(said, str) and name in confidence:
                self.probabilities.append((confidence[name], is_right(truth.get(name), said)))

    @property
    def calibration(self) -> Calibration | None:
        """Return how far the probabilities can be believed; None where the server gave none."""
        return calibrate(self.probabilities)
