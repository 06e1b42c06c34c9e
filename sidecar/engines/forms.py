"""The forms in which an answer may be asked for, and what one server was found not to take.

Servers differ in what they refuse, and say so in one 400 for each thing. What was refused once is left out, or
replaced by the next simpler form, from then on: for this model at this endpoint, as long as the program runs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any

from sidecar.domain.thinking import Thinking
from sidecar.engines.thinking import EFFORTS, THINKING_OPTIONS, thinking_options

Message = dict[str, Any]

#: What the schema is called on the wire.
NAME = "filing"


class Form(IntEnum):
    """How an answer is asked for, the most exact form first."""

    #: `response_format: json_schema`: most servers hold the model to it while it writes.
    SCHEMA = 0
    #: A function whose parameters have the schema, which the model has to call.
    TOOL = 1
    #: `response_format: json_object`: JSON, but any.
    OBJECT = 2
    #: Nothing but the words of the prompt.
    PLAIN = 3


def form_options(form: Form, schema: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters that ask for an answer of the schema in this form."""
    match form:
        case Form.SCHEMA:
            wrapped = {"name": NAME, "strict": True, "schema": schema}
            return {"response_format": {"type": "json_schema", "json_schema": wrapped}}
        case Form.TOOL:
            function = {"name": NAME, "description": "Gives the answer.", "parameters": schema}
            choice = {"type": "function", "function": {"name": NAME}}
            return {"tools": [{"type": "function", "function": function}], "tool_choice": choice}
        case Form.OBJECT:
            return {"response_format": {"type": "json_object"}}
        case Form.PLAIN:
            return {}


#: What words in a refusal say that it is about a form.
_FORM_SIGNS: Mapping[Form, re.Pattern[str]] = {
    Form.SCHEMA: re.compile(
        r"response_format|json_schema|json_object|'text' or|grammar|schema|structured|guided|requested parameters"
    ),
    Form.TOOL: re.compile(
        r"\btools?\b|\bfunctions?\b|function.call|--jinja|auto-tool-choice|schema|grammar|requested parameters"
    ),
    Form.OBJECT: re.compile(r"response_format|json_object|json mode|'text' or|grammar|'json'"),
}
_LIMITS = ("max_completion_tokens", "max_tokens")
#: How long an answer may be, as in "supports at most 16384 completion tokens".
_AT_MOST = re.compile(r"(?:at most|less than or equal to|<=|must be below|maximum (?:is|of))\D{0,3}(\d+)")
#: What words say that a parameter is refused. The templates of some models (Gemma's first ones) know no system role.
_SIGNS: Mapping[str, re.Pattern[str]] = {
    "tool_choice": re.compile(r"tool[_ ]choice"),
    "temperature": re.compile(r"temperature"),
    "logprobs": re.compile(r"log_?prob"),
    "system": re.compile(r"system (role|messages?) (is |are )?not|conversation roles must alternate"),
}
#: OpenAI's and Anthropic's strict forms know no lengths, and say so by the key's name.
_LENGTHS = ("maxLength", "maxItems")
_VALUE = re.compile(r"value|must be|one of|expected")


def _without_lengths(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_lengths(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: _without_lengths(one) for key, one in schema.items() if key not in _LENGTHS or isinstance(one, dict)}


class Manners:
    """What one model at one endpoint takes. `options` says what to send, `learn` hears what was refused."""

    def __init__(self, thinking: Thinking) -> None:
        self._refused_forms: set[Form] = set()
        self._refused: set[str] = set()
        #: The most exact form that is still worth asking for, found by answers and not by refusals.
        self._best = Form.SCHEMA
        self._efforts = list(EFFORTS)
        self.thinking = thinking
        #: Whether the probabilities of the answer's tokens are asked for; servers that have none leave them out.
        self.probabilities = False
        #: Longest answer that the server was found to give; None while it gave what was asked for.
        self.most_tokens: int | None = None

    def form(self, below: Form | None = None) -> Form:
        """Return the form to ask in: the most exact one that was not refused, and, with `below`, simpler than that."""
        least = self._best if below is None else max(self._best, Form(min(below + 1, Form.PLAIN)))
        return next(form for form in Form if form >= least and form not in self._refused_forms)

    def settle_on(self, form: Form) -> None:
        """Ask in no more exact form from now on: the server took one and did not hold the model to it."""
        self._best = max(self._best, form)

    def options(self, schema: dict[str, Any] | None, form: Form | None, max_tokens: int) -> dict[str, Any]:
        """Return all parameters beside the model's name and the messages."""
        limit = "max_completion_tokens" if "max_tokens" in self._refused else "max_tokens"
        most = max_tokens if self.most_tokens is None else min(max_tokens, self.most_tokens)
        options: dict[str, Any] = {limit: most, "temperature": 0}
        options |= {"logprobs": True} if self.probabilities else {}
        options |= thinking_options(self.thinking, self._efforts)
        if schema is not None and form is not None:
            options |= form_options(form, _without_lengths(schema) if "lengths" in self._refused else schema)
        return {name: value for name, value in options.items() if name not in self._refused}

    def messages(self, messages: Sequence[Message]) -> list[Message]:
        """Return the messages as the server takes them: without a system role, its words begin the first question."""
        if "system" not in self._refused or len(messages) < 2 or messages[0]["role"] != "system":
            return list(messages)
        first, second, *others = messages
        return [{**second, "content": f"{first['content']}\n\n{second['content']}"}, *others]

    def learn(self, said: str, sent: Mapping[str, Any], form: Form | None) -> str | None:
        """Note which parameter a server refused in these words (in small letters).

        Return its name, or None where asking again would be the same question. Each refusal takes something away
        for good, so that there is an end.
        """
        for name, words in THINKING_OPTIONS.items():
            if name in sent and words.search(said):
                return self._less_thinking(name, said, sent)
        for name, words in _SIGNS.items():
            if name in sent and words.search(said):
                return self._drop(name)
        for name in _LIMITS:  # each name may stand in the refusal of the other one
            if name in sent and re.search(rf"(?<!\w){name}", said):
                return self._less_tokens(name, said, sent)
        if (
            form in (Form.SCHEMA, Form.TOOL)
            and "lengths" not in self._refused
            and re.search("max_?(length|items)", said)
        ):
            return self._drop("lengths")
        if form is not None and form in _FORM_SIGNS and _FORM_SIGNS[form].search(said):
            self._refused_forms.add(form)
            return f"answers by {form.name.lower()}"
        return None

    def _drop(self, name: str) -> str:
        self._refused.add(name)
        return name

    def _less_tokens(self, name: str, said: str, sent: Mapping[str, Any]) -> str:
        """Ask for no more than the server says it can give; where it speaks of no figure, go without the limit."""
        most = _AT_MOST.search(said)
        if most and 0 < int(most[1]) < sent[name]:
            self.most_tokens = int(most[1])
            return f"more than {self.most_tokens} tokens"
        return self._drop(name)

    def _less_thinking(self, name: str, said: str, sent: Mapping[str, Any]) -> str:
        """Leave the parameter out; of the one that has steps take the next one first, where steps are spoken of."""
        if name == "reasoning_effort" and len(self._efforts) > 1 and _VALUE.search(said):
            if self._efforts[0] == sent[name]:
                self._efforts.pop(0)
            return f"{name} {sent[name]}"
        return self._drop(name)
