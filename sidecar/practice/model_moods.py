"""The ways a language model's answers go wrong, on request."""

import re
import threading
import time
from dataclasses import dataclass, replace
from typing import Any, Literal

from sidecar.practice.model_rejections import CHARACTERS_PER_TOKEN, CONTEXT_TOKENS, RejectionMode, is_met, is_refusal

#: The ways an answer goes wrong, and behind them those in which none is given.
AnswerMode = Literal[
    "garbage",
    "cut_off",
    "refuse",
    "empty",
    "fenced",
    "thinking",
    "unknown_name",
    # Text before and behind the object, as small models write.
    "talkative",
    # The end of thoughts whose beginning stood in the question: templates of DeepSeek-R1 and Qwen3.
    "thinking_without_a_start",
    # Thoughts up to the token limit, unless switched off: Qwen3 behind llama.cpp or vLLM.
    "thinking_for_ever",
    # The channels of gpt-oss, where a server hands them on as they are.
    "channels",
    # Kimi's marks.
    "kimi",
    # vLLM and llama.cpp: thoughts by themselves.
    "reasoning_content",
    # vLLM with a reasoning parser and thinking off: the answer where the thoughts are expected.
    "all_is_reasoning",
    # Mistral's Magistral: content in parts.
    "content_in_parts",
    # A server that takes json_schema and does not keep to it: Ollama with gpt-oss, older LM Studio.
    "ignore_json_schema",
    # Ollama: what has no room in num_ctx is left out of the question without a word.
    "truncate_as_ollama",
    # Proxies that do not count.
    "no_usage",
    # OpenRouter: an error with status 200.
    "error_in_200",
    "no_choices",
    "null_content",
    # Azure.
    "content_filter",
    # No product: does whatever the document demands.
    "obedient",
]
Mode = AnswerMode | RejectionMode
#: Of a probability of 0.99.
LOGPROB = -0.01005
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
        if self.mode == "ignore_json_schema":
            return (body.get("response_format") or {}).get("type") == "json_schema"
        if self.mode == "thinking_for_ever":
            return (body.get("chat_template_kwargs") or {}).get("enable_thinking") is not False
        return not is_refusal(self.mode) or is_met(self.mode, body)


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
class Completion:
    """What the model says, as the first choice carries it."""

    content: str | list[dict[str, Any]] | None
    finish_reason: str = "stop"
    refusal: str | None = None
    reasoning: str | None = None


THOUGHTS = "The user wants {some} JSON. Let me look."


def completion(mode: Mode | None, content: str, limit_tokens: int | None, *, is_json: bool) -> Completion:
    """Spoil an answer as the mode says; cut it off at the caller's limit of tokens."""
    if mode == "refuse" and not is_json:
        return Completion(REFUSAL)
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": THOUGHTS}]}
    whole = {
        "refuse": Completion(None, refusal=REFUSAL),
        "cut_off": Completion(content[: len(content) // 2], "length"),
        "content_filter": Completion(content[:10], "content_filter"),
        "null_content": Completion(None),
        "thinking_for_ever": Completion(f"<think>\n{THOUGHTS}" * 3, "length"),
        "reasoning_content": Completion(content, reasoning=THOUGHTS),
        "all_is_reasoning": Completion(None, reasoning=content),
        "content_in_parts": Completion([thinking, {"type": "text", "text": content}]),
    }
    if mode in whole:
        return whole[mode]
    spoiled = {
        "garbage": "Certainly! The document seems to be about {several} things, see above.",
        "ignore_json_schema": "Title: a letter. Tags: several of them.",
        "empty": "",
        "fenced": f"```json\n{content}\n```",
        "thinking": f"<think>\n{THOUGHTS}\n</think>\n\n{content}",
        "thinking_without_a_start": f"{THOUGHTS}\n</think>\n\n{content}",
        "channels": "<|channel|>analysis<|message|>" + THOUGHTS + "<|end|><|start|>assistant<|channel|>final"
        f"<|message|>{content}<|return|>",
        "kimi": f"◁think▷{THOUGHTS}◁/think▷{content}",
        "talkative": f"Here is the {{JSON}} you asked for:\n\n{content}\n\nLet me know if {{anything}} is missing!",
    }
    said = spoiled.get(mode or "", content)
    if limit_tokens is not None and len(said) > limit_tokens * CHARACTERS_PER_TOKEN:
        return Completion(said[: limit_tokens * CHARACTERS_PER_TOKEN], "length")
    return Completion(said)


def chat_body(
    number: int,
    model: str,
    prompt_characters: int,
    done: Completion,
    *,
    mode: Mode | None = None,
    tool: str | None = None,
    probabilities: bool = False,
) -> dict[str, Any]:
    """Shape a completion as the wire carries it, with its usage; with a `tool`, as a call of that.

    With `probabilities` each word and mark of the answer has one: 0.99.
    """
    prompt_tokens = -(-prompt_characters // CHARACTERS_PER_TOKEN)
    if mode == "truncate_as_ollama":
        prompt_tokens = min(prompt_tokens, CONTEXT_TOKENS)
    completion_tokens = -(-len(str(done.content or done.refusal or "")) // CHARACTERS_PER_TOKEN)
    message: dict[str, Any] = {"role": "assistant", "content": done.content, "refusal": done.refusal}
    if done.reasoning is not None:
        message["reasoning_content"] = done.reasoning
    if tool is not None and done.content:
        call = {"id": "call_1", "type": "function", "function": {"name": tool, "arguments": done.content}}
        message |= {"content": None, "tool_calls": [call]}
    logprobs = {"content": _pieces(str(done.content or ""))} if probabilities else None
    choice = {"index": 0, "message": message, "logprobs": logprobs, "finish_reason": done.finish_reason}
    body = {
        "id": f"chatcmpl-practice-{number}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [] if mode == "no_choices" else [choice],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        },
        "system_fingerprint": "practice model",
    }
    if mode == "no_usage":
        del body["usage"]
    if mode == "error_in_200":
        error = {"message": "Provider returned error", "code": 502, "metadata": {"provider_name": "Somebody"}}
        return {"error": error, "user_id": "user_1"}
    return body


def _pieces(text: str) -> list[dict[str, Any]]:
    return [
        {"token": one, "logprob": LOGPROB, "bytes": None, "top_logprobs": []} for one in re.findall(r"\w+|\W", text)
    ]
