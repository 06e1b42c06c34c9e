"""The overview: what was spent today, who is away since when and why, and ways on from its figures."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx

from sidecar.domain.budget import Period
from sidecar.domain.errors import OutageError
from sidecar.store import queue
from tests.web.conftest import Site, Stage, until
from tests.web.test_pages import EVIL, claimed, document, failed
from tests.web.test_spending import spend


def test_what_was_spent_today_stands_against_the_budget(stage: Stage) -> None:
    site = stage.open(prices="practice: 1/2", tagging_budget_day="1.00", tagging_budget_month="9")
    spend(site, 0.75)
    spend(site, 0.5, days=1)
    page = site.person("anna").get("/").text
    assert re.search(r"Spent today</a></h2><b class=\"number\">0.7500 USD", page)
    assert "0.7500 USD of 1.00 USD" in page
    assert "0.2500 USD left." in page
    assert re.search(r'<progress class="full" max="100" value="75.0" aria-label="TAGGING_BUDGET_DAY">', page)


def test_without_a_budget_or_a_price_it_says_what_is_known(site: Site, anna: httpx.Client) -> None:
    spend(site, None)
    page = anna.get("/").text
    assert "1,100 tokens" in page
    assert "1 call to a model. No budget is set." in page


def test_who_is_away_is_shown_with_since_when_why_and_when_it_is_asked_again(stage: Stage) -> None:
    site = stage.open(worker=True)
    anna = site.person("anna")
    until(lambda: '<span class="push state well">well</span>' in anna.get("/").text)
    assert site.present.sidecar is not None

    async def park() -> None:
        assert site.present.sidecar is not None
        site.present.sidecar.providers.park(OutageError("model", f"No answer {EVIL}", retry_after_s=600))

    site.do(park())
    until(lambda: "state away" in anna.get("/").text)
    page = anna.get("/").text
    assert re.search(r"Since <time[^>]*>[\d:]+ [\w+-]+</time>: No answer &lt;script&gt;", page)
    assert re.search(r"It is asked again at <time[^>]*>[\d:-]+ [^<]+</time>\.", page)
    assert "<script>alert" not in page


def test_while_the_sidecar_starts_it_says_since_when(anna: httpx.Client) -> None:
    page = anna.get("/").text
    assert re.search(r"Since <time[^>]*>[\d:]+ [\w+-]+</time>: The sidecar starts", page)


def test_today_begins_where_the_budgets_say_and_times_name_their_zone(stage: Stage) -> None:
    site = stage.open(budget_timezone="Pacific/Kiritimati")
    anna = site.person("anna")
    midnight = Period.DAY.start(datetime.now(UTC), ZoneInfo("Pacific/Kiritimati"))
    for at in (midnight - timedelta(seconds=1), midnight):
        site.db.run_now(queue.succeed, claimed(site, document(site)), changed=True, summary="Wrote.", now=at)
    page = anna.get("/").text
    assert "<b>1</b> <span>done today" in page
    assert re.search(r"<time[^>]*>00:00:00 \+14</time>", page)
    assert re.search(r"<time[^>]*>[\d-]+ 23:59 \+14</time>", page)


def test_figures_lead_on(site: Site, anna: httpx.Client) -> None:
    failed(site, document(site))
    page = anna.get("/").text
    assert re.search(r'<a class="tile alarm" href="/failures"><b>1</b> <span>failed', page)
    # The last of 24 hours, or the one before if the hour turned since these tests began.
    assert re.search(r'class="failed" x="2[32]1"', page)
