"""What docs/ say is so: messages are the program's, settings exist, files can be read."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from sidecar.cli.main import app
from sidecar.cli.moving_table import LEFT, RENAMED, SWITCHES, TAGS
from sidecar.settings import Settings

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
#: Words in capitals that are settings of others.
THEIRS = re.compile(
    r"PAPERLESS_(NETWORK|BASE_URL|API_TOKEN|ALLOWED_HOSTS|WEBHOOKS_\w+|FORCE_SCRIPT_NAME)|OLLAMA_(HOST|CONTEXT_LENGTH)|"
    r"OMP_THREAD_LIMIT|OTEL_\w+|BENCH_\w+|YOUR_\w+|DOCUMENT_ID"
)
#: Words in capitals that are no settings at all. A page that needs another one adds it here.
CAPITALS = re.compile(
    "AMD|API|ARM|CPU|CRLF|DBOS|EPYC|EUR|FOR|FULL|GET|HEAD|HEIC|HTML|HTTP|IBAN|ICDAR|JPEG|JSON|LOCKED|MIT|NAS|NOTIFY|NTP|NUL|OCR|"
    "OTLP|PATCH|PDF|PGM|PNG|POST|PSS|PUT|PWD|README|RSS|SECRET|SIGTERM|SKIP|SQL|SROIE|SSH|TCP|TOKEN|UPDATE|UTC|VPN|YAML"
)
#: Words in capitals by the page that alone has them: parts of settings, names in the code, words of others.
OF_PAGE = {
    "README": {"FILE"},
    "benchmarks": {"ONLY"},
    "design": {"NAVIGATION", "REVISIONS", "ROUTERS", "TRANSITIONS"},
    "moving": {"NAME"},
    "ocr": {"FOLDER", "NAME", "ONLY"},
    "tagging": {"ING", "NAME"},
    "troubleshooting": {"OCR_PROVIDER"},
}
OLD = {*RENAMED, *SWITCHES, *TAGS, *LEFT, "AI_PROVIDER"}


def said() -> Iterator[str]:
    """Every text in the program; what is put into it stands as "..", and sentences of several pieces are one."""
    for file in (ROOT / "sidecar").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                yield "".join(str(one.value) if isinstance(one, ast.Constant) else ".." for one in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
    for table in tomllib.loads((ROOT / "sidecar/web/texts/en.toml").read_text(encoding="utf-8")).values():
        yield from (text for text in table.values() if isinstance(text, str))


SAID = list(said())


def is_said(message: str) -> bool:
    pieces = [re.escape(piece.strip(" .,")) for piece in message.split("..") if piece.strip(" .,")]
    return any(re.search(".*".join(pieces), text, re.DOTALL) for text in SAID)


def quoted() -> list[str]:
    page = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")
    return re.findall(r'"([^"]+)"', page)


@pytest.mark.parametrize("message", quoted())
def test_every_message_that_is_quoted_is_one_of_the_program(message: str) -> None:
    others = {"Webhook blocked", "declared as external, but could not be found"}  # Paperless's and Compose's own
    assert message in others or is_said(message)


def test_a_message_that_nobody_says_would_be_found() -> None:
    assert len(quoted()) > 30
    assert not is_said("The moon is full")
    assert not is_said("Paperless at .. does not like this")


def unknown_settings(page: str, text: str) -> set[str]:
    """The words in capitals that are neither settings nor known for something else; "*_FILE" goes with a setting."""
    names = {name.removesuffix("_FILE") for name in re.findall(r"(?<![\w-])[A-Z][A-Z_]+[A-Z]\b(?!-)", text)}
    names -= OF_PAGE.get(page, set()) | (OLD if page == "moving" else set())
    others = {name for name in names if THEIRS.fullmatch(name) or CAPITALS.fullmatch(name)}
    return {name for name in names - others if name.lower() not in Settings.model_fields}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_setting_that_is_named_exists(page: Path) -> None:
    assert unknown_settings(page.stem, page.read_text(encoding="utf-8")) == set()


def test_a_setting_that_does_not_exist_would_be_found() -> None:
    text = "Without REVIEWS nothing waits; `PRICE=free`, OCR_LANGUAGE=deu, PAPERLESS_TOKENS_FILE. REVIEW and OCR are."
    assert unknown_settings("money", text) == {"REVIEWS", "PRICE", "OCR_LANGUAGE", "PAPERLESS_TOKENS"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_that_is_named_exists(page: Path) -> None:
    commands = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    commands |= {group.name or "" for group in app.registered_groups}
    named = set(re.findall(r"(?:`|sidecar |--rm )sidecar ([a-z]+)", page.read_text(encoding="utf-8")))
    assert named <= commands, named - commands


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_place_in_a_page_that_is_linked_to_exists(page: Path) -> None:
    for target, place in re.findall(r"\]\((?!http)([^)#]*)#([^)]+)\)", page.read_text(encoding="utf-8")):
        linked = (page.parent / target) if target else page
        headings = re.findall(r"^#+ (.+)$", linked.read_text(encoding="utf-8"), re.MULTILINE)
        assert place in {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def yaml_blocks() -> list[tuple[str, str]]:
    """Every block of YAML, with its page."""
    return [
        (page.stem, block)
        for page in PAGES
        for block in re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    ]


@pytest.mark.parametrize(("page", "block"), yaml_blocks())
def test_yaml_in_the_pages_can_be_read(page: str, block: str) -> None:
    assert isinstance(yaml.safe_load(block), dict), page


def test_the_pages_that_show_yaml_are_among_those_that_are_looked_at() -> None:
    assert {"install", "proxies"} <= {page for page, _ in yaml_blocks()}


def test_the_manifest_holds_what_the_container_needs() -> None:
    found: dict[str, Any] = {}
    for one in yaml.safe_load_all((DOCS / "kubernetes.yaml").read_text(encoding="utf-8")):
        found[one["kind"]] = one
    assert set(found) == {"Secret", "PersistentVolumeClaim", "Deployment", "Service"}
    spec = found["Deployment"]["spec"]
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    assert (spec["replicas"], spec["strategy"]["type"]) == (1, "Recreate")
    assert pod["securityContext"]["runAsUser"] == 10001
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/data", "/tmp"}
    assert {volume["name"] for volume in pod["volumes"]} == {mount["name"] for mount in container["volumeMounts"]}
    assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"]
    named = {one["name"].lower() for one in container["env"]} | {name.lower() for name in found["Secret"]["stringData"]}
    assert named <= set(Settings.model_fields)
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    assert container["image"] == compose["services"]["sidecar"]["image"]


def test_the_unit_gives_the_program_time_to_stop() -> None:
    unit = dict(re.findall(r"^(\w+)=(.*)$", (DOCS / "sidecar.service").read_text(encoding="utf-8"), re.MULTILINE))
    assert unit["ExecStart"].endswith("/sidecar run")
    assert float(unit["TimeoutStopSec"]) > Settings.model_fields["stop_grace_s"].default
    assert unit["WorkingDirectory"] == f"/var/lib/{unit['StateDirectory']}"


def test_the_table_of_old_tags_is_that_of_the_program() -> None:
    rows = re.findall(
        r"^\| `([A-Z_]+)` \| `([a-z-]+)` \| `([A-Z_]+)`", (DOCS / "moving.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert {there: (here, usual) for there, usual, here in rows} == TAGS


@pytest.mark.parametrize(("language", "column"), [("en", 1), ("de", 2)])
def test_the_words_of_the_design_are_those_on_the_pages(language: str, column: int) -> None:
    texts = (ROOT / f"sidecar/web/texts/{language}.toml").read_text(encoding="utf-8").casefold()
    table = (DOCS / "design.md").read_text(encoding="utf-8").split("## Words")[1]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")][1:]
    words = {word.casefold() for row in rows for word in row[column].split(", ")} - {"-"}
    assert len(words) > 20
    assert {word for word in words if word not in texts} == set()
