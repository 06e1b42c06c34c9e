"""What `sidecar check` looks at on this machine: the prompts, Tesseract, the store's folder and disk, the port."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import tempfile
import urllib.request

from sidecar.cli.look_paperless import Said
from sidecar.domain.errors import SettingsError
from sidecar.parts import Parts

#: Less than this on the disk of DATA_DIR is said.
LEAST_FREE_MB = 500
HEALTH_S = 3.0


async def prompts(parts: Parts) -> list[Said]:
    """Look whether all prompts can be read. Raises SettingsError."""
    parts.prompts.check()
    return [Said(True, "All prompts can be read.")]


async def tesseract(parts: Parts) -> list[Said]:
    """Look whether Tesseract is there with its languages. Raises SettingsError."""
    await asyncio.to_thread(parts.engine.check)
    return [Said(True, f"{parts.engine.name}, languages {parts.engine.choice}.")]


async def store(parts: Parts) -> list[Said]:
    """Look whether the store can be written and has room. Raises SettingsError and StoreError."""
    folder = parts.settings.data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise SettingsError(
            [
                f"DATA_DIR: {folder} cannot be written ({error.strerror}). Give the folder to the user of the sidecar: "
                f"chown -R {os.getuid()}:{os.getgid()} on it."
            ]
        ) from error
    free_mb = shutil.disk_usage(folder).free // 1_000_000
    room = Said(True, f"{folder} can be written; {free_mb} MB are free.")
    if free_mb < LEAST_FREE_MB:
        room = Said(False, f"DATA_DIR: only {free_mb} MB are free on the disk of {folder}: make room.")
    if not parts.db.is_shared:
        return [room]
    there = await asyncio.to_thread(parts.db.exists)
    tables = "its tables are there" if there else "tables will be made at the start"
    return [room, Said(True, f"{parts.db.place} answers; {tables}.")]


async def port(parts: Parts) -> list[Said]:
    """Look whether the dashboard's port is free, or the sidecar itself answers there."""
    s = parts.settings
    if not s.web_port:
        return [Said(True, "WEB_PORT is 0: no dashboard.")]
    family = socket.AF_INET6 if ":" in s.web_host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trying:
        trying.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trying.bind((s.web_host, s.web_port))
        except OSError as error:
            if await asyncio.to_thread(_is_ours, s.web_host, s.web_port, s.web_prefix):
                return [Said(True, f"The sidecar runs and answers at port {s.web_port}.")]
            return [
                Said(
                    False,
                    f"Port {s.web_port} at {s.web_host} cannot be had ({error.strerror}): stop what listens there, or "
                    "name another WEB_PORT, or 0 for no dashboard.",
                )
            ]
    return [Said(True, f"Port {s.web_port} is free for the dashboard.")]


def _is_ours(host: str, number: int, prefix: str) -> bool:
    named = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{named}:{number}{prefix}/healthz", timeout=HEALTH_S) as answer:
            return bool(answer.read(100).strip() == b'{"status":"ok"}')
    except (OSError, ValueError):
        return False
