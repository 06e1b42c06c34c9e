"""The locks fit the project: what `make lock` should have been run for, and what no lock may say."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = PROJECT["project"].get("optional-dependencies", {})

RUN_TIME = [*PROJECT["project"]["dependencies"], *(item for extra in EXTRAS.values() for item in extra)]
WANTED = {
    "requirements.lock": RUN_TIME,
    "requirements-dev.lock": [*RUN_TIME, *PROJECT["dependency-groups"]["dev"]],
    "requirements-build.lock": PROJECT["build-system"]["requires"],
}


def pins(lock: str) -> dict[str, str]:
    """Return package -> version; a package locked differently for some Pythons counts with its last version."""
    found = re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==(\S+)", (ROOT / lock).read_text(), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


@pytest.mark.parametrize("lock", WANTED)
def test_the_lock_holds_what_the_project_asks_for(lock: str) -> None:
    locked = pins(lock)
    for wanted in map(Requirement, WANTED[lock]):
        name = canonicalize_name(wanted.name)
        assert name in locked, f"{wanted.name} is not in {lock}: run make lock"
        assert wanted.specifier.contains(locked[name]), f"{wanted} is locked at {locked[name]}: run make lock"


@pytest.mark.parametrize("lock", WANTED)
def test_every_locked_package_has_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    for pinned in re.split(r"\n(?=\S)", re.sub(r"^ *#.*\n", "", text, flags=re.MULTILINE).strip()):
        assert re.match(r"[\w.\[\],-]+==\S+( ; [^\\]+)? \\\n( +--hash=sha256:[0-9a-f]{64}( \\)?\n?)+$", pinned), pinned
    assert not re.search(r"://|--\w*index|--find-links|--trusted", text)


def test_the_image_gets_the_versions_that_were_tested() -> None:
    tested = pins("requirements-dev.lock")
    assert {name: version for name, version in pins("requirements.lock").items() if tested[name] != version} == {}
