"""What model servers refuse, each in the words of the product it is taken from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

#: Each is the name of a refusal; those of length are of a server with room for CONTEXT_TOKENS.
RejectionMode = Literal[
    "reject_temperature",
    "reject_logprobs",
    "reject_json_schema",
    "reject_json_schema_as_llama_cpp_python",
    "reject_lengths",
    "reject_response_format",
    "reject_max_tokens",
    "reject_many_tokens",
    "reject_tools_as_ollama",
    "reject_tools_as_vllm",
    "reject_thinking_as_openai",
    "reject_thinking_as_ollama",
    "reject_effort_none",
    "reject_system_role",
    "too_long_as_openai",
    "too_long_as_llama_cpp",
    "too_long_as_vllm",
    "too_long_as_lm_studio",
    "too_long_as_tgi",
    "too_long_as_gemini",
    "too_long_as_sglang",
    "too_long_as_mistral",
    "too_long_for_a_minute",
]
CONTEXT_TOKENS = 1500
#: Refusals for which the answer's room counts as well.
_WITH_THE_ANSWER = ("too_long_as_vllm", "too_long_as_tgi", "too_long_for_a_minute")
CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True)
class Rejection:
    """What a server says about a request that it does not take."""

    message: str
    param: str | None = None
    code: str | None = None
    status: int = 400
    #: More keys of the error.
    more: Mapping[str, Any] = field(default_factory=dict)


def asked_tokens(body: Mapping[str, Any]) -> int:
    """Count the tokens of a question, as this model counts: four characters each."""
    parts: list[str] = []
    for message in body.get("messages", []):
        content = message.get("content") or ""
        parts += [content] if isinstance(content, str) else [part.get("text") or "" for part in content]
    return -(-sum(map(len, parts)) // CHARACTERS_PER_TOKEN)


def asked_for_tokens(body: Mapping[str, Any]) -> int:
    """Return how long an answer may be."""
    return int(body.get("max_completion_tokens") or body.get("max_tokens") or 0)


def _format(body: Mapping[str, Any]) -> str:
    return str((body.get("response_format") or {}).get("type", ""))


#: When a request brings the refusal out.
_MEETS: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "reject_temperature": lambda body: "temperature" in body,
    "reject_logprobs": lambda body: bool(body.get("logprobs")),
    "reject_json_schema": lambda body: _format(body) == "json_schema",
    "reject_json_schema_as_llama_cpp_python": lambda body: _format(body) == "json_schema",
    "reject_lengths": lambda body: "'maxLength'" in str(body.get("response_format")),
    "reject_response_format": lambda body: "response_format" in body,
    "reject_max_tokens": lambda body: "max_tokens" in body,
    "reject_many_tokens": lambda body: asked_for_tokens(body) > CONTEXT_TOKENS,
    "reject_tools_as_ollama": lambda body: "tools" in body,
    "reject_tools_as_vllm": lambda body: "tools" in body,
    "reject_thinking_as_openai": lambda body: bool({"chat_template_kwargs", "think"} & set(body)),
    "reject_thinking_as_ollama": lambda body: "think" in body,
    "reject_effort_none": lambda body: body.get("reasoning_effort") == "none",
    "reject_system_role": lambda body: any(message["role"] == "system" for message in body["messages"]),
}


def is_met(mode: str, body: Mapping[str, Any]) -> bool:
    """Say whether a request brings a refusal out; any other mode is no refusal, and not asked about here."""
    if mode.startswith("too_long"):
        answer = asked_for_tokens(body) if mode in _WITH_THE_ANSWER else 0
        return asked_tokens(body) + answer > CONTEXT_TOKENS
    return _MEETS[mode](body)


def is_refusal(mode: str) -> bool:
    """Say whether the mode is one of these."""
    return mode in get_args(RejectionMode)


def rejection(mode: RejectionMode, body: Mapping[str, Any]) -> Rejection:
    """Say why a request is not taken."""
    if mode.startswith("too_long"):
        return _TOO_LONG[mode](CONTEXT_TOKENS, asked_tokens(body), asked_for_tokens(body))
    return _REJECTIONS[mode](body)


_REJECTIONS: Mapping[str, Callable[[Mapping[str, Any]], Rejection]] = {
    "reject_temperature": lambda _: Rejection(
        "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.",
        "temperature",
        "unsupported_value",
    ),
    "reject_logprobs": lambda _: Rejection(
        "You are not allowed to request logprobs from this model", "logprobs", status=403
    ),
    "reject_json_schema": lambda _: Rejection(
        "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.",
        "response_format",
        "unsupported_parameter",
    ),
    "reject_json_schema_as_llama_cpp_python": lambda _: Rejection(
        "[{'type': 'literal_error', 'loc': ('body', 'response_format', 'type'), "
        "'msg': \"Input should be 'text' or 'json_object'\", 'input': 'json_schema'}]",
        status=500,
    ),
    "reject_lengths": lambda _: Rejection(
        "Invalid schema for response_format 'filing': In context=('properties', 'title', 'type', '0'), 'maxLength' is "
        "not permitted.",
        "response_format",
    ),
    "reject_response_format": lambda _: Rejection(
        "response_format is not supported by this provider", "response_format"
    ),
    "reject_max_tokens": lambda _: Rejection(
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        "max_tokens",
        "unsupported_parameter",
    ),
    "reject_many_tokens": lambda body: Rejection(
        f"max_tokens is too large: {asked_for_tokens(body)}. This model supports at most {CONTEXT_TOKENS} completion "
        f"tokens, whereas you provided {asked_for_tokens(body)}.",
        "max_tokens",
        "invalid_value",
    ),
    "reject_tools_as_ollama": lambda _: Rejection("registry.ollama.ai/library/gemma:2b does not support tools"),
    "reject_tools_as_vllm": lambda body: Rejection(
        "tool_choice 'filing' requires --tool-call-parser to be set"
        if "tool_choice" in body
        else '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'
    ),
    "reject_thinking_as_openai": lambda body: Rejection(
        "Unrecognized request argument supplied: "
        + next(name for name in ("chat_template_kwargs", "think") if name in body)
    ),
    "reject_thinking_as_ollama": lambda _: Rejection('"llama3.2" does not support thinking'),
    "reject_effort_none": lambda _: Rejection(
        "Unsupported value: 'reasoning_effort' does not support 'none' with this model. Supported values are: "
        "'minimal', 'low', 'medium', and 'high'.",
        "reasoning_effort",
        "unsupported_value",
    ),
    "reject_system_role": lambda _: Rejection("System role not supported", status=500),
}


_TOO_LONG: Mapping[str, Callable[[int, int, int], Rejection]] = {
    "too_long_as_openai": lambda room, asked, _: Rejection(
        f"This model's maximum context length is {room} tokens. However, your messages resulted in {asked} tokens. "
        "Please reduce the length of the messages.",
        "messages",
        "context_length_exceeded",
    ),
    "too_long_as_llama_cpp": lambda room, asked, _: Rejection(
        f"request ({asked} tokens) exceeds the available context size ({room} tokens), try increasing it",
        more={"type": "exceed_context_size_error", "n_prompt_tokens": asked, "n_ctx": room},
    ),
    "too_long_as_vllm": lambda room, asked, answer: Rejection(
        f"This model's maximum context length is {room} tokens. However, you requested {asked + answer} tokens "
        f"({asked} in the messages, {answer} in the completion). Please reduce the length of the messages or "
        "completion.",
        code="400",
    ),
    "too_long_as_lm_studio": lambda room, asked, _: Rejection(
        f"Trying to keep the first {asked} tokens when context the overflows. However, the model is loaded with "
        f"context length of only {room} tokens, which is not enough. Try to load the model with a larger context "
        "length, or provide a shorter input"
    ),
    "too_long_as_tgi": lambda room, asked, answer: Rejection(
        f"Input validation error: `inputs` tokens + `max_new_tokens` must be <= {room}. Given: {asked} `inputs` tokens "
        f"and {answer} `max_new_tokens`",
        status=422,
    ),
    "too_long_as_gemini": lambda room, asked, _: Rejection(
        f"The input token count ({asked}) exceeds the maximum number of tokens allowed ({room}).",
        code="INVALID_ARGUMENT",
    ),
    "too_long_as_sglang": lambda room, asked, _: Rejection(
        f"The input ({asked} tokens) is longer than the model's context length ({room} tokens)."
    ),
    "too_long_as_mistral": lambda room, asked, _: Rejection(
        f"Prompt contains {asked} tokens and 0 draft tokens, too large for model with {room} maximum context length",
        code="3051",
    ),
    "too_long_for_a_minute": lambda room, asked, answer: Rejection(
        f"Request too large for gpt-4o in organization org-x on tokens per min (TPM): Limit {room}, Requested "
        f"{asked + answer}. The input or output tokens must be reduced in order to run successfully.",
        code="rate_limit_exceeded",
        status=429,
    ),
}
