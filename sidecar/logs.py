"""Log lines for people or for machines: each says which job it belongs to, and none holds a secret."""

from __future__ import annotations

import json as json_text
import logging
import re
import sys
from collections.abc import Collection
from urllib.parse import quote

import structlog

from sidecar.observe.context import here

HIDDEN = "[secret]"
#: What looks like a secret wherever it comes from: login headers, and passwords in addresses.
_LOOKS_SECRET = (
    (re.compile(r"(?i)\b(bearer|token|basic)(\s+|=|%20)(?=[^\s]*\d)[A-Za-z0-9._~+/=-]{16,}"), rf"\1\2{HIDDEN}"),
    (re.compile(r"(?<=://)([^/\s:@]*):([^/\s@]+)@"), rf"\1:{HIDDEN}@"),
)
#: Libraries that tell what only their authors want to know, or that repeat addresses with secrets in them.
_CHATTY = ("httpx", "httpcore", "httpx2", "httpcore2", "openai", "alembic", "asyncio", "PIL", "opentelemetry")
_TALKATIVE = ("apprise", "urllib3", "requests")


def configure(level: str, *, json: bool, secrets: Collection[str] = ()) -> None:
    """Send all log lines to standard error. Every occurrence of one of the `secrets` becomes [secret].

    `level` is debug, info, warning, error or off.
    """
    threshold = logging.CRITICAL + 1 if level == "off" else logging.getLevelNamesMapping()[level.upper()]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter(json=json, secrets=secrets))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(threshold)
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(max(logging.WARNING, threshold))
    for talkative in _TALKATIVE:
        logging.getLogger(talkative).setLevel(max(logging.CRITICAL, threshold))


class Redaction:
    """Takes secrets out of a text, also where they stand as in JSON or in an address."""

    def __init__(self, secrets: Collection[str]) -> None:
        forms = {secret for secret in secrets if secret.strip()}
        forms |= {form for one in forms for form in (quote(one, safe=""), quote(one), repr(one)[1:-1])}
        for _ in range(2):  # a JSON answer that is quoted in a JSON line
            forms |= {
                json_text.dumps(one, ensure_ascii=ascii_only)[1:-1] for one in forms for ascii_only in (True, False)
            }
        ordered = sorted(forms, key=len, reverse=True)  # one that holds another one goes first
        self._known = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def __call__(self, text: str) -> str:
        """Return the text without them."""
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        for pattern, instead in _LOOKS_SECRET:
            text = pattern.sub(instead, text)
        return text


class _Formatter(structlog.stdlib.ProcessorFormatter):
    def __init__(self, *, json: bool, secrets: Collection[str]) -> None:
        look = structlog.processors.JSONRenderer(ensure_ascii=False) if json else _console()
        super().__init__(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, look],
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                _add_work,
                structlog.processors.format_exc_info,
            ],
        )
        self._redact = Redaction(secrets)

    def format(self, record: logging.LogRecord) -> str:
        return self._redact(super().format(record))


def _add_work(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Say which job the line belongs to; a line is formatted where it was written."""
    for name, value in here().items():
        event.setdefault(name, value)
    return event


def _console() -> structlog.typing.Processor:
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0, sort_keys=False)
