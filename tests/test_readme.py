"""The README's tables and commands are true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from sidecar.cli.main import app
from sidecar.settings import Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_quick_start_comes_by_line_25() -> None:
    lines = README.splitlines()
    assert "docker compose up -d sidecar" in "\n".join(lines[:25])


def test_every_command_is_in_the_table_and_every_command_in_the_table_exists() -> None:
    named = set(re.findall(r"^\| `sidecar ([a-z]+)", README, flags=re.MULTILINE))
    commands = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    assert named == commands | {group.name for group in app.registered_groups}


def test_the_tags_and_their_settings_are_those_of_the_program() -> None:
    rows = re.findall(r"^\| `(auto-[a-z-]+)` \| `([A-Z_]+)` \|", README, flags=re.MULTILINE)
    assert {setting.lower(): tag for tag, setting in rows} == {
        name: field.default for name, field in Settings.model_fields.items() if name.endswith("_tag")
    }


def test_every_file_the_readme_and_the_docs_link_to_exists() -> None:
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_make_target_the_readme_names_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", README, flags=re.MULTILINE)) <= targets


def test_what_filing_must_not_do_is_held_by_the_tests_that_the_table_names() -> None:
    table = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8").split("## What filing must not do")[1]
    tests = (ROOT / "tests" / "worker" / "test_filing_losses.py").read_text(encoding="utf-8")
    named = re.findall(r"`(test_[a-z_0-9]+)` \|$", table.split("\n## ")[0], flags=re.MULTILINE)
    assert sorted(named) == sorted(re.findall(r"^(?:async )?def (test_[a-z_0-9]+)", tests, flags=re.MULTILINE))


def test_all_commands_but_those_that_the_readme_names_print_json() -> None:
    said = re.search(r"all but ((?:`[a-z]+`(?:, | and )?)+) print JSON", README)
    assert said
    but = set(re.findall(r"`([a-z]+)`", said[1]))

    def without(command: Any, name: str) -> Iterator[str]:
        if hasattr(command, "commands"):
            for called, one in command.commands.items():
                yield from without(one, called)
        elif "as_json" not in {parameter.name for parameter in command.params}:
            yield name

    assert set(without(get_command(app), "")) == but
