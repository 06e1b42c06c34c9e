"""Models that think aloud before they answer: switching it off, and taking it off what they say.

Marks of the thoughts by model: `<think>` (Qwen, DeepSeek, and most others, sometimes without its beginning since
that stood in the question), `◁think▷` (Kimi), `<|channel|>analysis<|message|>` (gpt-oss), `[THINK]` (Magistral),
`<|begin_of_thought|>` (OpenThinker), `<seed:think>` (Seed-OSS). Servers that part them hand them over as
`reasoning_content` (llama.cpp, vLLM, DeepSeek) or `reasoning` (Ollama, OpenRouter).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sidecar.domain.thinking import Thinking

#: From no thinking to little, for models that cannot leave it (gpt-5.1: none, gpt-5: minimal, o-series: low).
EFFORTS = ("none", "minimal", "low")
#: The parameters that switch it, and the words of a refusal that are about each.
THINKING_OPTIONS: Mapping[str, re.Pattern[str]] = {
    "chat_template_kwargs": re.compile(r"template_kwargs|enable_thinking"),
    "reasoning_effort": re.compile(r"reasoning[_. ]effort|reasoning is not|think(ing)? value"),
    "think": re.compile(r"(?<![\w.])['\"`]?think['\"`]?(?!\w)|does not support thinking"),
}

_NAMES = r"think|thinking|thought|thoughts|reasoning|analysis|seed:think"
_PAIRS = (
    (rf"<(?:{_NAMES})>", rf"</(?:{_NAMES})>"),
    (r"◁think▷", r"◁/think▷"),
    (r"\[THINK\]", r"\[/THINK\]"),
    (r"<\|begin_of_thought\|>", r"<\|end_of_thought\|>"),
)
_START = tuple(re.compile(rf"\A\s*{begin}", re.IGNORECASE) for begin, _ in _PAIRS)
_WHOLE = tuple(re.compile(rf"\A\s*{begin}.*?{end}", re.IGNORECASE | re.DOTALL) for begin, end in _PAIRS)
_REST = tuple(re.compile(rf"\A.*{end}", re.IGNORECASE | re.DOTALL) for _, end in _PAIRS)
#: gpt-oss: what is for the reader comes in the channel `final`.
_FINAL = re.compile(r"<\|channel\|>\s*final\b.{0,60}?<\|message\|>")
_CHANNEL = re.compile(r"<\|channel\|>\s*(?:analysis|commentary)\b")
_MARK = re.compile(
    r"<\|(?:start|end|return|message|call|im_end|eot_id|begin_of_solution|end_of_solution)\|>(?:assistant)?"
)


def thinking_options(thinking: Thinking, efforts: Sequence[str]) -> dict[str, Any]:
    """Return the parameters that switch thinking; a server that knows one of them passes over the others or says so."""
    if thinking is Thinking.AUTO:
        return {}
    if thinking is Thinking.ON:
        return {"chat_template_kwargs": {"enable_thinking": True}, "think": True}
    return {
        "chat_template_kwargs": {"enable_thinking": False},
        "reasoning_effort": efforts[0],
        "think": False,
    }


def thoughtless(text: str) -> str:
    """Return the answer without the thoughts before it. Thoughts that never end leave nothing."""
    if final := list(_FINAL.finditer(text)):
        text = text[final[-1].end() :]
    elif _CHANNEL.search(text):
        return ""
    for start, whole, rest in zip(_START, _WHOLE, _REST, strict=True):
        while found := whole.match(text):
            text = text[found.end() :]
        if start.match(text):
            return ""
        # An end without its beginning: that stood in the question, as the templates of some models have it.
        outside = rest.match(text)
        if outside and not re.match(r"\s*[{\[`]", text):
            text = text[outside.end() :]
    return _MARK.sub("", text).strip()
