"""The dashboard for Grafana, the alert rules and the page about them name figures that there are, and all of them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from prometheus_client.parser import text_string_to_metric_families

from tests.web.conftest import Stage, stage  # noqa: F401 - a fixture

DOCS = Path(__file__).parent.parent / "docs"
BOARD: dict[str, Any] = json.loads((DOCS / "observability" / "grafana-dashboard.json").read_text(encoding="utf-8"))
RULES: dict[str, Any] = yaml.safe_load((DOCS / "observability" / "alerts.yml").read_text(encoding="utf-8"))
PAGE = (DOCS / "observability.md").read_text(encoding="utf-8")
NAME = re.compile(r"\b(?:sidecar|process)_[a-z_]+\b")


@pytest.fixture
def told(stage: Stage) -> dict[str, str]:  # noqa: F811
    """Every figure that a running sidecar tells, and its kind."""
    text = stage.open(worker=True, metrics_open=True).client().get("/metrics").text
    found = {}
    for family in text_string_to_metric_families(text):
        found[f"{family.name}_total" if family.type == "counter" else family.name] = family.type
    return found


def expressions() -> list[str]:
    of_board = [target["expr"] for panel in BOARD["panels"] for target in panel["targets"]]
    variables = [one["query"]["query"] for one in BOARD["templating"]["list"] if isinstance(one["query"], dict)]
    return of_board + variables + [rule["expr"] for group in RULES["groups"] for rule in group["rules"]]


def test_every_figure_that_is_named_is_told_and_every_one_that_is_told_is_shown(told: dict[str, str]) -> None:
    named = {name for expression in expressions() for name in NAME.findall(expression)}
    series = set(told) | {
        f"{name}_{end}" for name in told for end in ("bucket", "sum", "count") if told[name] == "histogram"
    }
    assert named <= series
    ours = {name for name in told if name.startswith("sidecar_")}
    shown = {name for name in ours if any(one.startswith(name) for one in named)}
    assert shown == ours
    assert set(re.findall(r"^\| `(sidecar_[a-z_]+)` \|", PAGE, flags=re.MULTILINE)) == ours
    for name, kind in re.findall(r"^\| `(sidecar_[a-z_]+)` \| (\w+)", PAGE, flags=re.MULTILINE):
        assert told[name] == kind, name


def test_figures_are_named_by_the_convention(told: dict[str, str]) -> None:
    for name, kind in told.items():
        if name.startswith("sidecar_"):
            assert (kind == "counter") == name.endswith("_total"), name
            assert kind != "unknown"


def test_the_dashboard_is_whole() -> None:
    assert BOARD["uid"] == "paperless-sidecar"
    ids = [panel["id"] for panel in BOARD["panels"]]
    assert len(ids) == len(set(ids)) > 10
    places = {(at["x"] + x, at["y"] + y) for panel in BOARD["panels"] for at in [panel["gridPos"]]
              for x in range(at["w"]) for y in range(at["h"])}  # fmt: skip
    assert len(places) == sum(panel["gridPos"]["w"] * panel["gridPos"]["h"] for panel in BOARD["panels"]), (
        "one over another"
    )
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in BOARD["panels"])
    sources = {panel["datasource"]["uid"] for panel in BOARD["panels"]}
    assert sources == {"${source}"}, "whoever imports it chooses the source"


def test_every_alert_says_what_and_how_bad() -> None:
    rules = [rule for group in RULES["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules) >= 8
    for rule in rules:
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert set(rule["annotations"]) == {"summary", "description"}
        assert rule["expr"].count("(") == rule["expr"].count(")")
