"""`sidecar check --env FILE`: what becomes of the settings and tags of paperless-gpt and paperless-ai.

Every setting of the file is answered: taken over under another name, or left, and why. Keys and tokens are not shown.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.markup import escape

from sidecar import settings
from sidecar.cli import show
from sidecar.cli.moving_table import LEFT, LEFT_GROUPS, PROVIDERS, RENAMED, SECRET, SWITCHES, TAGS
from sidecar.domain.errors import SettingsError

GPT, AI = "paperless-gpt", "paperless-ai"
UNKNOWN = "is not known here"
SAME = "in the old file"


@dataclass(frozen=True, slots=True)
class Taken:
    """One setting that goes on under a name of ours."""

    theirs: str
    ours: str
    value: str
    remark: str = ""

    @property
    def line(self) -> str:
        """The line for `.env`; of secrets where the value is."""
        return f"{self.ours}=" + (f"(the value of {self.theirs} {SAME})" if self.theirs in SECRET else self.value)


@dataclass(slots=True)
class Moving:
    """What becomes of an old file."""

    program: str
    taken: list[Taken] = field(default_factory=list)
    #: Names of theirs and why they are left.
    left: dict[str, str] = field(default_factory=dict)


def show_moving(file: Path, *, as_json: bool) -> None:
    """Print what becomes of the file. Raises SettingsError if it cannot be read or is of neither program."""
    moving = move(read_env(file))
    if as_json:
        taken = [{**asdict(one), "value": "" if one.theirs in SECRET else one.value} for one in moving.taken]
        show.print_json({"program": moving.program, "taken": taken, "left": moving.left})
        return
    out = show.console()
    out.print(f"Settings of {moving.program}. For .env:\n", soft_wrap=True)
    for one in moving.taken:
        note = f"   # {one.theirs}{': ' + one.remark if one.remark else ''}"
        out.print(escape(one.line + note), soft_wrap=True)
    out.print("\nNot taken over:\n", soft_wrap=True)
    for name, why in moving.left.items():
        out.print(escape(f"{name}: {why}"), soft_wrap=True)
    out.print("\nThen say: sidecar check. More: docs/moving.md", soft_wrap=True)


def read_env(file: Path) -> dict[str, str]:
    """Return the settings of a file of NAME=value lines, as Compose and dotenv write them. Raises SettingsError."""
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"--env: {file} cannot be read: {error}."]) from error
    found = {}
    for line in lines:
        text = line.strip().removeprefix("export ").removeprefix("- ")
        name, equals, value = text.partition("=")
        if not equals or text.startswith("#"):
            continue
        value = value.strip()
        if value[:1] in "'\"" and value[-1:] == value[:1] and len(value) > 1:
            value = value[1:-1]
        elif " #" in value:
            value = value.split(" #")[0].rstrip()
        found[name.strip()] = value
    return found


def move(old: dict[str, str]) -> Moving:
    """Say what becomes of every setting. Raises SettingsError where they are of neither program."""
    if {"PAPERLESS_API_URL", "AI_PROVIDER", "PAPERLESS_AI_PORT"} & old.keys():
        moving = Moving(AI)
    elif {"PAPERLESS_BASE_URL", "LLM_PROVIDER", "AUTO_OCR_TAG", "MANUAL_TAG"} & old.keys():
        moving = Moving(GPT)
    else:
        raise SettingsError(["--env: these are neither paperless-gpt's nor paperless-ai's settings."])
    given = {name: value for name, value in old.items() if value}
    _provider(moving, given)
    _tags(moving, given)
    done = {one.theirs for one in moving.taken} | moving.left.keys()
    for name, value in given.items():
        if name not in done:
            _one(moving, name, value)
    _merge(moving)
    _refuse_wrong(moving)
    return moving


def _provider(moving: Moving, given: dict[str, str]) -> None:
    """Take over where the models are, which both programs say by the name of a product."""
    for name, prefix in (("LLM_PROVIDER", "LLM"), ("AI_PROVIDER", "LLM"), ("VISION_LLM_PROVIDER", "VISION")):
        chosen = given.get(name, "").lower()
        if not chosen:
            continue
        ours = "VISION" if prefix == "VISION" else "OPENAI"
        base, key = f"{ours}_BASE_URL", f"{ours}_API_KEY"
        known = PROVIDERS.get(chosen)
        if known is None:
            moving.left[name] = f'"{chosen}" {UNKNOWN}: give its OpenAI-compatible address in {base}'
            continue
        for theirs in known.addresses:
            if theirs in given:
                address = given[theirs].rstrip("/")
                address += "/v1" if chosen == "ollama" and not address.endswith("/v1") else ""
                moving.taken.append(Taken(theirs, base, address))
                break
        else:
            # Beside a text model elsewhere, OpenAI for pages has to be named.
            usual = known.address or ("https://api.openai.com/v1" if ours == "VISION" and chosen == "openai" else "")
            if usual:
                moving.taken.append(Taken(name, base, usual, "its OpenAI-compatible address"))
        if known.key in given:
            moving.taken.append(Taken(known.key, key, given[known.key]))
        if known.model in given:
            moving.taken.append(Taken(known.model, f"{prefix}_MODEL", given[known.model]))
        if name not in {one.theirs for one in moving.taken}:
            moving.left[name] = "every model is asked through an OpenAI-compatible address; see above"


def _tags(moving: Moving, given: dict[str, str]) -> None:
    """Keep the old tags, those that were never set by name too: workflows and people go on with them."""
    if moving.program == GPT:
        for theirs, (ours, usual) in TAGS.items():
            remark = "" if theirs in given else "not set, so this was its name"
            moving.taken.append(Taken(theirs, ours, given.get(theirs, usual), remark))
    elif given.get("PROCESS_PREDEFINED_DOCUMENTS", "").lower() == "yes" and (tags := given.get("TAGS")):
        first, *others = [tag.strip() for tag in tags.split(",") if tag.strip()]
        remark = "one trigger tag is enough: put it on documents with " + ", ".join(others) if others else ""
        moving.taken.append(Taken("TAGS", "AUTO_TAG", first, remark))
        moving.left["PROCESS_PREDEFINED_DOCUMENTS"] = "only tagged documents are ever worked on"


def _one(moving: Moving, name: str, value: str) -> None:
    if name in RENAMED:
        if value != "0":
            moving.taken.append(Taken(name, RENAMED[name], value))
        else:
            moving.left[name] = "0 was no limit; this is so without the setting"
    elif name in SWITCHES:
        when, ours, ours_value, else_said = SWITCHES[name]
        if value.lower() in when:
            moving.taken.append(Taken(name, ours, ours_value))
        else:
            moving.left[name] = else_said
    else:
        group = next((why for prefix, why in LEFT_GROUPS.items() if name.startswith(prefix)), None)
        moving.left[name] = LEFT.get(name) or group or UNKNOWN


def _merge(moving: Moving) -> None:
    """Join what several old settings say about one of ours."""
    joined = [one for one in moving.taken if one.ours == "CREATE_NAMES"]
    if len(joined) > 1:
        moving.taken = [one for one in moving.taken if one.ours != "CREATE_NAMES"]
        names = ",".join(one.value for one in joined)
        moving.taken.append(Taken(", ".join(one.theirs for one in joined), "CREATE_NAMES", names))


def _refuse_wrong(moving: Moving) -> None:
    """Move what our settings would not take to what is left, with the reason."""
    try:
        settings.load(**{one.ours.lower(): one.value for one in moving.taken})
    except SettingsError as error:
        for problem in error.problems:
            name = problem.split(" ", 1)[0]
            for one in [one for one in moving.taken if one.ours == name]:
                moving.taken.remove(one)
                moving.left[one.theirs] = problem
