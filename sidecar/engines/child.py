"""A process that reads pages for the sidecar: whatever a stranger's file does to a library, it does it here.

One request a line on stdin, one answer a line on stdout, both JSON. It ends with its parent, and may be killed at any
time: it keeps nothing.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import json
import os
import resource
import select
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from PIL import Image

from sidecar.domain.errors import PermanentError, TemporaryError, TooSlowError
from sidecar.domain.word import to_word
from sidecar.engines.polyglot import engine_for
from sidecar.engines.raster import Limits, Source
from sidecar.engines.reading import PageReader

#: What our own errors are called in an answer; the first that fits counts.
ENDINGS = ((TooSlowError, "too_slow"), (PermanentError, "permanent"), (TemporaryError, "temporary"))


def main() -> None:
    """Answer requests until stdin ends."""
    set_up = json.loads(sys.argv[1])
    _bind(set_up["memory_bytes"])
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # libraries that print do not come between the answers
    kind, languages, data = set_up["kind"], set_up["languages"], set_up["data"]
    limits = Limits(**set_up["limits"])
    engine = engine_for(kind, languages, data=Path(data) if data else None, timeout_s=limits.page_timeout_s)
    reader = PageReader(engine, limits, look_bound=functools.partial(_at_most, limits.look_timeout_s))
    Image.MAX_IMAGE_PIXELS = None  # our own limits have our own words
    for line in sys.stdin:
        request = json.loads(line)
        engine.likely = request["likely"]
        answers.write(json.dumps({**_answer(reader, request), "likely": engine.likely}) + "\n")
        answers.flush()


@contextlib.contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """End this process if the block takes longer: nothing else interrupts pdfium. It costs the page."""
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _bind(memory_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is for the parent, which ends us in its time
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End when the parent does, also in the middle of a page: it alone holds the other end of stdin."""
    hung_up = select.poll()
    hung_up.register(0, 0)  # asks for nothing but the news that is never left out
    hung_up.poll()
    os._exit(1)


def _answer(reader: PageReader, request: dict[str, Any]) -> dict[str, Any]:
    source = Source(Path(request["file"]), request["pages"], request["is_pdf"])
    page, folder = request["page"], Path(request["folder"])
    try:
        if request["wants"] == "text":
            return {"page": asdict(reader.read(source, page, folder))}
        if request["wants"] == "picture":
            asked = {name: request[name] for name in ("pixels", "max_bytes", "turned")}
            picture = reader.picture(source, page, folder, **asked)
            return {"picture": base64.b64encode(picture).decode()}
        _add_layer(source.file, Path(request["target"]), request["words"])
    except (PermanentError, TemporaryError) as error:
        return {next(name for kind, name in ENDINGS if isinstance(error, kind)): str(error)}
    except Exception as error:  # noqa: BLE001 - whatever a library makes of a stranger's file
        return _in_words(error, page)
    return {}


def _in_words(error: Exception, page: int) -> dict[str, Any]:
    if isinstance(error, MemoryError):
        return {"permanent": f"Page {page} needs more memory than a page may have."}
    if isinstance(error, OSError):
        return {"temporary": f"Page {page} could not be read: {error.strerror or error}."}
    return {"permanent": f"Page {page} cannot be read: {type(error).__name__}, {error}."}


def _add_layer(file: Path, target: Path, plain: dict[str, Any]) -> None:
    from sidecar.engines import searchable_pdf  # noqa: PLC0415 - not for reading

    words = {int(number): [to_word(word) for word in page_words] for number, page_words in plain.items()}
    searchable_pdf.add_text(file, target, words)


if __name__ == "__main__":
    main()
