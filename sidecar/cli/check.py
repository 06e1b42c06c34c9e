"""`sidecar check`: what is missing, and what to do about it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from functools import partial

import typer

from sidecar.cli import show
from sidecar.cli.ending import Exit, in_words, load_settings, run_async
from sidecar.domain.errors import SettingsError, SidecarError
from sidecar.domain.filing import ALL
from sidecar.domain.vocabulary import Names, fold
from sidecar.engines.llm import Model
from sidecar.parts import Parts


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    about: str
    good: bool
    said: str


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example:  docker compose run --rm sidecar check")(check)


def check(as_json: bool = typer.Option(False, "--json", help="Print JSON for scripts.")) -> None:
    """Look whether everything is in place, and say what to do where it is not. Nothing is changed in Paperless."""
    with in_words():
        parts = Parts(load_settings())
    findings = run_async(_check(parts))
    if as_json:
        show.print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            mark = "[green]good[/]" if finding.good else "[red]bad [/]"
            show.console().print(f"{mark}  {finding.about:<10} {finding.said}", soft_wrap=True)
    raise typer.Exit(Exit.DONE if all(finding.good for finding in findings) else Exit.NOT_DONE)


async def _check(parts: Parts) -> list[Finding]:
    looks: dict[str, Callable[[Parts], Awaitable[str]]] = {
        "prompts": _prompts,
        "tesseract": _tesseract,
        "store": _store,
        "paperless": _paperless,
        "tags": _tags,
        "fields": _fields,
        "model": _model,
    }
    seeing = parts.vision.models if parts.vision is not None else ()
    others = {model.provider: model for model in reversed([*parts.models[1:], *seeing])}
    looks |= {provider: partial(_endpoint, model=model) for provider, model in reversed(others.items())}
    async with parts:
        return [await _look(about, parts, look) for about, look in looks.items()]


async def _look(about: str, parts: Parts, look: Callable[[Parts], Awaitable[str]]) -> Finding:
    try:
        return Finding(about, True, await look(parts))
    except SettingsError as error:
        return Finding(about, False, " ".join(error.problems))
    except SidecarError as error:
        return Finding(about, False, str(error))


async def _prompts(parts: Parts) -> str:
    parts.prompts.check()
    return "All prompts can be read."


async def _tesseract(parts: Parts) -> str:
    await asyncio.to_thread(parts.engine.check)
    return f"{parts.engine.name}, languages {parts.engine.choice}."


async def _store(parts: Parts) -> str:
    folder = parts.settings.data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise SettingsError(
            [f"DATA_DIR: {folder} cannot be written ({error.strerror}). Give the folder to the user of the sidecar."]
        ) from error
    if not parts.db.is_shared:
        return f"{folder} can be written."
    there = await asyncio.to_thread(parts.db.exists)
    return f"{parts.db.place} answers; {'its tables are there' if there else 'tables will be made at the start'}."


async def _paperless(parts: Parts) -> str:
    await parts.paperless.probe()
    return f"{parts.settings.paperless_url} answers and takes the token."


async def _tags(parts: Parts) -> str:
    wanted = set(asdict(parts.tag_names).values())
    vocabulary = await parts.names.vocabulary(hidden=())
    missing = wanted - {name.name for name in vocabulary.of(Names.TAGS)}
    if missing:
        return f"Not there yet, will be made at the start: {', '.join(sorted(missing))}."
    await parts.tags()
    return "All tags are there."


async def _fields(parts: Parts) -> str:
    rules = parts.tagger.rules
    if not rules.asks_custom_fields:
        return "No custom field is to be filled: CUSTOM_FIELDS names none."
    vocabulary = await parts.names.vocabulary(hidden=())
    there = {fold(field.name) for field in vocabulary.fields}
    types = {fold(name.name) for name in vocabulary.of(Names.DOCUMENT_TYPES)}
    named = {*rules.fields, *(name for names in rules.fields_by_type.values() for name in names)}
    problems = [
        f'There is no custom field "{name}" in Paperless: see CUSTOM_FIELDS and CUSTOM_FIELDS_BY_TYPE.'
        for name in sorted(named)
        if fold(name) not in there | {ALL}
    ] + [
        f'There is no document type "{name}" in Paperless: see CUSTOM_FIELDS_BY_TYPE.'
        for name in rules.fields_by_type
        if fold(name) not in types
    ]
    if problems:
        raise SettingsError(problems)
    asked = [field.name for field in vocabulary.fields if rules.may_be_asked(field.name)]
    return f"To be filled: {', '.join(asked) or 'none there is'}."


async def _model(parts: Parts) -> str:
    if not parts.model.name:
        return "None is set up, so documents are read but not filed: for filing set LLM_MODEL and OPENAI_BASE_URL."
    return await _endpoint(parts, parts.model)


async def _endpoint(_parts: Parts, model: Model) -> str:
    await model.probe()
    return f"{model.address} answers; {model.name} will be asked."
