"""Traces by OpenTelemetry, where it is installed and an endpoint is named; else a span costs next to nothing.

Attributes are numbers, kinds and models; never a title, a text or an answer.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sidecar import __version__

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
#: How long the last traces may take when the program ends, in seconds: with nobody there it would be twenty.
LAST_S = 2.0
MISSING = f"{ENDPOINT} is set, but OpenTelemetry is not installed: pip install 'paperless-sidecar[otel]'."

_tracer: Any = None
Said = Callable[..., None]


def _unheard(**_attributes: object) -> None:
    pass


@contextlib.contextmanager
def span(name: str, **attributes: str | int) -> Iterator[Said]:
    """Let the block be a span with these attributes; call what it gives to add some."""
    if _tracer is None:
        yield _unheard
        return
    from opentelemetry.trace import StatusCode  # noqa: PLC0415 - an extra, and loaded already

    told = {"record_exception": False, "set_status_on_exception": False}  # an error's words may hold anything
    with _tracer.start_as_current_span(name, attributes=_named(attributes), **told) as one:
        is_well = False
        try:
            yield lambda **more: one.set_attributes(_named(more))
            is_well = True
        finally:
            if not is_well:
                one.set_status(StatusCode.ERROR)


def _named(attributes: Mapping[str, object]) -> dict[str, Any]:
    return {f"sidecar.{name}": value for name, value in attributes.items()}


def is_wanted() -> bool:
    """Say whether an endpoint for traces is named in the environment."""
    return bool(os.environ.get(ENDPOINT))


@contextlib.contextmanager
def traced() -> Iterator[str | None]:
    """Send traces to the endpoint that OTEL_EXPORTER_OTLP_ENDPOINT names, by OTLP over HTTP, while the block runs.

    Gives a sentence for the owner if that cannot be. Sending is done by a thread of its own; an endpoint that is away
    holds up nothing, and what could not be sent is lost.
    """
    if not is_wanted():
        yield None
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        yield MISSING
        return
    with sent_to(BatchSpanProcessor(OTLPSpanExporter())):
        yield None


@contextlib.contextmanager
def sent_to(processor: Any) -> Iterator[None]:
    """Give the spans of the block to this span processor of OpenTelemetry."""
    global _tracer  # noqa: PLW0603 - one program has one tracer, as OpenTelemetry has it
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415

    name = os.environ.get("OTEL_SERVICE_NAME", "paperless-sidecar")
    provider = TracerProvider(
        resource=Resource.create({"service.name": name, "service.version": __version__}), shutdown_on_exit=False
    )
    provider.add_span_processor(processor)
    _tracer = provider.get_tracer("sidecar", __version__)
    try:
        yield
    finally:
        _tracer = None
        ending = threading.Thread(target=provider.shutdown, name="last traces", daemon=True)
        ending.start()
        ending.join(LAST_S)
