"""The page around every page: templates, texts, formats, and own files under names that change with their content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from sidecar import __version__
from sidecar.web.texts import LANGUAGES, asked, words

_HERE = Path(__file__).parent
#: The pages of the navigation: the key of their name, and where they are.
NAVIGATION = (
    ("overview", "/"),
    ("jobs", "/jobs"),
    ("reviews", "/reviews"),
    ("failures", "/failures"),
    ("spending", "/spending"),
    ("prompts", "/prompts"),
    ("api", "/api/docs"),
)
#: Those that only staff may open.
FOR_STAFF = (("settings", "/settings"), ("tokens", "/tokens"))
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".png": "image/png"}
FOR_EVER = "public, max-age=31536000, immutable"


class Shell:
    """Makes pages. `prefix` stands before all addresses; Paperless is at `paperless` for browsers.

    Times are those of `zone` and say so; where our script runs it makes them the reader's own.
    """

    def __init__(self, prefix: str, paperless: str, zone: tzinfo) -> None:
        self.prefix = prefix
        self._zone = zone
        self._paperless = paperless
        self._files: dict[str, tuple[bytes, str]] = {}
        self._addresses: dict[str, str] = {}
        for file in sorted((_HERE / "static").iterdir()):
            if file.suffix in TYPES:
                self._add(file)
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals |= {
            "url": self.url,
            "in_paperless": self.in_paperless,
            "static": self._addresses.__getitem__,
            "version": __version__,
            "NAVIGATION": NAVIGATION,
            "FOR_STAFF": FOR_STAFF,
        }
        self._templates.filters |= {"at": self.at}

    def _add(self, file: Path) -> None:
        data = file.read_bytes()
        name = f"{file.stem}.{hashlib.sha256(data).hexdigest()[:12]}{file.suffix}"
        self._files[name] = (data, TYPES[file.suffix])
        self._addresses[file.name] = self.url(f"/static/{name}")

    def compile(self) -> None:
        """Make all templates and texts ready, which else the first page of each does."""
        for name in self._templates.list_templates():
            self._templates.get_template(name)
        for language in LANGUAGES:
            words(language).told("")

    def url(self, path: str) -> str:
        """Return the address of one of our own pages."""
        return f"{self.prefix}{path}"

    def in_paperless(self, document_id: int) -> str:
        """Return the address of a document's page in Paperless."""
        return f"{self._paperless}/documents/{document_id}/details"

    def static(self, name: str) -> Response | None:
        """Return one of our own files, None if there is none of this name."""
        found = self._files.get(name)
        if found is None:
            return None
        return Response(found[0], media_type=found[1], headers={"Cache-Control": FOR_EVER})

    def page(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: Any,
    ) -> HTMLResponse:
        """Return a page in the language of the browser."""
        query = f"?{request.url.query}" if request.url.query else ""
        back = f"{request.url.path.removeprefix(self.prefix)}{query}" if request.method == "GET" else "/"
        text = self.part(template, asked(request), **{"back": back, **values})
        return HTMLResponse(text, status_code=status, headers=headers)

    def part(self, template: str, language: str, **values: Any) -> str:
        """Return a page, or a part of one, as text."""
        t = words(language)
        return self._templates.get_template(template).render(t=t, lang=language, **values)

    def at(self, time: datetime | None) -> Markup:
        """Return a time as an element of a page, with the day where it is not today's; nothing for None."""
        if time is None:
            return Markup("")
        local = time.astimezone(self._zone)
        is_today = local.date() == datetime.now(self._zone).date()
        said = f"{local:%H:%M:%S %Z}" if is_today else f"{local:%Y-%m-%d %H:%M %Z}"
        return Markup('<time datetime="{}">{}</time>').format(time.isoformat(timespec="seconds"), said)
