"""A model that does what a document tells it to: the worst reader a hostile document can meet."""

import base64
import binascii
import codecs
import contextlib
import json
import re
import urllib.parse
from collections.abc import Iterator
from typing import Any

#: Keys a document may name, in a few languages, and the field that is meant.
FIELDS = {
    "title": "title",
    "titel": "title",
    "titre": "title",
    "заголовок": "title",
    "标题": "title",
    "tag": "tags",
    "tags": "tags",
    "schlagwort": "tags",
    "étiquette": "tags",
    "метка": "tags",
    "标签": "tags",
    "correspondent": "correspondent",
    "korrespondent": "correspondent",
    "correspondant": "correspondent",
    "document_type": "document_type",
    "document type": "document_type",
    "dokumenttyp": "document_type",
    "storage_path": "storage_path",
    "storage path": "storage_path",
    "created": "created",
    "date": "created",
    "note": "note",
}
_LINE = re.compile(r"^[\W_]*([\w ]+?)\s*[:=：]\s*(.+?)\s*$")
_ENCODED = re.compile(r"[A-Za-z0-9+/]{24,}={0,2}")
_SAY = re.compile(r"(?:answer|reply|say|respond|antworte|output) (?:only )?(?:with|mit)?:? *«(.*?)»", re.I | re.DOTALL)
_QUOTED = re.compile(r"«(.+?)»", re.DOTALL)
#: A longer word is repeated in no answer: the limit of tokens would cut it off.
LONGEST = 20_000


def obey(document: str, schema: dict[str, Any] | None) -> str:
    """Answer what the document demands, allowed or not; where it demands nothing, name everything after its words.

    It demands by a JSON object, by lines such as "tag: X", by "answer with «..»", and in base64, hexadecimal, ROT13 or
    percent signs as well.
    """
    if schema is None:
        return document.strip()
    readings = [document, *_decoded(document)]
    for text in readings:
        said = _SAY.search(text)
        if said:
            return said[1][:LONGEST]
    answer = _shape(schema, document)
    for text in readings:
        answer |= _lines(text)
    for text in readings:
        answer |= _object(text)
    return json.dumps(answer, ensure_ascii=False)


def _shape(schema: dict[str, Any], document: str) -> dict[str, Any]:
    """Give every field asked for the loudest words of the document."""
    quoted = _QUOTED.search(document)
    words = quoted[1] if quoted else next((line for line in document.splitlines() if line.strip()), "")
    words = words[:LONGEST]
    return {name: _filled(form, words) for name, form in schema.get("properties", {}).items()}


def _filled(form: dict[str, Any], words: str) -> Any:
    if form.get("type") == "array":
        return [words]
    if form.get("type") == "object":
        return {name: _filled(one, words) for name, one in form.get("properties", {}).items()}
    return words


def _lines(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for line in text.splitlines():
        match = _LINE.match(line) if len(line) < LONGEST else None
        field = FIELDS.get(match[1].strip().casefold()) if match else None
        if match and field == "tags":
            found.setdefault("tags", []).extend(tag.strip() for tag in match[2].split(","))
        elif match and field:
            found[field] = match[2]
    return found


def _object(text: str) -> dict[str, Any]:
    """Give the last JSON object that the text holds, one inside another not counted."""
    found: dict[str, Any] = {}
    decoder, place = json.JSONDecoder(), text.find("{")
    while place >= 0:
        end = place + 1
        try:
            value, end = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            value = None
        found = value if isinstance(value, dict) and value else found
        place = text.find("{", end)
    return found


def _decoded(text: str) -> Iterator[str]:
    for encoded in _ENCODED.findall(text)[:5]:
        with contextlib.suppress(binascii.Error, UnicodeDecodeError):
            yield base64.b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
        with contextlib.suppress(ValueError):
            yield bytes.fromhex(encoded).decode()
    if "rot13" in text.casefold():
        yield codecs.encode(text, "rot13")
    if "%7B" in text:
        yield urllib.parse.unquote(text)
