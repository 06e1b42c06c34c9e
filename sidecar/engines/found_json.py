"""The one JSON object in what a model says, whatever stands around it."""

from __future__ import annotations

import json
import re
from typing import Any

from sidecar.domain.suggestion import AnswerError

_FENCED = re.compile(r"```[a-zA-Z0-9_-]*[ \t]*\n?(.*?)\n?[ \t]*```", re.DOTALL)
#: A string, which is left alone, or a comma behind the last item: small models write it, and it means nothing.
_TRAILING = re.compile(r'"(?:\\.|[^"\\])*"|,(?=\s*[}\]])')
#: A brace that begins an object, not one in prose.
_BEGUN = re.compile(r'\{\s*"')
#: A text is looked through from so many opening braces; one with more is no answer.
_BRACES = 2000


def found_json(text: str) -> object:
    """Return the JSON in a model's answer: all of it, what stands in its one code fence, or its only object.

    Raises AnswerError if there is none, or more than one with different contents: which one is meant is not guessed.
    """
    text = text.strip().lstrip("\ufeff")
    if not text:
        raise AnswerError("It is empty.")
    for candidate in (text, *_FENCED.findall(text)[-1:]):
        try:
            return _unwrapped(json.loads(candidate, strict=False))
        except (ValueError, RecursionError):
            continue
    objects = _objects(text) or _objects(_TRAILING.sub(_without_comma, text))
    if not objects:
        raise AnswerError("It is not JSON.")
    if any(other != objects[0] for other in objects[1:]):
        raise AnswerError("It holds several JSON objects; one is wanted.")
    return objects[0]


def _without_comma(found: re.Match[str]) -> str:
    return found[0] if found[0] != "," else ""


def _objects(text: str) -> list[dict[str, Any]]:
    """Return the objects that stand in the text side by side, not those within others, and none within broken ones:
    a part of an answer is not the answer."""
    decoder = json.JSONDecoder(strict=False)
    found, at = [], 0
    for _ in range(_BRACES):
        at = text.find("{", at)
        if at < 0:
            break
        try:
            value, at = decoder.raw_decode(text, at)
        except ValueError:
            if _BEGUN.match(text, at):
                break
            at += 1
            continue
        except RecursionError:  # an object of a thousand in each other is no answer
            break
        if isinstance(value, dict) and value:
            found.append(value)
    return found


def _unwrapped(value: object) -> object:
    """Return what a list of one object holds, and what a text that is JSON holds: models wrap their answers so."""
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
        return value[0]
    if isinstance(value, str) and value.lstrip().startswith("{"):
        return json.loads(value, strict=False)
    return value
