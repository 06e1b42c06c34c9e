"""How the practice model answers: plain rules over the document's own words, in the shape a schema asks for."""

import re
from datetime import date
from typing import Any

MAX_TITLE_LENGTH = 100
SHORT_LINE_LENGTH = 15
#: So many lines say what a paper is; further down a name may be spoken of in passing (10. Insurance).
HEAD_LINES = 8
#: Words by which a paper is what it does not call itself.
SAYS_AS_MUCH = {"contract": ["agreement"], "invoice": ["bill"], "letter": ["dear", "sehr geehrte", "sehr geehrter"]}

_MONTHS = [
    ("january", "januar", "jänner", "jan"),
    ("february", "februar", "feb"),
    ("march", "märz", "maerz", "mar", "mrz"),
    ("april", "apr"),
    ("may", "mai"),
    ("june", "juni", "jun"),
    ("july", "juli", "jul"),
    ("august", "aug"),
    ("september", "sept", "sep"),
    ("october", "oktober", "oct", "okt"),
    ("november", "nov"),
    ("december", "dezember", "dec", "dez"),
]
MONTHS = {name: number for number, names in enumerate(_MONTHS, start=1) for name in names}
_MONTH = "(?P<name>" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")\b\.?"
_YEAR, _DAY = r"(?P<year>(?:19|20)\d\d)", r"(?P<day>\d{1,2})"
_DATES = [
    re.compile(rf"\b{_YEAR}-(?P<month>\d\d)-(?P<day>\d\d)\b"),
    re.compile(rf"\b{_DAY}\.\s?(?P<month>\d{{1,2}})\.\s?{_YEAR}\b"),
    re.compile(rf"\b{_DAY}(?:\.|st|nd|rd|th)?\s+{_MONTH},?\s+{_YEAR}\b", re.IGNORECASE),
    re.compile(rf"\b{_MONTH}\s+{_DAY}(?:st|nd|rd|th)?,?\s+{_YEAR}\b", re.IGNORECASE),
]

#: Fields whose choices are figures of the document.
_FIGURES = re.compile("created|amount|total|betrag|summe", re.IGNORECASE)


def first_date(text: str) -> str | None:
    """Find the first date of a text, English or German, as YYYY-MM-DD."""
    found = sorted((match.start(), match) for pattern in _DATES for match in pattern.finditer(text))
    for _, match in found:
        parts = match.groupdict()
        month = MONTHS[parts["name"].lower()] if parts.get("name") else int(parts["month"])
        try:
            return date(int(parts["year"]), month, int(parts["day"])).isoformat()
        except ValueError:
            continue
    return None


def first_amount(text: str) -> str | None:
    """Find the first amount of money of a text, as it is written."""
    found = re.search(r"(?:[€$£]|[A-Z]{3}) ?\d[\d.,' ]*[.,]\d\d\b|\b\d[\d.,' ]*[.,]\d\d ?(?:[€$£]|[A-Z]{3}\b)", text)
    return found[0] if found else None


def sensible_title(text: str, longest: int = MAX_TITLE_LENGTH) -> str:
    """Make a title of the first line that says something, with the next one if it is short."""
    lines = [" ".join(line.split()) for line in text.splitlines()]
    telling = [line for line in lines if len(re.findall(r"[^\W\d_]", line)) >= 3]
    title = ", ".join(telling[:2] if telling and len(telling[0]) < SHORT_LINE_LENGTH else telling[:1])
    if len(title) <= longest:
        return title
    return title[: longest + 1].rsplit(" ", 1)[0][:longest]


def names_in(names: list[str], text: str) -> list[str]:
    """Give the names that stand in the text as whole words, or words that say as much, the longest first."""
    ranked = sorted(names, key=lambda name: (-len(name), name))
    return [name for name in ranked if _place(name, text) is not None]


def topmost(names: list[str], text: str) -> str | None:
    """Give the name that stands first in the text; of two in one place the longer one."""
    found = {name: place for name in names_in(names, text) if (place := _place(name, text)) is not None}
    return min(found, key=lambda name: found[name], default=None)


def _place(name: str, text: str) -> int | None:
    """Give where a name stands first in the text; None if it does not."""
    words = "|".join(map(re.escape, (name, *SAYS_AS_MUCH.get(name.lower(), ()))))
    found = re.search(rf"(?<!\w)(?:{words})(?!\w)", text, re.IGNORECASE)
    return found.start() if found else None


