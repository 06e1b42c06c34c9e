"""The ways a language model's answers go wrong, on request."""

import threading
import time
from dataclasses import dataclass, replace
from typing import Any, Literal

Mode = Literal[
    "garbage",
    "cut_off",
    "refuse",
    "empty",
    "fenced",
    "thinking",
    "unknown_name",
    "reject_json_schema",
    "reject_temperature",
]
CHARACTERS_PER_TOKEN = 4
REFUSAL = "I'm sorry, but I can't help with that."


@dataclass(frozen=True)
class Mood:
    """One kind of misbehaviour, and when it shows."""

    mode: Mode
    #: How often it still shows; None is for ever.
    times: int | None
    #: Only documents that contain this meet it.
    matching: str | None

    def meets(self, document: str, body: dict[str, Any]) -> bool:
        """Say whether a request brings it out; a rejected parameter must be there."""
        if self.times == 0 or (self.matching is not None and self.matching not in document):
            return False
        return not self.mode.startswith("reject_") or _rejects(self.mode, body)


class Moods:
    """The misbehaviours of one model, the earliest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._moods: list[Mood] = []

    def add(self, mode: Mode, times: int | None, matching: str | None) -> None:
        """Add one behind the others."""
        with self._lock:
            self._moods.append(Mood(mode, times, matching))

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._moods.clear()

    def take(self, document: str, body: dict[str, Any]) -> Mode | None:
        """Give the mode this request meets, counting it; None for good behaviour."""
        with self._lock:
            for index, mood in enumerate(self._moods):
                if mood.meets(document, body):
                    if mood.times is not None:
                        self._moods[index] = replace(mood, times=mood.times - 1)
                    return mood.mode
        return None


@dataclass(frozen=True)
class Rejection:
    """What a server says about a parameter it does not know."""

    message: str
    param: str
    code: str


def refusal_of(mode: Mode | None, body: dict[str, Any]) -> Rejection | None:
    """Say why a request is answered 400; None if it is not."""
    if mode is None or not _rejects(mode, body):
        return None
    if mode == "reject_temperature":
        text = "Unsupported value: 'temperature' does not support the given value with this model."
        return Rejection(text, "temperature", "unsupported_value")
    text = "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model."
    return Rejection(text, "response_format", "unsupported_parameter")


def _rejects(mode: Mode, body: dict[str, Any]) -> bool:
    if mode == "reject_temperature":
        return "temperature" in body
    return mode == "reject_json_schema" and (body.get("response_format") or {}).get("type") == "json_schema"


@dataclass(frozen=True)
class Completion:
    """What the model says, as the first choice carries it."""

    content: str | None
    finish_reason: str = "stop"
    refusal: str | None = None


def completion(mode: Mode | None, content: str, limit_tokens: int | None, *, is_json: bool) -> Completion:
    """Spoil an answer as the mode says; cut it off at the caller's limit of tokens."""
    if mode == "refuse":
        return Completion(None, refusal=REFUSAL) if is_json else Completion(REFUSAL)
    if mode == "cut_off":
        return Completion(content[: len(content) // 2], "length")
    spoiled = {
        "garbage": "Certainly! The document seems to be about {several} things, see above.",
        "empty": "",
        "fenced": f"```json\n{content}\n```",
        "thinking": f"<think>\nThe user wants {{some}} JSON. Let me look.\n</think>\n\n{content}",
    }
    said = spoiled.get(mode or "", content)
    if limit_tokens is not None and len(said) > limit_tokens * CHARACTERS_PER_TOKEN:
        return Completion(said[: limit_tokens * CHARACTERS_PER_TOKEN], "length")
    return Completion(said)


def chat_body(number: int, model: str, prompt_characters: int, done: Completion) -> dict[str, Any]:
    """Shape a completion as the wire carries it, with its usage."""
    prompt_tokens = -(-prompt_characters // CHARACTERS_PER_TOKEN)
    completion_tokens = -(-len(done.content or done.refusal or "") // CHARACTERS_PER_TOKEN)
    message = {"role": "assistant", "content": done.content, "refusal": done.refusal}
    return {
        "id": f"chatcmpl-practice-{number}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": done.finish_reason}],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        },
        "system_fingerprint": "practice model",
    }
