"""The cause behind a reason: what is left of a sentence without that which differs from document to document."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

#: Stands where something was left out.
GAP = "…"
#: Of a longer reason, so much tells causes apart, in characters.
READ_MAX, CAUSE_MAX = 2000, 300

#: In this order: an address may hold numbers, and a quoted name anything.
_DIFFERENT = re.compile(
    r"""
    https?://[^\s"'<>]+                                # addresses
    | "[^"\n]*" | “[^”\n]*” | „[^“”\n]*[“”] | «[^»\n]*» | `[^`\n]*`
    | (?<!\w)'(?:[^'\n]|(?<=\w)'(?=\w))*'(?!\w) | (?<!\w)‘[^’\n]*’(?!\w)  # names, not apostrophes
    | (?<![\w/])/[\w.-]+(?:/[\w.-]+)+                  # paths of files
    | \b[\w-]+(?:\.[\w-]+)+:\d+\b                      # host and port
    | \b[0-9a-fA-F]{8,}\b                              # digests
    | \d+(?:[.,:\-/]\d+)*                              # numbers, amounts, dates and times
    """,
    re.VERBOSE,
)
_GAPS = re.compile(r"…(?:[\s,;:x×*/+-]*…)+")


@lru_cache(maxsize=20_000)
def cause_of(reason: str) -> str:
    """Return the reason without numbers, quoted names and addresses, in one line of at most 300 characters."""
    line = " ".join(reason[:READ_MAX].split())
    bare = _GAPS.sub(GAP, _DIFFERENT.sub(GAP, line)).rstrip()
    return bare if len(bare) <= CAUSE_MAX else f"{bare[: CAUSE_MAX - 1]}{GAP}"


def key_of(kind: str, cause: str) -> str:
    """Return by what a cause is named in addresses: nothing of its words, which may be a document's, is in it."""
    return hashlib.sha256(f"{kind} {cause}".encode()).hexdigest()[:16]
