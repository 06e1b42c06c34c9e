"""Full-text search of the practice archive: plain word overlap, always the same for the same documents."""

import re
from collections import Counter
from functools import lru_cache
from typing import Any

from sidecar.practice.archive_errors import refuse, refuse_html
from sidecar.practice.archive_filters import matching_ids
from sidecar.practice.archive_http import Call
from sidecar.practice.archive_state import State, marks
from sidecar.practice.archive_versions import SHOWN_CONTENT

MODES = ("text", "title_search", "query", "more_like_id")
#: Shorter words say little about likeness.
LIKENESS_WORD_LENGTH = 4
HIGHLIGHT_LENGTH = 150


def search_mode(call: Call) -> str | None:
    """Say which search the query asks for, None for a plain list."""
    asked = [mode for mode in MODES if mode in call.params]
    if len(asked) > 1:
        refuse(400, {"detail": "Specify only one of text, title_search, query, or more_like_id."})
    return asked[0] if asked else None


def hits(call: Call, mode: str) -> dict[int, dict[str, Any]]:
    """Give the hits among the filtered documents, best first: id -> what __search_hit__ says."""
    texts = _texts(call.state, matching_ids(call))
    wanted = call.params[mode]
    scores = _likeness(call, texts) if mode == "more_like_id" else _matches(texts, mode, wanted)
    ranked = sorted(scores, key=lambda document_id: (-scores[document_id], -document_id))
    shown = {document_id: 0.0 if mode == "more_like_id" else scores[document_id] for document_id in ranked}
    return {
        document_id: {
            "score": shown[document_id],
            "highlights": "" if mode == "more_like_id" else _highlight(texts[document_id]["content"], wanted),
            "note_highlights": None,
            "rank": rank,
        }
        for rank, document_id in enumerate(ranked, start=1)
    }


def _texts(state: State, ids: list[int]) -> dict[int, dict[str, str]]:
    rows = state.rows(
        f"SELECT d.id, d.title, {SHOWN_CONTENT} AS content, coalesce(c.name, '') AS correspondent,"  # noqa: S608 - question marks
        " coalesce((SELECT group_concat(n.name, char(10)) FROM document_tags t JOIN names n"
        " ON n.kind = 'tags' AND n.id = t.tag_id WHERE t.document_id = d.id), '') AS tags"
        " FROM documents d LEFT JOIN names c ON c.kind = 'correspondents' AND c.id = d.correspondent"
        f" WHERE d.id IN ({marks(ids)})",
        ids,
    )
    return {row["id"]: dict(row) for row in rows}


def _matches(texts: dict[int, dict[str, str]], mode: str, wanted: str) -> dict[int, float]:
    if "[" in wanted and "]" not in wanted:
        refuse_html(400, "Error listing search results, check logs for more detail.")
    alternatives = [part.split() for part in re.split(r"\bOR\b", wanted)]
    scores = {}
    for document_id, text in texts.items():
        best = max(_score(text, mode, terms) for terms in alternatives)
        if best > 0:
            scores[document_id] = best
    return scores


def _score(text: dict[str, str], mode: str, terms: list[str]) -> float:
    """Count the terms' occurrences; 0 if one is missing."""
    counts = [_occurrences(text, mode, term) for term in terms if term != "AND"]
    return float(sum(counts)) if counts and all(counts) else 0.0


def _occurrences(text: dict[str, str], mode: str, term: str) -> int:
    field, _, value = term.partition(":")
    if value and field == "tag":
        return text["tags"].lower().split("\n").count(value.lower())
    if value and field in ("title", "content", "correspondent"):
        return words(text[field])[value.lower()]
    if mode == "title_search":
        return words(text["title"])[term.lower()]
    return words("\n".join((text["title"], text["content"], text["correspondent"], text["tags"])))[term.lower()]


def words(text: str) -> Counter[str]:
    """Count the words of a text in lower case."""
    return Counter(re.findall(r"[^\W_]+(?:-[^\W_]+)*", text.lower()))


def _likeness(call: Call, texts: dict[int, dict[str, str]]) -> dict[int, float]:
    wanted = call.params["more_like_id"]
    like = _texts(call.state, [int(wanted)] if wanted.isdigit() else [])
    if not like:
        refuse_html(403, "Invalid more_like_id")
    own = _long_words(like[int(wanted)])
    scores = {document_id: float(len(own & _long_words(text))) for document_id, text in texts.items()}
    return {key: score for key, score in scores.items() if score > 0 and key != int(wanted)}


def _long_words(text: dict[str, str]) -> frozenset[str]:
    return _long_words_of(f"{text['title']}\n{text['content']}")


@lru_cache(maxsize=4096)
def _long_words_of(text: str) -> frozenset[str]:
    return frozenset(word for word in words(text) if len(word) >= LIKENESS_WORD_LENGTH)


def _highlight(content: str, wanted: str) -> str:
    for term in wanted.split():
        if found := re.search(rf"\b{re.escape(term)}\b", content, re.IGNORECASE):
            start = max(0, found.start() - HIGHLIGHT_LENGTH // 2)
            end = found.end() + HIGHLIGHT_LENGTH // 2
            return f"{content[start : found.start()]}<b>{found[0]}</b>{content[found.end() : end]}"
    return ""
