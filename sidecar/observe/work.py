"""What is being worked on, said once around it: log lines say it, its time is measured, and traces show it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from sidecar.observe import meter, spans
from sidecar.observe.context import working_on


def about(number: int, document: int, kind: str) -> contextlib.AbstractContextManager[None]:
    """Say that the block is about this job, though it is not the work on it."""
    return working_on(job=number, document=document, kind=str(kind))


@contextlib.contextmanager
def job(number: int, document: int, kind: str) -> Iterator[None]:
    """Say that the block works on this job."""
    began = time.monotonic()
    with about(number, document, kind), spans.span(f"job {kind}", job=number, document=document, kind=str(kind)):
        try:
            yield
        finally:
            meter.jobs_s.labels(str(kind)).observe(time.monotonic() - began)


@contextlib.contextmanager
def page(number: int) -> Iterator[None]:
    """Say that the block reads this page."""
    with working_on(page=number), spans.span("page", page=number):
        yield


@contextlib.contextmanager
def model_call(model: str) -> Iterator[None]:
    """Say that the block waits for this model."""
    began, label = time.monotonic(), meter.model_label(model)
    with spans.span("model call", model=model):
        try:
            yield
        finally:
            meter.models_s.labels(label).observe(time.monotonic() - began)


class Asked:
    """A request to Paperless; `status` is set once there is an answer."""

    status: int | None = None


@contextlib.contextmanager
def paperless_request(method: str) -> Iterator[Asked]:
    """Say that the block waits for Paperless."""
    asked = Asked()
    with spans.span("Paperless request", method=method) as said:
        try:
            yield asked
        finally:
            said(status=asked.status or 0)
            meter.paperless_requests.labels(method, str(asked.status or meter.NO_ANSWER)).inc()
