"""`sidecar demo`: the main job on sample documents, with what stood there before and after."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.live import Live
from rich.table import Table

from sidecar.app import Beside, Present, Sidecar, serve
from sidecar.cli import show
from sidecar.cli.ending import Exit, in_words, load_settings, run_async
from sidecar.cli.run import dashboard
from sidecar.domain import custom_fields
from sidecar.domain.document import Document
from sidecar.domain.errors import CancelledError, SettingsError
from sidecar.domain.job import Job, Kind, State
from sidecar.domain.vocabulary import Names, Vocabulary
from sidecar.parts import Parts
from sidecar.settings import Settings
from sidecar.store import listing

EXCERPT = 150
#: The custom field of the practice archive that is filled.
DEMO_FIELD = "Amount"
#: User and password of the practice archive.
GUEST = "admin"
PRACTICE_TOKEN = "practice-token"  # noqa: S105 - opens nothing but the practice archive


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="Examples:  sidecar demo   |   sidecar demo --dashboard   |   "
        "PAPERLESS_URL=.. PAPERLESS_TOKEN=.. sidecar demo (your own Paperless)"
    )(demo)


def demo(
    in_browser: bool = typer.Option(False, "--dashboard", help="See it in the browser, until you press Ctrl-C."),
) -> None:
    """Show the main job on sample documents in a practice archive, or on what is tagged in your own Paperless.

    Without PAPERLESS_URL a practice archive is started, and without OPENAI_BASE_URL a practice model, which files
    by plain rules from the document's own words. Neither needs a key or a network.
    """
    with in_words(), _stage() as settings:
        done = run_async(_serve(settings) if in_browser else _demo(settings))
    raise typer.Exit(Exit.DONE if done else Exit.NOT_DONE)


@contextlib.contextmanager
def _stage() -> Iterator[Settings]:
    """Give settings for the archive and the model that are asked for; practice ones live as long as this."""
    os.environ.setdefault("LOG_LEVEL", "off")
    with contextlib.ExitStack() as stage:
        folder = Path(stage.enter_context(tempfile.TemporaryDirectory(prefix="sidecar-demo-")))
        given: dict[str, object] = {"data_dir": folder / "store", "poll_interval_s": 1.0}
        out = show.console()
        practice = not (os.environ.get("PAPERLESS_URL") or os.environ.get("PAPERLESS_BASE_URL"))
        if practice:
            given |= _practice_archive(stage, folder)
            if "CUSTOM_FIELDS" not in os.environ:
                given["custom_fields"] = (DEMO_FIELD,)
            out.print("A practice archive with sample documents stands in for Paperless.")
        if practice and not os.environ.get("OPENAI_BASE_URL"):
            from sidecar.practice.model import PracticeModel  # noqa: PLC0415 - only the demo without a model needs it

            model = stage.enter_context(PracticeModel())
            given |= {"openai_base_url": model.url, "llm_model": "practice model"}
            out.print("A practice model files them: plain rules, no artificial intelligence.")
        yield load_settings(**given)


def _practice_archive(stage: contextlib.ExitStack, folder: Path) -> dict[str, object]:
    from sidecar.practice.archive import PracticeArchive  # noqa: PLC0415
    from sidecar.practice.samples import DEMO_NAMES, demo_samples  # noqa: PLC0415

    archive = stage.enter_context(PracticeArchive(folder / "archive"))
    for kind, names in DEMO_NAMES.items():
        for name in names:
            archive.add_name(kind, name)  # type: ignore[arg-type]
    archive.add_name("custom_fields", DEMO_FIELD, data_type="monetary", extra_data={"default_currency": "EUR"})
    for sample in demo_samples():
        archive.add_document(
            sample.data,
            title=sample.title,
            mime_type=sample.mime_type,
            content=sample.content,
            tags=sample.tags,
            original_file_name=sample.filename,
        )
    return {"paperless_url": archive.url, "paperless_token": PRACTICE_TOKEN}


@dataclass(slots=True)
class _Shown:
    """What is known of a document, for showing."""

    before: Document
    after: Document | None = None


async def _serve(settings: Settings) -> bool:
    """Work with the dashboard beside, until told to stop. Raises SettingsError if its port is taken."""
    address = f"http://localhost:{settings.web_port}{settings.web_prefix}"
    practice = settings.paperless_token.get_secret_value() == PRACTICE_TOKEN
    user = f'user "{GUEST}", password "{GUEST}"' if practice else "your Paperless account"
    async with Parts(settings) as parts:
        shown = dashboard(parts)
        if shown is None:
            raise SettingsError(["WEB_PORT is 0, so there is no dashboard to see."])
        await serve(parts, beside=_announced(shown, f"The dashboard: {address} ({user}). Ctrl-C ends it."))
    return True


def _announced(beside: Beside, said: str) -> Beside:
    """Print this once it listens, and not where it cannot."""

    @contextlib.asynccontextmanager
    async def shown(present: Present) -> AsyncIterator[None]:
        async with beside(present):
            show.console().print(said)
            yield

    return shown


async def _demo(settings: Settings) -> bool:
    out = show.console()
    async with Parts(settings) as parts:
        sidecar = await Sidecar.start(parts, patient=False)
        tags = await parts.tags()
        tagged = await parts.paperless.tagged(tags.triggers)
        if not tagged:
            s = settings
            out.print(f'Nothing is tagged. Tag a document "{s.auto_ocr_tag}" or "{s.auto_tag}" and start this again.')
            return True
        shown = {line.id: _Shown(await parts.paperless.document(line.id)) for line in tagged}
        await _work(sidecar, parts, shown)
        known = await parts.names.vocabulary(hidden=())
        for document_id, one in shown.items():
            with contextlib.suppress(CancelledError):
                one.after = await parts.paperless.document(document_id)
            jobs = parts.db.run_now(listing.jobs, document_id=document_id)
            out.print(_comparison(one, jobs[::-1], known))
        return _summary(parts, shown)


async def _work(sidecar: Sidecar, parts: Parts, shown: dict[int, _Shown]) -> None:
    """Run the sidecar; progress is a live table on a terminal, and a line for each finished job elsewhere."""
    running = asyncio.create_task(sidecar.run(drain=True))
    out, told = show.console(), set[int]()
    with (
        Live(console=out, refresh_per_second=8, transient=True) if out.is_terminal else contextlib.nullcontext() as live
    ):
        while not running.done():
            await asyncio.wait({running}, timeout=0.2)
            if live:
                live.update(_progress(parts, shown))
            else:
                _tell(parts, shown, told)
    await running


def _tell(parts: Parts, shown: dict[int, _Shown], told: set[int]) -> None:
    for job in reversed(parts.db.run_now(listing.jobs, limit=500)):
        if job.finished_at and job.id not in told:
            told.add(job.id)
            one = shown.get(job.document_id)
            print(f"{one.before.title if one else job.document_id}: {job.kind} {job.state}", flush=True)


def _progress(parts: Parts, shown: dict[int, _Shown]) -> Table:
    table = Table(box=None, pad_edge=False, title="Working", title_justify="left")
    for column in ("document", "reading", "pages", "filing"):
        table.add_column(column, no_wrap=True)
    newest = {(job.document_id, job.kind): job for job in reversed(parts.db.run_now(listing.jobs, limit=500))}
    for document_id, one in shown.items():
        ocr, tagging = newest.get((document_id, Kind.OCR)), newest.get((document_id, Kind.TAGGING))
        table.add_row(show.plain(one.before.title), _state(ocr), show.pages(ocr) if ocr else "", _state(tagging))
    return table


def _state(job: Job | None) -> str:
    return f"[{show.STYLES[job.state]}]{job.state.value}[/]" if job else ""


def _comparison(one: _Shown, jobs: list[Job], known: Vocabulary) -> Table:
    after = one.after
    table = Table(title=f"Document {one.before.id}", title_justify="left", title_style="bold", expand=True)
    table.add_column("", no_wrap=True, style="dim")
    table.add_column("before", ratio=1)
    table.add_column("after", ratio=1)
    if after is None:
        table.add_row("", _excerpt(one.before.content), "gone")
        return table
    for about, left, right in zip(
        ("title", "correspondent", "type", "date", "tags", *(field.name for field in known.fields), "text"),
        _values(one.before, known),
        _values(after, known),
        strict=True,
    ):
        table.add_row(about, left, right if right == left else f"[green]{right}[/]")
    for job in jobs:
        table.add_row(job.kind.value, "", f"[{show.STYLES[job.state]}]{job.state.value}[/]: {show.plain(job.reason)}")
    return table


def _values(document: Document, known: Vocabulary) -> tuple[str, ...]:
    correspondent = known.by_id(Names.CORRESPONDENTS, document.correspondent)
    kind = known.by_id(Names.DOCUMENT_TYPES, document.document_type)
    tags = sorted(name.name for name in known.of(Names.TAGS) if name.id in document.tags)
    custom = [
        custom_fields.in_words(field, document.custom_fields[field.id]) if field.id in document.custom_fields else "-"
        for field in known.fields
    ]
    named = (one.name if one else "-" for one in (correspondent, kind))
    plain = (document.title, *named, document.created, ", ".join(tags), *custom, _excerpt(document.content))
    return tuple(show.plain(value) for value in plain)


def _excerpt(content: str) -> str:
    words = " ".join(content.split())
    return f"{words[:EXCERPT]}… ({len(words)} characters)" if len(words) > EXCERPT else words or "(no text)"


def _summary(parts: Parts, shown: dict[int, _Shown]) -> bool:
    counts: dict[State, int] = {}
    for job in parts.db.run_now(listing.jobs, limit=500):
        counts[job.state] = counts.get(job.state, 0) + 1
    words = ", ".join(f"{number} {state.value}" for state, number in sorted(counts.items()))
    show.console().print(f"{len(shown)} documents: {words} jobs.")
    return not any(state in counts for state in (State.READY, State.RUNNING, State.SCHEDULED))
