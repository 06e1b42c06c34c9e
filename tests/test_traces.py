"""Traces, with OpenTelemetry's own exporter into memory; and nothing at all without an endpoint."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from sidecar import settings
from sidecar.app import Sidecar
from sidecar.observe import spans
from sidecar.parts import Parts
from sidecar.practice.archive import PracticeArchive
from sidecar.practice.model import PracticeModel
from sidecar.practice.samples import text_pdf

LETTER = "Ambervale Energy: please pay 84.20 EUR for electricity."


async def test_a_document_is_one_trace_a_job_with_all_that_it_asked_for(tmp_path: Path) -> None:
    kept = InMemorySpanExporter()
    with PracticeArchive(tmp_path / "archive") as archive, PracticeModel() as model:
        number = archive.add_document(text_pdf([LETTER]), title="scan", content="", tags=("auto-ocr", "auto-tag"))
        loaded = settings.load(
            paperless_url=archive.url, paperless_token="practice-token", openai_base_url=model.url,
            llm_model="practice", data_dir=tmp_path / "store",
        )  # fmt: skip
        with spans.sent_to(SimpleSpanProcessor(kept)):
            async with Parts(loaded) as parts:
                sidecar = await Sidecar.start(parts)
                await sidecar.run(drain=True)
    ended = kept.get_finished_spans()
    jobs = {span.name: span for span in ended if span.name.startswith("job ")}
    assert set(jobs) == {"job ocr", "job tagging"}
    assert all((job.attributes or {})["sidecar.document"] == number for job in jobs.values())

    def inside(job: ReadableSpan) -> list[ReadableSpan]:
        assert job.context is not None
        return [span for span in ended if span.context and span.context.trace_id == job.context.trace_id]

    of_ocr, of_tagging = inside(jobs["job ocr"]), inside(jobs["job tagging"])
    assert [(span.attributes or {})["sidecar.page"] for span in of_ocr if span.name == "page"] == [1]
    assert [(span.attributes or {})["sidecar.model"] for span in of_tagging if span.name == "model call"] == [
        "practice"
    ]
    requests = [span for span in of_tagging if span.name == "Paperless request"]
    assert {(span.attributes or {})["sidecar.method"] for span in requests} >= {"GET", "PATCH"}
    assert {(span.attributes or {})["sidecar.status"] for span in requests} <= {200, 201, 204}
    said = str([(span.name, dict(span.attributes or {}), span.events) for span in ended])
    assert "Ambervale" not in said
    assert "practice-token" not in said


def test_without_an_endpoint_nothing_of_it_is_loaded() -> None:
    code = "import sys; from sidecar.observe import spans, work\nwith spans.traced() as said, work.job(1, 2, 'ocr'):\n"
    code += "    print(said, [name for name in sys.modules if name.startswith('opentelemetry')])"
    done = subprocess.run([sys.executable, "-c", code], env={}, capture_output=True, text=True, check=True)
    assert done.stdout == "None []\n"


def test_an_endpoint_without_the_package_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(spans.ENDPOINT, "http://127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with spans.traced() as problem:
        assert problem == spans.MISSING


def test_a_collector_that_hangs_holds_up_neither_work_nor_the_end() -> None:
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        address = f"http://127.0.0.1:{hanging.getsockname()[1]}"
        code = "from sidecar.observe import spans\nspans.LAST_S = 0.1\n"
        code += "with spans.traced(), spans.span('job ocr'):\n    pass"
        done = subprocess.run(
            [sys.executable, "-c", f"{code}\nprint('over')"], env={spans.ENDPOINT: address}, capture_output=True,
            text=True, check=False, timeout=9,
        )  # fmt: skip
    assert done.stdout == "over\n", done.stderr


def test_a_fault_in_the_block_goes_on_and_its_text_is_in_no_span() -> None:
    kept = InMemorySpanExporter()
    with spans.sent_to(SimpleSpanProcessor(kept)), pytest.raises(ValueError, match="Ambervale"), spans.span("job ocr"):
        raise ValueError("Ambervale Energy, sk-secret")
    (span,) = kept.get_finished_spans()
    assert not span.status.is_ok
    assert "sk-secret" not in str([span.status.description, [event.attributes for event in span.events]])
