"""Figures for Prometheus that are counted while the program works, and how all of them are written down.

What is counted here begins at zero with every start, which Prometheus knows how to read. Labels have few values: kinds,
states, methods and the names of the models that are set up; never a document, a title or a sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import prometheus_client as prometheus
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from sidecar import __version__

CONTENT_TYPE = prometheus.CONTENT_TYPE_LATEST
#: Where a request to Paperless came to no answer.
NO_ANSWER = "none"
#: Models beyond so many are counted together, should somebody change them every day.
MODELS = 30
OTHERS = "others"

_registry = prometheus.CollectorRegistry()
prometheus.disable_created_metrics()  # type: ignore[no-untyped-call]
prometheus.ProcessCollector(registry=_registry)

jobs_s = prometheus.Histogram(
    "sidecar_job_duration_seconds", "From a job's claim until the runner let go of it.", ["kind"], registry=_registry,
    buckets=(0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600),
)  # fmt: skip
models_s = prometheus.Histogram(
    "sidecar_model_seconds", "What a model took for one answer, or for none.", ["model"], registry=_registry,
    buckets=(0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 300),
)  # fmt: skip
pages = prometheus.Counter("sidecar_pages", "Pages that were read, by who read them.", ["engine"], registry=_registry)
paperless_requests = prometheus.Counter(
    "sidecar_paperless_requests", "Requests to Paperless, by the answer's status; none where there was none.",
    ["method", "status"], registry=_registry,
)  # fmt: skip
lease_lost = prometheus.Counter("sidecar_lease_lost", "Jobs that another runner took over.", registry=_registry)
notifications = prometheus.Counter(
    "sidecar_notifications", "Messages to people, by how that ended.", ["cause", "outcome"], registry=_registry
)
_build = prometheus.Gauge(
    "sidecar_build_info", "Always 1; the version stands beside it.", ["version"], registry=_registry
)
_build.labels(__version__).set(1)

_models: set[str] = set()


def model_label(name: str) -> str:
    """Return the label for a model's name; the same for all beyond the first thirty."""
    if name not in _models and len(_models) >= MODELS:
        return OTHERS
    _models.add(name)
    return name


def engine_label(engine: str) -> str:
    """Return the label for who read a page: without version and languages."""
    return model_label(engine.partition(" ")[0])


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure that is looked up when it is asked for: what it is, and its values by labels."""

    name: str
    kind: Literal["counter", "gauge"]
    about: str
    labels: tuple[str, ...]
    values: Mapping[tuple[str, ...], float]


def written(figures: Iterable[Figure]) -> bytes:
    """Return all figures, those that were counted here and these, as Prometheus reads them."""
    return prometheus.generate_latest(_Both(list(figures)))


class _Both:
    def __init__(self, figures: list[Figure]) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        yield from _registry.collect()
        for figure in self._figures:
            family = CounterMetricFamily if figure.kind == "counter" else GaugeMetricFamily
            made = family(figure.name, figure.about, labels=figure.labels)
            for labels, value in sorted(figure.values.items()):
                made.add_metric(labels, value)
            yield made
