"""A full disk while pages are drawn and read: a page whose text could not be written down is no blank page."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sidecar.domain.errors import TemporaryError
from sidecar.engines import raster
from sidecar.engines.raster import Limits
from sidecar.engines.reading import PageReader
from sidecar.engines.tesseract import TesseractProgram
from sidecar.practice import samples

TEXT = "The quick brown fox jumps over the lazy dog near the river bank."
#: Does as Tesseract does on a full disk: writes what there is room for, and succeeds.
WRAPPER = """#!/bin/sh
{real} "$@" || exit
case "$1" in
--*) ;;
*) for file in "$2".{cut}; do truncate -s {size} "$file"; done ;;
esac
"""


@pytest.fixture
def reader() -> Iterator[PageReader]:
    """What reads in this process, as a child reads in its own."""
    found = PageReader(TesseractProgram("eng"), Limits(dpi=100))
    yield found
    found.close()


@pytest.mark.parametrize(("cut", "size"), [("t*", "0"), ("t*", "'<70'"), ("txt", "'<40'"), ("txt", "0")])
def test_a_page_whose_text_is_cut_off_by_a_full_disk_does_not_pass_as_a_blank_one(
    reader: PageReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: str, size: str
) -> None:
    wrapper = tmp_path / "tesseract"
    wrapper.write_text(WRAPPER.format(real=shutil.which("tesseract"), cut=cut, size=size))
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    file = tmp_path / "file"
    file.write_bytes(samples.scan_pdf([TEXT], dpi=100))

    with pytest.raises(TemporaryError, match="Is the disk full"):
        reader.read(raster.inspect(file, Limits()), 1, tmp_path)


def test_a_page_without_a_word_is_whole(reader: PageReader, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(samples.text_pdf([""]))

    page = reader.read(raster.inspect(file, Limits()), 1, tmp_path)

    assert (page.text.strip(), page.confidence) == ("", None)


def test_an_image_that_could_not_be_drawn_on_a_full_disk_is_not_called_damaged(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(samples.scan_page(TEXT, dpi=100))
    (tmp_path / "page-0001.pgm").symlink_to("/dev/full")

    with pytest.raises(TemporaryError, match="No space left"):
        raster.render(raster.inspect(file, Limits()), 1, tmp_path, Limits())
