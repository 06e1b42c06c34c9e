"""The folder for files while they are read: empty at the start, and of one program alone."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from pathlib import Path
from typing import IO

from sidecar.domain.errors import StoreError


class WorkFolder:
    """A folder below `root`. Programs that share the root leave each other's alone; those of dead ones are cleared."""

    def __init__(self, root: Path, owner: str) -> None:
        self.path = root / owner
        self._lock: IO[str] | None = None

    def open(self) -> None:
        """Clear what dead programs left, and make the folder. Raises StoreError.

        Libraries put their temporary files there too from now on.
        """
        root = self.path.parent
        try:
            root.mkdir(parents=True, exist_ok=True)
            alive = {lock.stem for lock in root.glob("*.lock") if not _is_left(lock)}
            for left in root.iterdir():
                if left.stem not in alive:
                    _remove(left)
            self._lock = self.path.with_suffix(".lock").open("w")
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            self.path.mkdir(exist_ok=True)
        except OSError as error:
            raise StoreError(f"The folder {root} cannot be used: {error.strerror}. Check DATA_DIR.") from error
        tempfile.tempdir = str(self.path)

    def close(self) -> None:
        """Remove the folder."""
        tempfile.tempdir = None
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock is not None:
            self.path.with_suffix(".lock").unlink(missing_ok=True)
            self._lock.close()
            self._lock = None


def _is_left(lock: Path) -> bool:
    """Say whether the program that made this lock is gone."""
    try:
        with lock.open() as opened:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _remove(left: Path) -> None:
    if left.is_dir() and not left.is_symlink():
        shutil.rmtree(left, ignore_errors=True)
    else:
        left.unlink(missing_ok=True)
