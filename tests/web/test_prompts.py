"""Prompts: each as it is in effect, and a trial that asks the model and writes nothing but its line in the ledger."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import httpx

from sidecar.engines.prompts import NAMES, SHIPPED
from sidecar.practice.samples import text_pdf
from sidecar.store.transaction import Transaction, reading
from tests.web.conftest import Site, Stage, csrf
from tests.web.test_pages import EVIL

TEXT = "Invoice of Stadtwerke Musterstadt, dated 2024-03-05. Amount due: 84.20 EUR for electricity in February."


def document(site: Site, *, tags: tuple[str, ...] = (), title: str = "scan_0001", content: str = TEXT) -> int:
    return site.archive.add_document(text_pdf([content]), title=title, content=content, tags=list(tags))


def ask(client: httpx.Client, number: object) -> httpx.Response:
    return client.post("/prompts/try", data={"csrf": csrf(client, "/prompts"), "document": str(number)})


@reading
def purposes(tx: Transaction) -> list[Any]:
    return [(row.purpose, row.document_id, row.job_id) for row in tx.rows("SELECT * FROM ledger")]


def snapshot(site: Site, number: int) -> Any:
    headers = {"Authorization": "Token practice-token"}
    return httpx.get(f"{site.archive.url}/api/documents/{number}/", headers=headers).json()


def test_a_trial_shows_the_suggestion_beside_what_stands_and_writes_nothing(site: Site, anna: httpx.Client) -> None:
    number = document(site)
    before = snapshot(site, number)
    page = ask(anna, number).text
    rows = {found[0]: found[1] for found in re.findall(r'<th scope="row"[^>]*>([^<]+)</th>(.*?)</tr>', page, re.DOTALL)}
    assert "scan_0001" in rows["Title"]
    assert "would be written" in rows["Title"]
    assert "2024-03-05" in rows["Date"]
    assert "Correspondent" in rows
    assert snapshot(site, number) == before
    assert site.db.run_now(purposes) == [("suggest", number, 0)]
    assert len(site.archive.tag_names(number)) == 0


def test_a_trial_is_held_to_the_budget(stage: Stage) -> None:
    site = stage.open(prices="practice: 10/10", tagging_budget_day="0.0001")
    anna, number = site.person("anna"), document(site)
    assert "result" in ask(anna, number).text
    assert "TAGGING_BUDGET_DAY" in ask(anna, number).text
    assert len(site.db.run_now(purposes)) == 1


def test_a_private_document_is_shown_to_no_model_elsewhere(stage: Stage) -> None:
    stage.archive.add_name("tags", "Private")
    site = stage.open(private_tags="Private", openai_base_url="https://model.example.org/v1")
    anna = site.person("anna")
    said = ask(anna, document(site, tags=("Private",))).text
    assert 'role="alert"' in said
    assert "model.example.org" in said
    assert site.db.run_now(purposes) == []


def test_what_cannot_be_tried_is_said(site: Site, anna: httpx.Client) -> None:
    assert 'role="alert"' in ask(anna, 4711).text
    assert "no text to judge by" in ask(anna, document(site, content=" ")).text
    for wrong in ("0", "-1", "x", "٣", "99999999999", ""):
        assert ask(anna, wrong).status_code == 422
    assert site.machine("read").post("/prompts/try", data={"document": "1"}).status_code == 403
    assert site.db.run_now(purposes) == []


def test_each_prompt_is_shown_as_it_is_in_effect(stage: Stage, tmp_path: Path) -> None:
    own = tmp_path / "prompts"
    own.mkdir()
    (own / "tagging-repair.md.j2").write_text(f"{EVIL.split('{{')[0]} Mend it: {{{{ problem }}}}")
    site = stage.open(prompts_dir=own)
    page = site.person("anna").get("/prompts").text
    assert page.count(">shipped<") == len(NAMES) - 1
    assert page.count(">your own<") == 1
    assert str(own / "tagging-repair.md.j2") in page
    assert "Mend it: {{ problem }}" in page
    assert "<script>alert" not in page
    assert html.escape((SHIPPED / "vision-page.md.j2").read_text().splitlines()[0], quote=False)[:30] in page
    (own / "tagging-repair.md.j2").write_text("{% broken")
    assert "broken at line 1" in site.person("anna").get("/prompts").text


def test_the_title_of_a_document_is_text(site: Site, anna: httpx.Client) -> None:
    page = ask(anna, document(site, title=EVIL)).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