def head(text: str) -> str:
    """Give the lines of a text that say what it is: the first ones that are not empty."""
    return "\n".join([line for line in text.splitlines() if line.strip()][:HEAD_LINES])


class SchemaAnswerer:
    """Fills a JSON schema from a document."""

    def __init__(self, schema: dict[str, Any], document: str, unknown_name: str | None = None) -> None:
        self._root = schema
        self._document = document
        #: Chosen wherever a list of allowed names is given, to misbehave.
        self._unknown_name = unknown_name

    def answer(self) -> Any:
        """Give a value of the schema's shape."""
        return self._value("", self._root)

    def _value(self, name: str, schema: dict[str, Any]) -> Any:
        forms = [self._resolved(form) for form in self._forms(schema)]
        nullable = any(_is_null(form) for form in forms)
        for form in forms:
            if "enum" in form or "const" in form:
                return self._choice(name, form, nullable)
        real = [form for form in forms if not _is_null(form)]
        return self._plain(name, real[0] if real else {}, nullable)

    def _forms(self, schema: dict[str, Any]) -> list[dict[str, Any]]:
        """List the alternatives of a schema, with a type list taken apart."""
        schema = self._resolved(schema)
        for key in ("anyOf", "oneOf"):
            if key in schema:
                return [form for option in schema[key] for form in self._forms(option)]
        if isinstance(schema.get("type"), list):
            return [{**schema, "type": one} for one in schema["type"]]
        return [schema]

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            target: Any = self._root
            for part in schema["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            schema = {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
        return schema

    def _choice(self, name: str, form: dict[str, Any], nullable: bool) -> Any:
        options = form.get("enum", [form.get("const")])
        if self._unknown_name is not None and not _FIGURES.search(name):
            return self._unknown_name
        by_text = {str(option): option for option in options if option is not None}
        said = self._string(name, {}, nullable=True) if _FIGURES.search(name) else None  # its date, its total
        figures = [one for one in by_text if said and one in said]
        found = figures[0] if figures else topmost(list(by_text), self._document)
        if found:
            return by_text[found]
        return None if nullable or None in options else options[0]

    def _plain(self, name: str, form: dict[str, Any], nullable: bool) -> Any:
        kind = form.get("type") or ("object" if "properties" in form else "string")
        if kind == "object":
            return {key: self._value(key, one) for key, one in form.get("properties", {}).items()}
        if kind == "array":
            return self._list(form)
        if kind != "string":
            found = self._said(name)
            number = re.search(r"-?\d+(?:\.\d+)?", found or "")
            if number and kind in ("integer", "number"):
                return int(float(number[0])) if kind == "integer" else float(number[0])
            if found and kind == "boolean":
                return found.lower() in ("yes", "ja", "true")
            return None if nullable else {"boolean": False, "integer": 0, "number": 0}.get(kind)
        return self._string(name, form, nullable)

    def _string(self, name: str, form: dict[str, Any], nullable: bool) -> str | None:
        fallback = None if nullable else ""
        if "title" in name:
            return sensible_title(self._document, min(form.get("maxLength", 10**6), MAX_TITLE_LENGTH)) or fallback
        if "created" in name:
            return first_date(self._document) or fallback
        if "summary" in name:
            return f"It begins: {sensible_title(self._document)}."
        said = self._said(name)
        if "date" in name.lower():
            return first_date(said or "") or first_date(self._document) or fallback
        if re.search("amount|total|betrag|summe", name, re.IGNORECASE):
            lines = filter(None, (said, self._said("Amount"), self._said("Total"), self._document))
            return next(filter(None, map(first_amount, lines)), fallback)
        return said or fallback

    def _said(self, name: str) -> str | None:
        """Find what stands behind the field's name on a line of the document, as in "Due date: 1 May 2026"."""
        if not name:
            return None
        found = re.search(rf"^\W*{re.escape(name)}\b[:.\s]*(\S.*)$", self._document, re.IGNORECASE | re.MULTILINE)
        return found[1].strip() if found else None

    def _list(self, form: dict[str, Any]) -> list[Any]:
        options = [
            option
            for item in self._forms(form.get("items", {}))
            for option in item.get("enum", [])
            if option is not None
        ]
        if self._unknown_name is not None and options:
            return [self._unknown_name]
        by_text = {str(option): option for option in options}
        names = names_in(list(by_text), head(self._document)) or names_in(list(by_text), self._document)
        found = [by_text[name] for name in names]
        return found[: form.get("maxItems", len(found))]


def _is_null(form: dict[str, Any]) -> bool:
    return form.get("type") == "null" or form.get("enum") == [None]
