"""What came back from a model, read out of the many shapes that servers give an answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sidecar.engines.excerpt import CHARACTERS_PER_TOKEN
from sidecar.engines.forms import Form, Message
from sidecar.engines.thinking import thoughtless

#: What a picture comes to, where nobody counts: a page in the pixels that we send.
TOKENS_PER_PICTURE = 1500


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back from the model."""

    #: Without thoughts; of a tool call its arguments.
    text: str
    #: True when the answer stopped before its end: at the token limit, or at the provider's filter.
    cut_off: bool
    #: As the provider counted; where it did not, what they are about (then `estimated`).
    input_tokens: int | None
    output_tokens: int | None
    seconds: float
    #: True where the provider did not count.
    estimated: bool = False
    #: True when the provider's filter stopped it: more room would not help.
    filtered: bool = False
    #: True when the model thought before it answered.
    thought: bool = False
    #: The form in which it was asked for; None for plain text without a schema.
    form: Form | None = None
    #: Who answered: the model's name, and its provider as it is parked.
    model: str = ""
    provider: str = ""
    #: The endpoint's address; empty for OpenAI's own.
    url: str = ""
    #: Sentences for the owner about how the question had to be put.
    notes: tuple[str, ...] = ()
    #: The pieces of the answer, thoughts included, each with the logarithm of its probability; empty if not given.
    tokens: tuple[tuple[str, float], ...] = ()


def read_reply(answer: Any, messages: Sequence[Message], *, form: Form | None, seconds: float) -> Reply | None:
    """Return the first choice; a server may leave out anything but that. None if there is none at all."""
    if not answer.choices:
        return None
    choice = answer.choices[0]
    message = getattr(choice, "message", None)
    raw = _content(getattr(message, "content", None))
    thoughts = next((str(t) for n in ("reasoning_content", "reasoning") if (t := getattr(message, n, None))), "")
    text = _called(getattr(message, "tool_calls", None)) or thoughtless(raw)
    finished = getattr(choice, "finish_reason", None)
    if not text and form is not None and finished == "stop" and "{" in thoughts:
        text = thoughts  # vLLM and llama.cpp take an answer without thoughts for the thoughts, with some templates
    own = counted(answer)
    tokens = own or (estimate(messages), -(-len(raw + thoughts) // CHARACTERS_PER_TOKEN))
    return Reply(
        text,
        cut_off=finished in ("length", "max_tokens", "content_filter"),
        input_tokens=tokens[0],
        output_tokens=tokens[1],
        seconds=seconds,
        estimated=own is None,
        filtered=finished == "content_filter",
        thought=bool(thoughts) or thoughtless(raw) != raw.strip() or _reasoned(getattr(answer, "usage", None)),
        form=form,
        tokens=_tokens(getattr(choice, "logprobs", None)),
    )


def estimate(messages: Sequence[Message]) -> int:
    """Return about how many tokens a question takes: one for three characters, and pictures as they come."""
    parts = [part for message in messages for part in _parts(message.get("content"))]
    characters = sum(len(part.get("text") or "") for part in parts)
    pictures = sum(1 for part in parts if part.get("type") == "image_url")
    return -(-characters // CHARACTERS_PER_TOKEN) + pictures * TOKENS_PER_PICTURE


def counted(answer: Any) -> tuple[int, int] | None:
    """Return the tokens going in and coming out as the server counted them, None where it did not."""
    usage = getattr(answer, "usage", None)
    asked, answered = getattr(usage, "prompt_tokens", None), getattr(usage, "completion_tokens", None)
    return (asked, answered or 0) if isinstance(asked, int) and asked > 0 else None


def error_in(answer: Any) -> Mapping[str, Any] | None:
    """Return the error that a server sent as an answer, status 200 (OpenRouter does), or None."""
    for place in (answer, *(getattr(answer, "choices", None) or [])[:1]):
        error = getattr(place, "error", None)
        if isinstance(error, Mapping):
            return error
        if isinstance(error, str) and error:
            return {"message": error}
    return None


def _parts(content: object) -> list[Mapping[str, Any]]:
    return [{"text": content}] if isinstance(content, str) else [p for p in _listed(content) if isinstance(p, Mapping)]


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _content(content: object) -> str:
    """Return the text; Mistral's models that think give parts, of which the text counts."""
    return "".join(str(part.get("text") or "") for part in _parts(content))


def _called(calls: object) -> str:
    """Return the arguments of the first tool call: JSON in a string, or, of some servers, the values themselves."""
    for call in _listed(calls):
        arguments = getattr(getattr(call, "function", None), "arguments", None)
        if arguments:
            return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return ""


def _tokens(logprobs: Any) -> tuple[tuple[str, float], ...]:
    """Return the answer's tokens; those of which a server does not say the probability make all of them worthless."""
    pieces = [(getattr(one, "token", None), getattr(one, "logprob", None)) for one in _content_of(logprobs)]
    if all(isinstance(piece, str) and isinstance(number, float | int) for piece, number in pieces):
        return tuple((str(piece), float(number or 0)) for piece, number in pieces)
    return ()


def _content_of(logprobs: Any) -> list[Any]:
    return _listed(getattr(logprobs, "content", None))


def _reasoned(usage: Any) -> bool:
    return bool(getattr(getattr(usage, "completion_tokens_details", None), "reasoning_tokens", None))
