"""`sidecar eval`: measuring on one's own archive, without writing anything into it or paying for anything twice."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from sidecar import settings
from sidecar.cli.contestants import Wishes, variants
from sidecar.cli.evaluate import Order, measure
from sidecar.cli.evaluation_report import lines, report
from sidecar.domain.budget import Period, parse_limit
from sidecar.domain.errors import PermanentError, SettingsError
from sidecar.paperless.finding import Search
from sidecar.parts import Parts
from sidecar.practice.archive import PracticeArchive
from sidecar.practice.faults import Answer, Fault
from sidecar.practice.model import PracticeModel
from sidecar.practice.samples import text_pdf
from sidecar.worker.contestant import Contestant, question_of
from sidecar.worker.evaluation_sample import EMPTY, OURS, PRIVATE, UNFILED, Draw, draw
from tests.cli.test_cli import Stage
from tests.scenarios.letters import NAMES, letter
from tests.worker.conftest import until

COUNT = 6
HOSTILE = '<script>alert("title")</script>\u202e{{ 7*7 }}'


def content(number: int) -> str:
    return letter(number).text.removeprefix("# ")


class Desk(Stage):
    """A stage whose documents a person has filed."""

    def file(self, number: int, **otherwise: Any) -> int:
        one = letter(number)
        values = {**one.fields, "tags": sorted(one.tags), **otherwise}
        return self.archive.add_document(
            text_pdf(["A letter."]), content=content(number), original_file_name="scan.pdf", **values
        )

    async def measure(self, wishes: Wishes | None = None, order: Order | None = None, **given: Any) -> dict[str, Any]:
        """Measure in this process, as the command does, and return its report."""
        loaded = settings.load(
            paperless_url=self.archive.url, paperless_token="practice-token", openai_base_url=self.model.url,
            data_dir=self.folder / "store", **{"llm_model": "practice", **given},
        )  # fmt: skip
        results, sample = await measure(loaded, variants(loaded, wishes or Wishes()), order or Order())
        return report(results, sample, 50, loaded.currency)

    def rows(self, sql: str) -> list[Any]:
        with closing(sqlite3.connect(self.folder / "store" / "sidecar.db")) as store:
            return store.execute(sql).fetchall()

    def everything(self) -> list[Any]:
        """All that the archive holds."""
        names = self.archive.state.rows("SELECT kind, name, data FROM names ORDER BY kind, id")
        history = self.archive.state.rows("SELECT * FROM history ORDER BY id")
        documents = self.archive.state.rows("SELECT * FROM documents ORDER BY id")
        return [tuple(row) for row in (*names, *history, *documents)]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with PracticeArchive(tmp_path / "archive") as archive, PracticeModel() as model:
        for kind, names in NAMES.items():
            for name in names:
                archive.add_name(kind, name)
        stage = Desk(archive, model, tmp_path)
        for number in range(COUNT):
            stage.file(number)
        yield stage


async def test_every_field_is_scored_against_what_a_person_chose_and_nothing_is_written(desk: Desk) -> None:
    other = desk.file(COUNT, correspondent="Tannwald Hausverwaltung", title="What I call it")
    before = desk.everything()
    desk.archive.clear_requests()
    found = await desk.measure()
    (one,) = found["contestants"]
    assert found["documents"] == one["answered"] == COUNT + 1
    assert one["fields"]["correspondent"]["precision"] == pytest.approx(COUNT / (COUNT + 1))
    assert one["fields"]["created"]["exact"] == 1.0
    assert one["fields"]["tags"]["recall"] == 1.0
    misses = [(miss["document"], miss["field"], miss["expected"]) for miss in one["misses"]]
    assert misses == [(other, "title", "What I call it"), (other, "correspondent", "Tannwald Hausverwaltung")]
    assert desk.everything() == before, "not even our own tags are made"
    assert {exchange.method for exchange in desk.archive.requests()} == {"GET"}


async def test_each_call_is_in_the_ledger_with_its_cost_and_no_answer_is_paid_for_twice(desk: Desk) -> None:
    prices = {"prices": "practice: 2/8", "currency": "EUR"}
    first = (await desk.measure(**prices))["contestants"][0]
    calls = desk.rows("SELECT purpose, job_id, cost, provider FROM ledger")
    assert [(purpose, job) for purpose, job, _, _ in calls] == [("eval", 0)] * COUNT
    assert first["cost"] == pytest.approx(sum(cost for _, _, cost, _ in calls))
    assert first["cost"] == pytest.approx((first["input_tokens"] * 2 + first["output_tokens"] * 8) / 1e6)

    again = (await desk.measure(**prices))["contestants"][0]
    assert len(desk.model.calls()) == COUNT
    assert again["this_run"] == {"calls": 0, "kept_answers": COUNT, "tokens": 0, "cost": 0.0}
    assert {**again, "this_run": None} == {**first, "this_run": None}, "kept answers tell the same"


async def test_killed_in_the_middle_it_goes_on_where_it_was(desk: Desk) -> None:
    desk.model.delay_s = 0.25
    environment = desk.environment | {"TAGGING_CONCURRENCY": "1"}
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sidecar", "eval", env=environment, cwd=desk.folder, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    await until(lambda: desk.model.begun() >= 3 or running.returncode is not None, "three were asked about", 60)
    running.kill()
    await running.wait()
    kept = desk.rows("SELECT COUNT(*) FROM answer")[0][0]
    assert 1 <= kept < COUNT
    desk.model.delay_s = 0

    (one,) = (await desk.measure())["contestants"]
    assert one["answered"] == COUNT
    assert (one["this_run"]["calls"], one["this_run"]["kept_answers"]) == (COUNT - kept, kept)
    assert desk.model.begun() <= COUNT + 1, "what was under way is paid for once more, and nothing else"


async def test_models_prompts_and_settings_are_measured_side_by_side(desk: Desk) -> None:
    prompts = desk.folder / "prompts"
    prompts.mkdir()
    rules = (Path(__file__).parents[2] / "prompts" / "tagging-rules.md.j2").read_text(encoding="utf-8")
    (prompts / "tagging-rules.md.j2").write_text("Be brief.\n" + rules, encoding="utf-8")
    with PracticeModel() as other:
        wishes = Wishes(
            models=["practice", f"practice@{other.url}"],
            prompts=["", str(prompts)],
            changes=["", "LLM_LANGUAGE=German,TITLE_POLICY=off"],
        )
        found = await desk.measure(wishes)
        labels = [one["label"] for one in found["contestants"]]
        assert len(labels) == len(set(labels)) == 8
        assert len(desk.model.calls()) == len(other.calls()) == 4 * COUNT
    without = [one for one in found["contestants"] if "TITLE_POLICY" in one["label"]]
    assert all("title" not in one["fields"] for one in without)
    brief = [call for call in desk.model.calls() if call.body["messages"][0]["content"].startswith("Be brief.")]
    assert len(brief) == 2 * COUNT


async def test_without_a_model_named_the_chain_is_measured_as_it_is_set_up(desk: Desk) -> None:
    desk.model.misbehave("garbage", matching="bicycle")
    bad = sum("bicycle" in letter(number).text for number in range(COUNT))
    with PracticeModel() as other:
        chain = {"llm_fallbacks": f"large@{other.url}", "llm_fallback_api_keys": "sk-large"}
        prices = {"prices": "practice: 1/1, large: 1000/1000"}
        (one,) = (await desk.measure(**chain, **prices))["contestants"]
        assert one["label"] == "practice, then large at 127.0.0.1"
        assert (one["answered"], one["unusable"]) == (COUNT, 0)
        assert one["answered_by"] == {"practice": COUNT - bad, "large": bad}
        assert one["fields"]["correspondent"]["recall"] == 1.0
        assert "Asked in this order: practice at 127.0.0.1, large at 127.0.0.1." in " ".join(lines(one, "USD"))
        assert len(other.calls()) == bad > 0
        paid = dict(desk.rows("SELECT model, SUM(cost) FROM ledger WHERE purpose = 'eval' GROUP BY model"))
        assert paid["large"] > paid["practice"] > 0, "each at its own price"
        assert one["cost"] == pytest.approx(sum(paid.values()))

        alone = (await desk.measure(Wishes(models=["practice"]), **chain, **prices))["contestants"][0]
        assert (alone["unusable"], len(other.calls())) == (bad, bad), "one that is named has nobody to stand in"
        calls = len(desk.model.calls())
        again = (await desk.measure(**chain, **prices))["contestants"][0]
        assert (again["this_run"]["calls"], again["answered_by"]) == (0, one["answered_by"])
        assert len(desk.model.calls()) == calls


async def test_what_no_model_of_a_chain_could_answer_is_not_paid_for_again(desk: Desk) -> None:
    desk.model.misbehave("garbage")
    chain = {"llm_model": "practice, second"}
    (one,) = (await desk.measure(order=Order(count=1), **chain))["contestants"]
    assert (one["label"], one["answered"], one["unusable"]) == ("practice, then second", 1, 1)
    assert len(desk.model.calls()) == 4, "each was asked and given a chance of repair"
    await desk.measure(order=Order(count=1), **chain)
    assert len(desk.model.calls()) == 4


async def test_the_budget_of_a_run_ends_the_whole_chain(desk: Desk) -> None:
    with PracticeModel() as free:
        order = Order(limit=parse_limit("0.0001", "--budget", Period.DAY))
        prices = {"prices": "practice: 1000/1000, free: 0/0", "llm_fallbacks": f"free@{free.url}"}
        (one,) = (await desk.measure(order=order, tagging_concurrency=1, **prices))["contestants"]
        assert (one["answered"], len(free.calls())) == (1, 0), "what is free is not measured in place of the others"
    assert "--budget of this run is spent" in one["stopped"]


async def test_a_try_that_failed_is_paid_for_in_the_measurement_too(desk: Desk) -> None:
    desk.model.faults.add(Fault("POST", "/chat/completions", answer=Answer(502), times=1))
    order = Order(count=1, limit=parse_limit("100 tokens", "--budget", Period.DAY))
    (one,) = (await desk.measure(order=order))["contestants"]
    assert "--budget of this run is spent" in one["stopped"]
    assert len(desk.rows("SELECT 1 FROM ledger WHERE purpose = 'eval' AND estimated = 1 AND input_tokens > 100")) == 1
    assert desk.model.calls() == [], "no further try"


def test_the_chain_that_is_measured_is_said_at_the_start(desk: Desk) -> None:
    given = {"LLM_FALLBACKS": "large@http://127.0.0.1:9/v1?key=buried"}
    said = desk.run("eval", "--count", "1", **given)
    assert said.returncode == 0, said.stderr
    assert "Measured as set up: practice, then large at 127.0.0.1." in said.stderr
    assert "--model NAME@ADDRESS measures one alone" in said.stderr
    assert "buried" not in said.stderr + said.stdout
    assert "Usable answers: 1 by practice." in said.stdout


async def test_the_key_goes_to_the_endpoint_that_it_was_set_up_for_and_to_no_other(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = desk.model.url.replace("127.0.0.1", "localhost")
    keyed = settings.load(
        paperless_url="http://paperless", paperless_token="x", openai_base_url=desk.model.url, openai_api_key="sk-mine"
    )
    mine, theirs = variants(keyed, Wishes(models=["practice", f"practice@{elsewhere}"]))
    assert str(mine.settings(keyed).openai_api_key.get_secret_value()) == "sk-mine"  # type: ignore[union-attr]
    assert theirs.settings(keyed).openai_api_key is None
    monkeypatch.setenv("THEIRS", "sk-theirs")
    (named,) = variants(keyed, Wishes(models=[f"practice@{elsewhere}"], key_from="THEIRS"))
    assert str(named.settings(keyed).openai_api_key.get_secret_value()) == "sk-theirs"  # type: ignore[union-attr]


async def test_the_same_seed_draws_the_same_documents(desk: Desk) -> None:
    async def drawn(seed: int, run: int) -> list[str]:
        desk.model.clear_calls()
        await desk.measure(Wishes(changes=[f"LLM_LANGUAGE=L{run}"]), Order(count=2, seed=seed))
        return sorted(call.document.splitlines()[0] for call in desk.model.calls())

    first = await drawn(1, 0)
    assert len(first) == 2
    assert await drawn(1, 1) == first
    assert any([await drawn(seed, seed) != first for seed in (2, 3, 4)])


async def test_documents_are_chosen_by_words_tag_and_date(desk: Desk) -> None:
    async def count(**given: Any) -> int:
        return int((await desk.measure(order=Order(**given)))["documents"])

    letters = [letter(number) for number in range(COUNT)]
    assert await count(tag="Energy") == sum(one.tags == {"Energy"} for one in letters)
    day = letters[-1].created
    assert await count(since=day) == sum(one.created >= day for one in letters)
    assert await count(until="2026-01-02") == sum(one.created <= "2026-01-02" for one in letters)
    assert await count(query="bicycle") == sum("bicycle" in one.text for one in letters)
    with pytest.raises(PermanentError, match="no document to measure on"):
        await count(since="2031-01-01")
    with pytest.raises(PermanentError, match="There is no tag"):
        await count(tag="Nowhere")


async def test_documents_that_the_sidecar_filed_and_those_nobody_filed_prove_nothing(desk: Desk) -> None:
    desk.file(10, tags=["auto-tagged", "Energy"])
    desk.archive.add_document(text_pdf(["x"]), title="scan", original_file_name="scan.pdf", content="Some words.")
    desk.archive.add_document(text_pdf(["x"]), title="scan", content="", tags=["Energy"])
    found = await desk.measure()
    assert found["documents"] == COUNT
    assert found["skipped"] == {OURS: 1, UNFILED: 1, EMPTY: 1}


async def test_private_documents_are_left_out_and_counted_as_soon_as_one_model_is_elsewhere(desk: Desk) -> None:
    desk.file(11, tags=["Medical"])
    here = await desk.measure(private_tags="Medical")
    assert here["documents"] == COUNT + 1, "every model is in the own network"
    desk.model.clear_calls()
    wishes = Wishes(models=["practice", "practice@http://models.example.org:9/v1"], changes=["LLM_LANGUAGE=x"])
    with pytest.raises(PermanentError, match=f"1 {PRIVATE}"):
        await desk.measure(wishes, Order(tag="Medical"), private_tags="Medical")
    assert desk.model.calls() == []


def examples_in(body: dict[str, Any]) -> list[int]:
    """The numbers of the documents that were shown as examples."""
    return [int(number) for number in re.findall(r'"id": (\d+)', body["messages"][-1]["content"])]


async def test_neither_the_document_itself_nor_a_copy_of_it_is_shown_as_an_example(desk: Desk) -> None:
    again, rescanned = desk.file(0), desk.file(0)
    desk.archive.edit(again, content="  " + content(0).replace(" ", "\n"))
    desk.archive.edit(rescanned, content=content(0).replace("Ellison", "E11ison"))
    copies = {1, again, rescanned}
    desk.archive.add_document(text_pdf(["x"]), title="t", tags=["auto-tagged"], content=content(0),
                              correspondent="Ambervale Energy", created="2020-01-01")  # fmt: skip
    await desk.measure(order=Order(count=100), similar_documents=20)
    asked = [
        call.body
        for call in desk.model.calls()
        if "Invoice for January from Ambervale" in " ".join(call.document.split())
    ]
    assert len(asked) == len(copies)
    for body in asked:
        assert examples_in(body), "others are shown"
        assert set(examples_in(body)) & copies == set()
        assert set(examples_in(body)) <= set(range(1, COUNT + 3)), "what the sidecar filed itself is no example"


async def test_a_private_document_is_no_example_for_a_model_elsewhere(desk: Desk) -> None:
    private = desk.file(0, tags=["Medical"], created="2019-09-09")
    await desk.measure(private_tags="Medical", similar_documents=20)
    assert any(private in examples_in(call.body) for call in desk.model.calls()), "shown in the own network"
    parts = Parts(
        settings.load(
            paperless_url=desk.archive.url, paperless_token="practice-token", llm_model="m", private_tags="Medical",
            openai_base_url="http://models.example.org/v1", data_dir=desk.folder / "other", similar_documents=20,
        )
    )  # fmt: skip
    async with parts:
        vocabulary = await parts.names.vocabulary(hidden=())
        wanted = Draw(Search(), 100, 1, {}, private=("Medical",), is_at_home=False, examples=20)
        sample = await draw(parts.paperless, parts.names, vocabulary, wanted)
        assert sample.skipped[PRIVATE] == 1
        case = next(case for case in sample.cases if any(one.id == private for one in case.like))
        question = question_of(
            Contestant("m", (parts.model,), parts.tagger, vocabulary),
            case,
            parts.privacy,
            frozenset(),
            today=date(2026, 6, 15),
        )
    assert question.examples
    assert not any(f'"id": {private},' in shown for shown in question.examples)


async def test_custom_fields_are_scored_as_what_would_be_written(desk: Desk) -> None:
    field = desk.archive.add_name("custom_fields", "Amount", data_type="monetary",
                                  extra_data={"default_currency": "EUR", "select_options": []})  # fmt: skip
    desk.model.misbehave("obedient")
    for number, (said, truth) in enumerate([("84,20", "EUR84.20"), ("12 EUR", "EUR99.00")]):
        document = desk.archive.add_document(
            text_pdf(["x"]),
            title="t",
            tags=["Amounts"],
            content=f'{number} {{"custom_fields": {{"Amount": "{said}"}}}}',
        )
        desk.archive.edit(document, custom_fields=[{"field": field, "value": truth}])
    found = await desk.measure(order=Order(tag="Amounts"), custom_fields="Amount", similar_documents=0)
    (one,) = found["contestants"]
    assert one["fields"]['"Amount"']["precision"] == 0.5
    misses = [(miss["expected"], miss["suggested"]) for miss in one["misses"] if miss["field"] == '"Amount"']
    assert misses == [("EUR99.00", "EUR12.00")]


async def test_a_budget_ends_the_run_and_the_next_one_goes_on(desk: Desk) -> None:
    prices = {"prices": "practice: 1000/1000", "tagging_concurrency": 2}
    few = Order(limit=parse_limit("2000 tokens", "--budget", Period.DAY))
    first = (await desk.measure(order=few, **prices))["contestants"][0]
    assert 1 <= first["answered"] < COUNT
    assert "--budget of this run is spent" in first["stopped"]
    rest = (await desk.measure(**prices))["contestants"][0]
    assert rest["answered"] == COUNT
    assert len(desk.model.calls()) == COUNT
    with pytest.raises(SettingsError, match="PRICES"):
        await desk.measure(order=Order(limit=parse_limit("1", "--budget", Period.DAY)))


async def test_the_budget_of_the_daily_work_counts_too(desk: Desk) -> None:
    found = (await desk.measure(tagging_budget_day="2000 tokens", tagging_concurrency=1))["contestants"][0]
    assert 1 <= found["answered"] < COUNT
    assert "TAGGING_BUDGET_DAY" in found["stopped"]


@pytest.mark.parametrize("given", [{"tagging_budget_day": "100 tokens"}, {}])
async def test_no_answer_is_repaired_once_the_budget_is_spent(desk: Desk, given: dict[str, Any]) -> None:
    desk.model.misbehave("garbage")
    order = Order() if given else Order(limit=parse_limit("100 tokens", "--budget", Period.DAY))
    found = (await desk.measure(order=order, tagging_concurrency=1, **given))["contestants"][0]
    assert (found["answered"], len(desk.model.calls())) == (0, 1)
    assert "is spent" in found["stopped"]


async def test_an_answer_that_cannot_be_used_counts_as_none_and_is_not_paid_for_again(desk: Desk) -> None:
    desk.model.misbehave("garbage", matching="bicycle")
    bad = sum("bicycle" in letter(number).text for number in range(COUNT))
    (one,) = (await desk.measure())["contestants"]
    assert (one["answered"], one["unusable"]) == (COUNT, bad)
    assert one["fields"]["correspondent"]["abstention"] == pytest.approx(bad / COUNT)
    calls = len(desk.model.calls())
    assert calls == COUNT + bad
    await desk.measure()
    assert len(desk.model.calls()) == calls


async def test_a_model_that_is_wrongly_set_up_stops_its_own_run_only(desk: Desk) -> None:
    with PracticeModel(api_key="sk-theirs") as other:
        found = await desk.measure(Wishes(models=["practice", f"practice@{other.url}"]), Order(count=2))
        here, refused = found["contestants"]
        assert other.calls() == []
    assert (here["answered"], here["stopped"]) == (2, None)
    assert refused["answered"] == 0
    assert "refused the key" in refused["stopped"]


async def test_a_busy_model_is_waited_for(desk: Desk) -> None:
    busy = Answer(429, body=b"{}", headers={"Retry-After": "0.2"})
    desk.model.faults.add(Fault("POST", "/chat/completions", answer=busy, times=2))
    (one,) = (await desk.measure(order=Order(count=2), tagging_concurrency=1))["contestants"]
    assert (one["answered"], one["failed"], one["stopped"]) == (2, {}, None)


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        (Wishes(changes=["PAPERLESS_TOKEN=x"]), "cannot be compared"),
        (Wishes(changes=["NONSENSE=x"]), "no such setting"),
        (Wishes(changes=["names"]), "NAME=value"),
        (Wishes(changes=["NAMES_LIMIT=many"]), "NAMES_LIMIT"),
        (Wishes(models=["a", "a"]), "are the same"),
        (Wishes(prompts=["/nowhere/at/all"]), "there is no folder"),
        (Wishes(models=["a@http://b"], key_from="NOT_SET_ANYWHERE"), "NOT_SET_ANYWHERE"),
    ],
)
async def test_what_cannot_be_compared_is_refused_in_words(desk: Desk, wishes: Wishes, said: str) -> None:
    with pytest.raises(SettingsError, match=f"(?i){said}"):
        await desk.measure(wishes)
    assert desk.model.calls() == []


async def test_probabilities_are_held_against_what_was_right(desk: Desk) -> None:
    desk.file(COUNT, correspondent="Tannwald Hausverwaltung", title="What I call it")
    (one,) = (await desk.measure())["contestants"]
    found = one["calibration"]
    assert found["answers"] == 4 * (COUNT + 1), "four fields with one value each"
    right = sum(one["answers"] * one["accuracy"] for one in found["bins"])
    assert right == pytest.approx(found["answers"] - 2)
    assert all(0.5 < one["confidence"] < 1 for one in found["bins"])
    assert 0 < found["expected_calibration_error"] < 0.2
    (again,) = (await desk.measure())["contestants"]
    assert again["calibration"] == found, "kept with the answers"


async def test_a_server_without_probabilities_is_measured_all_the_same(desk: Desk) -> None:
    desk.model.misbehave("reject_logprobs")
    (one,) = (await desk.measure())["contestants"]
    assert (one["answered"], one["calibration"]) == (COUNT, None)
    assert "the server gives no probabilities" in " ".join(lines(one, "USD"))


class Tags(HTMLParser):
    """Collects the elements of a page, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_report_shows_what_was_missed_and_escapes_everything(desk: Desk) -> None:
    document = desk.file(COUNT, title=HOSTILE, correspondent="<b>Bold</b> & Co")
    file = desk.folder / "report.html"
    done = desk.run("eval", "--html", str(file), "--set", "LLM_LANGUAGE=<i>x</i>")
    assert done.returncode == 0, done.stderr
    page = Tags()
    page.feed(file.read_text(encoding="utf-8"))
    names = {name for name, _ in page.elements}
    assert not names & {"script", "b", "img", "link", "iframe"}, "nothing of a document's is an element"
    assert all(not name.startswith("on") for _, attributes in page.elements for name in attributes)
    links = [attributes["href"] for name, attributes in page.elements if name == "a"]
    assert set(links) == {f"{desk.archive.url}/documents/{document}/details"}
    assert "<b>Bold</b> & Co" in page.text
    assert '<script>alert("title")</script>\N{REPLACEMENT CHARACTER}{{ 7*7 }}' in page.text
    assert "\u202e" not in page.text
    assert "Calibration: expected error" in page.text
    assert "precision" in done.stdout
    as_json = desk.run("eval", "--json", "--count", "3", "--budget", "100 tokens", "--set", "LLM_LANGUAGE=French")
    assert as_json.returncode == 5, "not everything was asked"
    assert "budget" in json.loads(as_json.stdout)["contestants"][0]["stopped"]
