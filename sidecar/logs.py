"""Log lines for people or for machines, with the secrets taken out."""

from __future__ import annotations

import logging
import sys
from collections.abc import Collection

import structlog


def configure(level: str, *, json: bool, secrets: Collection[str] = ()) -> None:
    """Send all log lines to standard error. Every occurrence of one of the `secrets` becomes [secret].

    `level` is debug, info, warning, error or off.
    """
    threshold = logging.CRITICAL + 1 if level == "off" else logging.getLevelNamesMapping()[level.upper()]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter(json=json, secrets=[secret for secret in secrets if secret]))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(threshold)
    for chatty in ("httpx", "httpcore", "httpx2", "httpcore2", "openai", "alembic", "asyncio", "PIL"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, threshold))


class _Formatter(structlog.stdlib.ProcessorFormatter):
    def __init__(self, *, json: bool, secrets: list[str]) -> None:
        look = structlog.processors.JSONRenderer() if json else _console()
        super().__init__(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, look],
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.format_exc_info,
            ],
        )
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        for secret in self._secrets:
            line = line.replace(secret, "[secret]")
        return line


def _console() -> structlog.typing.Processor:
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0, sort_keys=False)
