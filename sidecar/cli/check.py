"""`sidecar check`: what is missing, and what to do about it, in one line each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from sidecar.cli import look_machine, look_paperless, show
from sidecar.cli.ending import Exit, in_words, load_settings, run_async
from sidecar.cli.look_paperless import Said
from sidecar.cli.moving import show_moving
from sidecar.domain.errors import SettingsError, SidecarError
from sidecar.engines.llm import Model
from sidecar.engines.sight import check_sight
from sidecar.parts import Parts

#: An answer of one word; models that think take some more.
WORD_TOKENS = 300
Look = Callable[[Parts], Awaitable[list[Said]]]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    about: str
    good: bool
    said: str


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="Examples:  docker compose run --rm sidecar check   |   sidecar check --env old.env (of another program)"
    )(check)


def check(
    as_json: bool = show.AS_JSON,
    env: Annotated[
        Path | None, typer.Option(help="Settings of paperless-gpt or paperless-ai: say what becomes of each.")
    ] = None,
) -> None:
    """Look whether everything is in place, and say what to do where it is not. Nothing is changed in Paperless.

    Each model that is set up is asked one short question.
    """
    if env is not None:
        with in_words():
            show_moving(env, as_json=as_json)
        return
    with in_words():
        parts = Parts(load_settings())
    findings = run_async(look_at_all(parts))
    if as_json:
        show.print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            mark = "[green]good[/]" if finding.good else "[red]bad [/]"
            show.console().print(f"{mark}  {finding.about:<10} {finding.said}", soft_wrap=True)
    raise typer.Exit(Exit.DONE if all(finding.good for finding in findings) else Exit.NOT_DONE)


async def look_at_all(parts: Parts) -> list[Finding]:
    """Return everything that was looked at, good and bad."""
    async with parts:
        findings = await _all(
            parts,
            {
                "prompts": look_machine.prompts,
                "tesseract": look_machine.tesseract,
                "store": look_machine.store,
                "port": look_machine.port,
            },
        )
        findings += await _paperless(parts)
        return findings + await _all(parts, _models(parts))


async def _all(parts: Parts, looks: Mapping[str, Look]) -> list[Finding]:
    return [finding for about, look in looks.items() for finding in await _look(about, parts, look)]


async def _look(about: str, parts: Parts, look: Look) -> list[Finding]:
    try:
        return _findings(about, await look(parts))
    except SettingsError as error:
        return [Finding(about, False, problem) for problem in error.problems]
    except SidecarError as error:
        return [Finding(about, False, str(error))]


def _findings(about: str, said: Iterable[Said]) -> list[Finding]:
    return [Finding(about, one.good, one.text) for one in said]


async def _paperless(parts: Parts) -> list[Finding]:
    """Look at Paperless; where it does not answer there is nothing more to look at."""
    try:
        answered, said = await look_paperless.address(parts)
    except SidecarError as error:
        return [Finding("paperless", False, str(error))]
    findings = _findings("paperless", said)
    findings += _findings("rights", look_paperless.rights(answered, parts.settings))
    looks = {"tags": look_paperless.tags, "fields": look_paperless.fields, "doorbell": look_paperless.doorbell}
    return findings + await _all(parts, looks)


def _models(parts: Parts) -> dict[str, Look]:
    """Return a look for each model that files or sees, by the name under which it is parked; equal ones once."""
    looks: dict[str, Look] = {}
    if not parts.model.name:
        looks["model"] = _none
    seeing = parts.vision.models if parts.vision is not None else ()
    asked = [(model, _asked) for model in parts.models if model.name] + [(model, _seen) for model in seeing]
    for model, look in asked:
        about = model.provider
        looks[about if about not in looks else f"{about} ({model.name})"] = partial(look, model=model)
    return looks


async def _none(_parts: Parts) -> list[Said]:
    return [
        Said(True, "None is set up, so documents are read but not filed: for filing set LLM_MODEL and OPENAI_BASE_URL.")
    ]


async def _asked(_parts: Parts, model: Model) -> list[Said]:
    await model.probe()
    await model.ask([{"role": "user", "content": "Say yes."}], max_tokens=WORD_TOKENS)
    return [Said(True, f"{model.address} answers, and so does {model.name}.")]


async def _seen(_parts: Parts, model: Model) -> list[Said]:
    await model.probe()
    await check_sight(model)
    return [Said(True, f"{model.address} answers, and {model.name} sees.")]
