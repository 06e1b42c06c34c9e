"""The arrows between the rooms, and a few rules about the code that a person would forget.

This table is the architecture document: a room may import itself and what stands beside it, nothing else.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "sidecar"

ROOMS: dict[str, set[str]] = {
    "domain": set(),
    "store": {"domain"},
    "paperless": {"observe", "domain"},
    "engines": {"observe", "domain"},
    "worker": {"observe", "domain", "store", "paperless", "engines"},
    "practice": set(),
    "settings": {"domain", "observe"},
    "observe": set(),
    "logs": {"observe"},
    "notify": {"observe"},
    "parts": {"domain", "store", "paperless", "engines", "settings"},
    "assembly": {"parts", "domain", "worker"},
    "app": {"observe", "assembly", "parts", "domain", "store", "worker"},
    "desk": {"parts", "domain", "store", "paperless", "worker"},
    "web": {"observe", "app", "assembly", "desk", "parts", "domain", "store", "paperless", "engines", "worker", "logs"},
    "cli": {
        "observe",
        "notify",
        "app",
        "desk",
        "web",
        "parts",
        "worker",
        "domain",
        "store",
        "paperless",
        "engines",
        "settings",
        "logs",
        "practice",
    },
    "__main__": {"cli"},
}

#: Which room a package may be used in; packages that stand for one idea live in one place.
PACKAGES: dict[str, set[str]] = {
    "sqlalchemy": {"store"},
    "alembic": {"store"},
    "sqlite3": {"store", "practice"},
    "psycopg": {"store"},
    "httpx": {"paperless", "practice"},
    "openai": {"engines"},
    "fastapi": {"web"},
    "starlette": {"web"},
    "uvicorn": {"web"},
    "python_multipart": {"web"},
    "jinja2": {"engines", "web", "cli"},
    "markupsafe": {"web"},
    "pdf2image": {"engines"},
    "pytesseract": {"engines"},
    "tesserocr": {"engines"},
    "pypdfium2": {"engines"},
    "PIL": {"engines", "practice"},
    "pikepdf": {"engines", "practice"},
    "pydantic": {"settings", "web", "cli"},
    "pydantic_settings": {"settings"},
    "typer": {"cli"},
    "rich": {"cli"},
    "structlog": {"logs"},
    "prometheus_client": {"observe"},
    "opentelemetry": {"observe"},
    "apprise": {"notify"},
}

FILES = sorted(ROOT.rglob("*.py"))


def room_of(file: Path) -> str:
    return file.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} imports relatively"
            base = node.module or ""
            found |= {f"{base}.{alias.name}" for alias in node.names} if base == "sidecar" else {base}
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_imports_point_one_way(file: Path) -> None:
    room = room_of(file)
    if room == "__init__":
        return
    used = {name.split(".")[1] for name in imports(file) if name.startswith("sidecar.")}
    strange = used - ROOMS[room] - {room, "__version__"}
    assert not strange, f"{room} may not import {strange}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_package_lives_in_its_room(file: Path) -> None:
    used = {name.split(".")[0] for name in imports(file)}
    strange = {name for name in used & set(PACKAGES) if room_of(file) not in PACKAGES[name]}
    assert not strange, f"{strange} belongs into {[PACKAGES[name] for name in strange]}"


def test_only_the_parts_and_the_command_line_see_the_settings() -> None:
    users = {
        room_of(file) for file in FILES if any(name.split(".")[:2] == ["sidecar", "settings"] for name in imports(file))
    }
    assert users <= {"parts", "cli", "settings"}


def test_broad_excepts_stand_only_where_every_error_must_end() -> None:
    found = {
        str(file.relative_to(ROOT))
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")))
        and room_of(file) != "practice"
    }
    assert found == {
        "app.py", "engines/child.py", "notify.py", "web/live.py",
        "worker/runner.py", "worker/gate.py", "worker/providers.py", "store/sqlite.py", "store/postgres.py",
    }  # fmt: skip


def test_the_domain_knows_no_clock_no_chance_and_no_files() -> None:
    forbidden = {"time", "random", "os", "pathlib", "asyncio", "logging", "secrets", "uuid", "io", "sys"}
    for file in (ROOT / "domain").glob("*.py"):
        assert not {name.split(".")[0] for name in imports(file)} & forbidden, file
        assert "datetime.now" not in file.read_text(encoding="utf-8"), file
