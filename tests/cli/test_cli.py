"""The command line as a person or a script meets it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from sidecar.cli.main import app
from sidecar.practice.archive import PracticeArchive
from sidecar.practice.model import PracticeModel
from sidecar.practice.samples import not_a_pdf, scan_pdf, text_pdf
from tests.web.conftest import until

ROOT = Path(__file__).parent.parent.parent
LETTER = "Ambervale Energy\nInvoice\n2026-05-12\nTotal 84.20 EUR"
COMMANDS = [
    "run", "demo", "check", "setup", "enqueue", "retry", "cancel", "reviews", "approve", "edit", "reject", "undo",
    "names", "ocr", "suggest", "estimate", "eval", "spending", "jobs", "token", "notify", "db",
]  # fmt: skip


class Stage:
    """An archive, a model, and the command with the settings for both."""

    def __init__(self, archive: PracticeArchive, model: PracticeModel, folder: Path) -> None:
        self.archive = archive
        self.model = model
        self.environment = {
            "PATH": os.environ["PATH"],
            "PAPERLESS_URL": archive.url,
            "PAPERLESS_TOKEN": "practice-token",
            "OPENAI_BASE_URL": model.url,
            "LLM_MODEL": "practice",
            "DATA_DIR": str(folder / "store"),
            "LOG_LEVEL": "error",
            "COLUMNS": "200",
            "WEB_PORT": "0",
        }
        self.folder = folder

    def run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "sidecar", *words], env=self.environment | environment, cwd=self.folder,
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    def pages(self) -> dict[int, float]:
        """When each page that is kept was read."""
        with closing(sqlite3.connect(self.folder / "store" / "sidecar.db")) as store:
            return dict(store.execute("SELECT page, created_at FROM page"))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with PracticeArchive(tmp_path / "archive") as archive, PracticeModel() as model:
        archive.add_name("correspondents", "Ambervale Energy")
        yield Stage(archive, model, tmp_path)


def test_every_command_has_help_and_an_example() -> None:
    assert {command.name or command.callback.__name__ for command in app.registered_commands if command.callback} | {
        group.name for group in app.registered_groups
    } == set(COMMANDS)
    for command in COMMANDS:
        said = CliRunner().invoke(app, [command, "--help"])
        assert said.exit_code == 0
        assert "Example" in said.output, command


def test_wrong_settings_end_with_3_and_all_of_them_in_words(stage: Stage) -> None:
    said = stage.run("run", PAPERLESS_URL="", OCR_DPI="fine")
    assert said.returncode == 3
    assert "PAPERLESS_URL is missing" in said.stderr
    assert "OCR_DPI is wrong" in said.stderr
    assert "Traceback" not in said.stderr


def test_a_store_that_cannot_be_used_ends_with_4(stage: Stage) -> None:
    (stage.folder / "file").write_text("not a folder")
    said = stage.run("run", "--drain", DATA_DIR=str(stage.folder / "file"))
    assert said.returncode == 4
    assert "DATA_DIR" in said.stderr
    assert "Traceback" not in said.stderr


def test_jobs_are_listed_and_shown_for_people_and_for_scripts(stage: Stage) -> None:
    stage.archive.add_document(text_pdf([LETTER]), title="scan", content=LETTER, tags=["auto-tag"])
    stage.archive.add_document(not_a_pdf(), title="broken", tags=["auto-ocr"])
    assert stage.run("run", "--drain").returncode == 0
    listed = json.loads(stage.run("jobs", "--json").stdout)
    assert {(job["kind"], job["state"]) for job in listed} == {("tagging", "succeeded"), ("ocr", "failed")}
    failed = next(job for job in listed if job["state"] == "failed")
    assert [job["id"] for job in json.loads(stage.run("jobs", "--state", "failed", "--json").stdout)] == [failed["id"]]
    shown = json.loads(stage.run("jobs", "show", str(failed["id"]), "--json").stdout)
    assert "neither a PDF nor an image" in shown["reason"]
    assert shown["events"][-1]["text"] == shown["reason"]
    plain = stage.run("jobs").stdout
    assert "succeeded" in plain
    assert "neither a PDF nor an image" in plain


def test_a_job_that_does_not_exist_is_said_so(stage: Stage) -> None:
    stage.run("run", "--drain")
    said = stage.run("jobs", "show", "99")
    assert (said.returncode, said.stderr.strip()) == (1, "There is no job 99.")


def test_jobs_before_the_first_run_say_what_to_do(stage: Stage) -> None:
    said = stage.run("jobs")
    assert said.returncode == 4
    assert "sidecar run" in said.stderr


def test_enqueue_tags_the_document_and_the_next_run_does_it(stage: Stage) -> None:
    document = stage.archive.add_document(text_pdf([LETTER]), title="scan", content=LETTER)
    said = stage.run("enqueue", str(document), "--kind", "tagging")
    assert said.returncode == 0
    assert "waiting for its turn" in said.stdout
    assert stage.archive.tag_names(document) == {"auto-tag"}
    assert "waiting already" in stage.run("enqueue", str(document), "--kind", "tagging").stdout
    stage.run("run", "--drain")
    assert stage.archive.tag_names(document) == {"auto-tagged"}


def test_a_withdrawn_job_is_not_done_and_can_be_asked_for_again(stage: Stage) -> None:
    document = stage.archive.add_document(text_pdf([LETTER]), title="scan", content=LETTER)
    stage.run("enqueue", str(document), "--kind", "tagging")
    assert "cancelled" in stage.run("cancel", "1").stdout
    stage.run("run", "--drain")
    assert stage.archive.tag_names(document) == set()
    assert stage.run("cancel", "1").returncode == 1
    assert stage.run("retry", "1").returncode == 0
    stage.run("run", "--drain")
    assert stage.archive.tag_names(document) == {"auto-tagged"}


def test_pages_of_a_finished_job_are_read_anew_on_demand(stage: Stage) -> None:
    document = stage.archive.add_document(scan_pdf([LETTER, LETTER], dpi=100), title="scan", content="")
    stage.run("enqueue", str(document), "--kind", "ocr")
    assert "when it has ended" in stage.run("retry", "1", "--page", "1").stderr
    stage.run("run", "--drain", OCR_DPI="100")
    assert "no page 3" in stage.run("retry", "1", "--page", "3").stderr
    assert stage.run("retry", "1").returncode == 1, "it was done"
    first = stage.pages()
    assert "waiting for its turn" in stage.run("retry", "1", "--page", "2").stdout
    stage.run("run", "--drain", OCR_DPI="100")
    shown = json.loads(stage.run("jobs", "show", "2", "--json").stdout)
    assert shown["state"] == "succeeded"
    second = stage.pages()
    assert (second[1], sorted(second)) == (first[1], [1, 2])
    assert second[2] > first[2], "it was read anew"


def test_ocr_prints_the_text_of_a_file_without_any_paperless(stage: Stage, tmp_path: Path) -> None:
    file = tmp_path / "letter.pdf"
    file.write_bytes(scan_pdf(["First page of the letter", "Second page of the letter"], dpi=150))
    nothing = {"PAPERLESS_URL": "", "PAPERLESS_TOKEN": "", "OCR_DPI": "150"}
    said = stage.run("ocr", str(file), **nothing)
    assert said.returncode == 0
    assert re.search(r"First page.*\n\n.*Second page", said.stdout, flags=re.DOTALL)
    pages = json.loads(stage.run("ocr", str(file), "--json", **nothing).stdout)
    assert [page["page"] for page in pages] == [1, 2]


def test_suggest_prints_a_filing_and_writes_nothing(stage: Stage) -> None:
    document = stage.archive.add_document(text_pdf([LETTER]), title="scan", content=LETTER)
    said = stage.run("suggest", str(document), "--json")
    assert json.loads(said.stdout)["correspondent"] == "Ambervale Energy"
    assert stage.archive.document(document)["title"] == "scan"
    assert not [e for e in stage.archive.requests() if e.method == "PATCH" or "bulk_edit" in e.path]


def test_suggest_shows_custom_fields_by_their_names(stage: Stage) -> None:
    text = f"{LETTER}\nAmount: 84.20 EUR\nDue date: soon"
    document = stage.archive.add_document(text_pdf([text]), title="scan", content=text)
    stage.archive.add_name("custom_fields", "Amount", data_type="monetary", extra_data={"default_currency": "EUR"})
    stage.archive.add_name("custom_fields", "Copies", data_type="integer")
    said = stage.run("suggest", str(document), CUSTOM_FIELDS="all")
    assert re.search(r"^ +Amount: EUR84\.20$", said.stdout, flags=re.MULTILINE), said.stdout + said.stderr
    assert not [e for e in stage.archive.requests() if e.method == "PATCH" or "bulk_edit" in e.path]


def test_check_finds_everything_in_place(stage: Stage) -> None:
    stage.run("setup")
    said = stage.run("check", "--json")
    assert said.returncode == 0
    assert all(finding["good"] for finding in json.loads(said.stdout))


@pytest.mark.parametrize(
    ("setting", "value", "about", "advice"),
    [
        ("CUSTOM_FIELDS", "Amount", "fields", 'no custom field "Amount"'),
        ("CUSTOM_FIELDS_BY_TYPE", "Bill: Amount", "fields", 'no document type "Bill"'),
        ("PAPERLESS_TOKEN", "wrong", "paperless", "set PAPERLESS_TOKEN"),
        ("PAPERLESS_URL", "http://127.0.0.1:9", "paperless", "Nothing answers at"),
        ("OPENAI_BASE_URL", "http://127.0.0.1:9/v1", "model", "cannot be reached"),
        ("OCR_LANGUAGES", "eng+xyz", "tesseract", "tesseract-ocr-xyz"),
        ("DATA_DIR", "/proc/nowhere", "store", "DATA_DIR"),
    ],
)
def test_check_says_what_to_do(stage: Stage, setting: str, value: str, about: str, advice: str) -> None:
    said = stage.run("check", "--json", **{setting: value})
    assert said.returncode == 1
    bad = {finding["about"]: finding["said"] for finding in json.loads(said.stdout) if not finding["good"]}
    assert advice in bad[about]


def test_check_says_which_languages_may_be_found(stage: Stage) -> None:
    said = stage.run("check", "--json", OCR_LANGUAGES="auto")
    assert said.returncode == 0
    about = next(finding["said"] for finding in json.loads(said.stdout) if finding["about"] == "tesseract")
    assert "found from the text, of those installed: eng" in about
    assert "osd" not in about


def test_check_takes_reading_without_filing_as_a_wish(stage: Stage) -> None:
    said = stage.run("check", "--json", LLM_MODEL="")
    assert said.returncode == 0
    assert "set LLM_MODEL" in next(f["said"] for f in json.loads(said.stdout) if f["about"] == "model")


def test_the_demo_says_at_once_that_a_paperless_is_not_there(stage: Stage) -> None:
    said = stage.run("demo", PAPERLESS_URL="http://127.0.0.1:9")
    assert said.returncode == 1
    assert "cannot be reached" in said.stderr


def test_check_changes_nothing_in_paperless(stage: Stage) -> None:
    stage.run("check")
    assert {e.method for e in stage.archive.requests()} == {"GET"}


def test_a_drain_with_work_left_ends_with_5(stage: Stage) -> None:
    stage.archive.add_document(text_pdf([LETTER]), title="scan", content=LETTER, tags=["auto-tag"])
    said = stage.run("run", "--drain", OPENAI_BASE_URL="http://127.0.0.1:9/v1")
    assert said.returncode == 5


def test_a_drain_does_not_wait_for_a_paperless_that_refuses_it(stage: Stage) -> None:
    said = stage.run("run", "--drain", PAPERLESS_TOKEN="wrong")
    assert said.returncode == 1
    assert "check PAPERLESS_TOKEN" in said.stderr


def test_the_token_is_in_no_log_line(stage: Stage) -> None:
    token = "s3cret-token-of-ours"
    said = stage.run("run", "--drain", LOG_LEVEL="debug", LOG_FORMAT="json", PAPERLESS_TOKEN="practice-token",
                     OPENAI_API_KEY=token)  # fmt: skip
    assert said.stderr
    assert token not in said.stderr
    assert "practice-token" not in said.stderr
    assert all(json.loads(line)["event"] for line in said.stderr.splitlines())


def test_the_demo_ends_well_and_shows_before_and_after(tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-m", "sidecar", "demo"], env={"PATH": os.environ["PATH"], "COLUMNS": "160"}, cwd=tmp_path,
        capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    assert "practice model files them" in said.stdout
    assert "The PDF is encrypted" in said.stdout
    assert "before" in said.stdout
    for amount in ("1180.00", "94.53", "36.33", "85.40", "128.60"):
        assert re.search(rf"Amount +│ - +│ EUR{re.escape(amount)}", said.stdout), amount
    for title in ("Tenancy Agreement", "Receipt, Pebble & Thyme Market", "Annual meeting of the owners"):
        assert re.search(rf"title .*│ {title} ", said.stdout), title
    assert re.search(r"type +│ - +│ Contract ", said.stdout)
    assert re.search(r"tags .*│ Contract, auto-ocr-done, auto-tagged ", said.stdout)
    assert re.search(r"8 documents: .*11 succeeded jobs", said.stdout)


def test_the_demo_is_seen_in_the_browser_until_it_is_ended(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = subprocess.Popen(
        [sys.executable, "-m", "sidecar", "demo", "--dashboard"], cwd=tmp_path, stdout=subprocess.PIPE, text=True,
        env={"PATH": os.environ["PATH"], "COLUMNS": "160", "WEB_PORT": str(port)},
    )  # fmt: skip
    try:
        with httpx.Client(base_url=f"http://localhost:{port}", follow_redirects=True) as browser:
            until(lambda: is_up(browser))
            browser.post("/login", data={"username": "admin", "password": "admin"})
            until(lambda: "Wrote" in browser.get("/").text)
    finally:
        program.send_signal(signal.SIGINT)
        said, _ = program.communicate(timeout=60)
    assert program.returncode == 0
    assert f"http://localhost:{port}" in said


def test_the_demo_names_no_address_of_a_dashboard_that_cannot_listen(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        said = subprocess.run(
            [sys.executable, "-m", "sidecar", "demo", "--dashboard"], cwd=tmp_path, check=False, timeout=60, text=True,
            capture_output=True,
            env={"PATH": os.environ["PATH"], "COLUMNS": "160", "WEB_PORT": str(taken.getsockname()[1])},
        )  # fmt: skip
    assert said.returncode == 3
    assert "Another program listens there" in said.stderr
    assert "http://localhost" not in said.stdout


def is_up(browser: httpx.Client) -> bool:
    try:
        return browser.get("/healthz").status_code == 200
    except httpx.TransportError:
        return False


def test_check_looks_at_every_endpoint_of_the_chain(stage: Stage) -> None:
    said = stage.run("check", "--json", LLM_FALLBACKS=f"other@{stage.model.url}, gone@http://127.0.0.1:9/v1")
    found = {finding["about"]: finding for finding in json.loads(said.stdout)}
    assert [found[name]["good"] for name in ("model", "model 2", "model 3")] == [True, True, False]
    assert "so does other" in found["model 2"]["said"]


def test_suggest_goes_on_to_a_fall_back(stage: Stage) -> None:
    document = stage.archive.add_document(text_pdf([LETTER]), title="scan", content=LETTER)
    said = stage.run(
        "suggest", str(document), OPENAI_BASE_URL="http://127.0.0.1:9/v1", LLM_FALLBACKS=f"other@{stage.model.url}"
    )
    assert said.returncode == 0
    assert "Ambervale Energy" in said.stdout
    assert "other: answered" in said.stderr


def test_a_token_is_shown_once_and_known_until_it_is_revoked(stage: Stage) -> None:
    stage.run("run", "--drain")
    token = stage.run("token", "create", "cron", "--scope", "work").stdout.strip()
    assert re.fullmatch(r"sidecar_[\w-]{43}", token)
    (listed,) = json.loads(stage.run("token", "list", "--json").stdout)
    assert (listed["id"], listed["name"], listed["scope"], listed["used_at"]) == (1, "cron", "work", None)
    assert token not in str(stage.run("token", "list").stdout)
    assert stage.run("token", "revoke", "1").returncode == 0
    assert stage.run("token", "revoke", "1").stderr.strip() == "There is no token 1."
    assert stage.run("token", "list").stdout == ""
    made = json.loads(stage.run("token", "create", "cron", "--json").stdout)
    assert re.fullmatch(r"sidecar_[\w-]{43}", made.pop("token"))
    number = made["id"]
    assert made == {"id": number, "name": "cron", "scope": "read"}
    assert json.loads(stage.run("token", "revoke", str(number), "--json").stdout) == {"revoked": number}
    assert json.loads(stage.run("token", "logout", "--json").stdout) == {"ended": 0}
