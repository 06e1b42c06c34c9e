"""The part of a long text that a model is shown: its beginning and its end, where letters say what they are."""

from __future__ import annotations

#: A cautious average over languages; providers count differently anyway.
CHARACTERS_PER_TOKEN = 3
ELLIPSIS = "\n[...]\n"


def excerpt(content: str, limit: int) -> str:
    """Return the content, or its first three quarters and last quarter of `limit` characters, cut at white space."""
    text = content.strip()
    if len(text) <= limit:
        return text
    head, tail = text[: limit * 3 // 4], text[-(limit // 4) :]
    return head.rsplit(None, 1)[0] + ELLIPSIS + tail.split(None, 1)[-1]
