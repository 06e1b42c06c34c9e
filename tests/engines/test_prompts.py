"""An owner's prompts: those that are broken are named with file and line before any work begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from sidecar.domain.errors import SettingsError
from sidecar.engines.prompts import NAMES, Prompts


def test_an_owners_prompt_wins_and_the_others_stay(tmp_path: Path) -> None:
    (tmp_path / "tagging-document.md.j2").write_text("MINE {{ text }} {{ mark }}")
    prompts = Prompts(tmp_path)
    prompts.check()
    assert prompts.render("tagging-document.md.j2", text="hello", mark="m") == "MINE hello m"
    assert "JSON" in prompts.render("tagging-repair.md.j2", problem="x")


def test_a_broken_prompt_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / NAMES[0]).write_text("fine\n{% if %}\n")
    with pytest.raises(SettingsError, match=r"tagging-rules.*line 2"):
        Prompts(tmp_path).check()


def test_a_prompt_that_uses_a_word_it_is_not_given_is_said_at_the_start(tmp_path: Path) -> None:
    (tmp_path / NAMES[1]).write_text("{{ mark }} {{ txt }}")
    with pytest.raises(SettingsError, match="txt"):
        Prompts(tmp_path).check()


@pytest.mark.parametrize(
    "attack", ["{{ text.__class__.__mro__ }}", "{{ ''.__class__ }}", "{% include '/etc/passwd' %}"]
)
def test_a_prompt_reaches_nothing_outside(tmp_path: Path, attack: str) -> None:
    (tmp_path / NAMES[1]).write_text(attack)
    with pytest.raises(SettingsError):
        Prompts(tmp_path).check()


def problems(folder: Path) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        Prompts(folder).check()
    return caught.value.problems


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("one\ntwo\n{{ txt }}", 3, "uses txt"),
        ("{% if mark %}\n{% else %}\n{{ behind }}\n{% endif %}", 3, "uses behind"),
        ("a\n{{ text | shout }}", 2, "No filter named 'shout'"),
        ("a\n{{ text.nothing.more }}", 2, "nothing"),
        ("a\nb\n{% for x in text %}\n{{ x }}", 4, "Unexpected end"),
        ("{{ 1 / 0 }}", 1, "division by zero"),
        ("{{ text + 1 }}", 1, "str"),
        ("{{ range(10000000) | list }}", 1, "Range too big"),
        ("{{ ''.__class__ }}", 1, "__class__"),
        ("{{ text.format.__globals__ }}", 1, "__globals__"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    file = tmp_path / NAMES[1]
    file.write_text(text)
    (problem,) = problems(tmp_path)
    assert str(file) in problem
    assert f"line {line}" in problem
    assert words in problem


def test_a_template_that_is_taken_in_is_looked_at_too(tmp_path: Path) -> None:
    (tmp_path / NAMES[1]).write_text("{% include 'mine.j2' %}{{ text }}")
    (problem,) = problems(tmp_path)
    assert "takes in mine.j2, which is not there" in problem
    (tmp_path / "mine.j2").write_text("a\n{{ wrong }}")
    (problem,) = problems(tmp_path)
    assert "mine.j2 uses wrong at line 2" in problem
    (tmp_path / "mine.j2").write_text("a {{ mark }}")
    Prompts(tmp_path).check()


def test_one_that_takes_in_itself_is_no_endless_loop(tmp_path: Path) -> None:
    (tmp_path / NAMES[1]).write_text("{% include '" + NAMES[1] + "' %}")
    assert problems(tmp_path)


def test_every_broken_prompt_is_said_at_once(tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / name).write_text("{% if %}")
    assert len(problems(tmp_path)) == len(NAMES)


def test_a_file_that_is_no_text_and_one_that_is_misspelt_are_said(tmp_path: Path) -> None:
    (tmp_path / NAMES[1]).write_bytes(b"\xff\xfe{{ text }}")
    (tmp_path / "taging-rules.md.j2").write_text("hello")
    (tmp_path / "README.md").write_text("not a prompt")
    first, second = problems(tmp_path)
    assert NAMES[1] in first
    assert "taging-rules.md.j2 is never used" in second


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    assert "PROMPTS_DIR" in problems(tmp_path / "nowhere")[0]
