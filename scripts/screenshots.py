"""Take the pictures in docs/screenshots: the demo's documents are worked on, and a browser looks at the dashboard.

`make screenshots` after a change of the pages. Each picture is taken light and dark.
"""

from __future__ import annotations

import io
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from sidecar.domain.job import Kind
from sidecar.practice.archive import PracticeArchive
from sidecar.practice.model import PracticeModel
from sidecar.practice.samples import DEMO_NAMES, Sample, demo_samples
from sidecar.store import listing, queue
from tests.web.conftest import Site, Stage, until

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "screenshots"
WIDE = {"width": 1160, "height": 760}
PHONE = {"width": 390, "height": 760}
#: Dots of a picture for each of the page, so that it is sharp on good screens too.
SCALE = 1.5
COLOURS = 192


def main() -> int:
    """Take all pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with _dashboard() as site, sync_playwright() as playwright:
        program = os.environ.get("BROWSER_PROGRAM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        pages = {
            (device, scheme): _page(browser, site, size, scheme)
            for device, size in (("wide", WIDE), ("phone", PHONE))
            for scheme in ("light", "dark")
        }
        contract, *others = demo_samples()
        _work_off(site, others[:-1])
        _work_off(site, others[-1:])
        _take(site, pages, contract)
        browser.close()
    return 0


@contextmanager
def _dashboard() -> Iterator[Site]:
    """A dashboard with a worker in a practice archive that has the demo's names, and some work behind it."""
    with (
        tempfile.TemporaryDirectory(prefix="sidecar-screenshots-") as folder,
        PracticeArchive(Path(folder) / "archive") as archive,
        PracticeModel() as model,
    ):
        for kind, names in DEMO_NAMES.items():
            for name in names:
                archive.add_name(kind, name)  # type: ignore[arg-type]
        stage = Stage(archive, model, Path(folder))
        settings = {"ocr_dpi": 300, "ocr_cores": 1, "llm_model": "practice model", "prices": "practice*: 0.15/0.60"}
        try:
            site = stage.open(worker=True, **settings)
            _live_through_a_day(site)
            yield site
        finally:
            stage.close()


def _live_through_a_day(site: Site) -> None:
    """Leave jobs behind that ended in the last hours, as on a day in an office."""
    chance, now = random.Random(7), datetime.now(UTC)  # noqa: S311 - for a picture
    for hours in range(23, 0, -1):
        busy = 9 if 2 <= hours <= 11 else 3
        for _ in range(chance.randrange(busy)):
            then = now - timedelta(hours=hours)
            site.db.run_now(queue.enqueue, 1, Kind.TAGGING, priority=0, now=then)
            job = site.db.run_now(queue.claim, Kind.TAGGING, owner="demo", now=then, lease=timedelta(hours=48))
            if job is not None:
                site.db.run_now(queue.succeed, job, changed=True, summary="Wrote title and tags.", now=then)


def _add(site: Site, sample: Sample) -> int:
    return site.archive.add_document(
        sample.data,
        title=sample.title,
        mime_type=sample.mime_type,
        content=sample.content,
        tags=sample.tags,
        original_file_name=sample.filename,
    )


def _work_off(site: Site, samples: Sequence[Sample]) -> None:
    numbers = [_add(site, sample) for sample in samples]

    def over() -> bool:
        jobs = [site.db.run_now(listing.jobs, document_id=number) for number in numbers]
        return all(found and all(job.finished_at for job in found) for found in jobs)

    until(over)


def _page(browser: Browser, site: Site, size: dict[str, int], scheme: str) -> Page:
    context = browser.new_context(
        base_url=site.url,
        viewport=size,  # type: ignore[arg-type]
        color_scheme=scheme,  # type: ignore[arg-type]
        device_scale_factor=SCALE,
        locale="en-GB",
    )
    page = context.new_page()
    page.goto("/login")
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill("admin")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("heading", name="Overview").wait_for()
    return page


def _take(site: Site, pages: dict[tuple[str, str], Page], contract: Sample) -> None:
    """Take the overview while the contract is read, and its job once it was."""
    number = _add(site, contract)
    until(lambda: [job for job in site.db.run_now(listing.jobs, document_id=number) if job.pages_done])
    for (device, scheme), page in pages.items():
        page.goto("/")
        page.locator("progress:not([value='0'])").first.wait_for()
        _keep(page, f"overview-{scheme}" if device == "wide" else f"phone-{scheme}")
    until(
        lambda: (found := site.db.run_now(listing.jobs, document_id=number)) and all(job.finished_at for job in found)
    )
    read = next(job for job in site.db.run_now(listing.jobs, document_id=number) if job.kind is Kind.OCR)
    for (device, scheme), page in pages.items():
        if device == "wide":
            page.set_viewport_size({**WIDE, "height": 1000})
            page.goto(f"/jobs/{read.id}")
            _keep(page, f"job-{scheme}")


def _keep(page: Page, name: str) -> None:
    """Write a picture with few colours, which is all that a page has."""
    picture = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
    file = FOLDER / f"{name}.png"
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
    print(f"{file.name}: {file.stat().st_size // 1000} kB")  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
