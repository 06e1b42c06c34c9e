"""Fault rules: how a practice server is told to be slow, to fail or to hang up."""

import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from random import Random
from typing import Any, Literal


@dataclass(frozen=True)
class Answer:
    """What a practice server sends back."""

    status: int
    content_type: str = "application/json"
    #: Text is sent as UTF-8.
    body: bytes | str = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def payload(self) -> bytes:
        """The body as it goes over the wire."""
        return self.body.encode() if isinstance(self.body, str) else self.body


@dataclass(frozen=True)
class Fault:
    """One rule: which requests it meets and what happens to them. Without an effect it only delays."""

    #: Regular expression for the whole method, as in "PATCH|POST". None meets every method.
    method: str | None = None
    #: Regular expression searched in the path, then in "path?query". None meets every path.
    path: str | None = None
    #: How many requests it meets before it is used up. None is for ever.
    times: int | None = None
    #: Chance from 0 to 1 that a matching request is met.
    probability: float = 1.0
    #: Seconds, or (lowest, highest), waited before anything else happens.
    delay_s: float | tuple[float, float] = 0.0
    #: Seconds, or (lowest, highest), between the work, which is done, and its answer.
    late_s: float | tuple[float, float] = 0.0
    #: Answered instead of working.
    answer: Answer | None = None
    #: "before" hangs up without working; "after" works first, then hangs up without an answer.
    drop: Literal["before", "after"] | None = None
    #: The work is done, but this is answered.
    answer_after: Answer | None = None

    def meets(self, method: str, path: str, query: str) -> bool:
        """Say whether the rule is about this request."""
        if self.method is not None and not re.fullmatch(self.method, method):
            return False
        return self.path is None or any(re.search(self.path, text) for text in (path, f"{path}?{query}"))

    @property
    def only_delays(self) -> bool:
        """Whether the request goes on as usual after the wait."""
        return self.answer is None and self.drop is None and self.answer_after is None


@dataclass(frozen=True)
class Verdict:
    """What is to happen to one request."""

    delay_s: float
    late_s: float
    fault: Fault


#: Nothing unusual happens.
NO_FAULT = Fault()


class Faults:
    """The rules of one server, asked once a request, the earliest rule first."""

    def __init__(self, seed: int = 0) -> None:
        self._lock = threading.Lock()
        self._rules: list[Fault] = []
        self._random = Random(seed)  # noqa: S311 - repeatable bad luck, not a secret

    def add(self, fault: Fault) -> None:
        """Add a rule behind the others."""
        with self._lock:
            self._rules.append(fault)

    def clear(self) -> None:
        """Forget all rules."""
        self.replace([])

    def replace(self, rules: Iterable[Fault]) -> None:
        """Put these rules in place of all."""
        with self._lock:
            self._rules = list(rules)

    @property
    def are_used_up(self) -> bool:
        """Whether every rule that is for so many requests has met them all."""
        with self._lock:
            return not any(rule.times for rule in self._rules)

    def judge(self, method: str, path: str, query: str) -> Verdict:
        """Decide about a request: delays add up, the first rule with an effect ends the search."""
        delay_s, late_s, effect = 0.0, 0.0, NO_FAULT
        with self._lock:
            for index, rule in enumerate(self._rules):
                if rule.times == 0 or not rule.meets(method, path, query):
                    continue
                if rule.probability < 1.0 and self._random.random() >= rule.probability:
                    continue
                if rule.times is not None:
                    self._rules[index] = replace(rule, times=rule.times - 1)
                delay_s += self._draw(rule.delay_s)
                late_s += self._draw(rule.late_s)
                if not rule.only_delays:
                    effect = rule
                    break
        return Verdict(delay_s, late_s, effect)

    def _draw(self, seconds: float | tuple[float, float]) -> float:
        if isinstance(seconds, tuple):
            return self._random.uniform(*seconds)
        return seconds


def fault_to_json(fault: Fault) -> dict[str, Any]:
    """Write a rule as plain JSON values."""
    plain = asdict(replace(fault, answer=None, answer_after=None))
    for key in ("answer", "answer_after"):
        answer: Answer | None = getattr(fault, key)
        plain[key] = None if answer is None else _answer_to_json(answer)
    return plain


def fault_from_json(plain: Mapping[str, Any]) -> Fault:
    """Read a rule back."""
    values = dict(plain)
    for key in ("answer", "answer_after"):
        if values.get(key) is not None:
            values[key] = Answer(**values[key])
    for key in ("delay_s", "late_s"):
        if isinstance(values.get(key), list):
            values[key] = tuple(values[key])
    return Fault(**values)


def _answer_to_json(answer: Answer) -> dict[str, Any]:
    return {
        "status": answer.status,
        "content_type": answer.content_type,
        "body": answer.payload.decode(),
        "headers": dict(answer.headers),
    }
