"""Pages: from a file to grey images to text, with real poppler and real Tesseract."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from sidecar.domain.errors import PermanentError, SettingsError
from sidecar.engines import raster
from sidecar.engines.raster import Limits
from sidecar.engines.tesseract import Tesseract, TesseractLibrary, TesseractProgram
from sidecar.practice import samples

KINDS = (TesseractLibrary, TesseractProgram)
TEXT = "The quick brown fox jumps over the lazy dog near the river bank."


def file_of(folder: Path, data: bytes) -> Path:
    file = folder / "file"
    file.write_bytes(data)
    return file


def image(size: tuple[int, int] = (400, 200), mode: str = "L", kind: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, color=0 if mode == "1" else None).save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"\0" * 2000, "empty"),
        (samples.not_a_pdf(), "neither a PDF nor an image"),
        (samples.encrypted_pdf(), "encrypted"),
        (samples.empty_pdf(), "no pages"),
        (samples.huge_image(), "20000 x 20000 pixels, 400 million"),
        (b"%PDF-1.7\nthen nothing of use", "damaged"),
        (samples.text_pdf(["a", "b", "c"]), "has 3 pages; OCR_MAX_PAGES allows 2"),
        (image()[:60], "neither a PDF nor an image|damaged"),
    ],
    ids=["empty", "zeros", "not a PDF", "encrypted", "no pages", "bomb", "damaged", "too many pages", "cut off"],
)
def test_what_cannot_be_read_is_said_in_words(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(PermanentError, match=said):
        source = raster.inspect(file_of(tmp_path, data), Limits(max_pages=2))
        raster.render(source, 1, tmp_path, Limits())


def test_one_damaged_page_is_said_and_the_others_are_drawn(tmp_path: Path) -> None:
    data = samples.pdf_with_broken_page([TEXT] * 4, broken=3)
    source = raster.inspect(file_of(tmp_path, data), Limits())
    assert source.pages == 4
    for page in (1, 2, 4):
        assert raster.render(source, page, tmp_path, Limits(dpi=50)).stat().st_size > 1000
    with pytest.raises(PermanentError, match="Page 3 is damaged"):
        raster.render(source, 3, tmp_path, Limits(dpi=50))


def test_a_picture_that_breaks_off_is_not_taken_for_a_blank_page(tmp_path: Path) -> None:
    data = samples.pdf_with_damaged_scan([TEXT] * 4)
    source = raster.inspect(file_of(tmp_path, data), Limits())
    lost = [page for page in range(1, 5) if raster.lost_images(source, page, tmp_path)]
    assert lost == [3]
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_a_page_is_drawn_grey_at_the_wanted_resolution(tmp_path: Path) -> None:
    source = raster.inspect(file_of(tmp_path, samples.text_pdf([TEXT])), Limits())
    with Image.open(raster.render(source, 1, tmp_path, Limits(dpi=100))) as drawn:
        assert drawn.mode == "L"
        assert drawn.width == pytest.approx(827, abs=3)


def test_a_huge_page_is_drawn_coarser_within_the_pixel_limit(tmp_path: Path) -> None:
    poster = samples.scan_pdf([TEXT], dpi=50)
    source = raster.inspect(file_of(tmp_path, poster), Limits())
    with Image.open(raster.render(source, 1, tmp_path, Limits(dpi=600, page_pixels=500_000))) as drawn:
        assert 400_000 < drawn.width * drawn.height <= 505_000


@pytest.mark.parametrize(
    ("mode", "kind"), [("L", "PNG"), ("RGB", "JPEG"), ("1", "TIFF"), ("RGBA", "WEBP"), ("P", "GIF")]
)
def test_every_kind_of_image_becomes_a_grey_raster(tmp_path: Path, mode: str, kind: str) -> None:
    source = raster.inspect(file_of(tmp_path, image(mode=mode, kind=kind)), Limits())
    with Image.open(raster.render(source, 1, tmp_path, Limits())) as drawn:
        assert (drawn.mode, drawn.size) == ("L", (400, 200))


def test_every_frame_of_a_fax_is_a_page(tmp_path: Path) -> None:
    frames = [Image.new("L", (300, 100 + 10 * number), 255) for number in range(3)]
    out = io.BytesIO()
    frames[0].save(out, "TIFF", save_all=True, append_images=frames[1:])
    source = raster.inspect(file_of(tmp_path, out.getvalue()), Limits())
    assert source.pages == 3
    heights = []
    for page in (1, 2, 3):
        with Image.open(raster.render(source, page, tmp_path, Limits())) as drawn:
            heights.append(drawn.height)
    assert heights == [100, 110, 120]


def test_a_phone_photo_is_turned_upright(tmp_path: Path) -> None:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn by 90 degrees
    Image.new("RGB", (400, 200), "white").save(out, "JPEG", exif=exif)
    source = raster.inspect(file_of(tmp_path, out.getvalue()), Limits())
    with Image.open(raster.render(source, 1, tmp_path, Limits())) as drawn:
        assert drawn.size == (200, 400)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "jpeg"])
@pytest.mark.parametrize(("orientation", "corner"), [(1, (0, 0)), (3, (199, 99)), (6, (99, 0)), (8, (0, 199))])
def test_a_tiff_is_turned_upright(tmp_path: Path, orientation: int, corner: tuple[int, int], compression: str) -> None:
    lying, out = Image.new("L", (200, 100), "white"), io.BytesIO()
    lying.paste(0, (0, 0, 40, 40))
    lying.save(out, "TIFF", tiffinfo={274: orientation}, compression=compression)
    source = raster.inspect(file_of(tmp_path, out.getvalue()), Limits())
    with Image.open(raster.render(source, 1, tmp_path, Limits())) as drawn:
        assert drawn.size == ((200, 100) if orientation < 5 else (100, 200))
        assert drawn.getpixel(corner) < 40
        assert sum(drawn.histogram()[:128]) == pytest.approx(1600, rel=0.1)


def test_what_is_transparent_is_paper(tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.new("RGBA", (50, 50), (0, 0, 0, 0)).save(out, "PNG")
    source = raster.inspect(file_of(tmp_path, out.getvalue()), Limits())
    with Image.open(raster.render(source, 1, tmp_path, Limits())) as drawn:
        assert drawn.getpixel((10, 10)) == 255


def drawn(folder: Path, text: str, dpi: int = 200) -> Image.Image:
    source = raster.inspect(file_of(folder, samples.scan_pdf([text], dpi=dpi)), Limits())
    with Image.open(raster.render(source, 1, folder, Limits(dpi=dpi))) as image:
        return image.copy()


@pytest.mark.parametrize("kind", KINDS)
def test_tesseract_reads_a_drawn_page_with_its_confidence_and_the_places_of_its_words(
    tmp_path: Path, kind: type[Tesseract]
) -> None:
    found = kind("eng").read(drawn(tmp_path, TEXT), dpi=200)
    assert TEXT.split() == found.text.split()
    assert found.confidence is not None
    assert found.confidence > 80
    assert "\f" not in found.text
    assert [word.text for word in found.words] == TEXT.split()
    lines = [word.line for word in found.words]
    assert lines == sorted(lines)
    assert all(0 < left < right < 1 and 0 < top < bottom < 0.2 for left, top, right, bottom in
               (word.box for word in found.words))  # fmt: skip


def test_the_library_and_the_program_find_the_same_words(tmp_path: Path) -> None:
    image = drawn(tmp_path, f"{TEXT}\nTotal\t1,234.50 EUR\n{TEXT}")
    one, other = (kind("eng").read(image, dpi=200) for kind in (TesseractLibrary, TesseractProgram))
    assert one.text.split() == other.text.split()
    for ours, theirs in zip(one.words, other.words, strict=True):
        assert ours.box == pytest.approx(theirs.box, abs=0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_a_blank_page_has_no_words_and_no_confidence(kind: type[Tesseract]) -> None:
    found = kind("eng").read(Image.new("L", (600, 800), 255))
    assert (found.text.strip(), found.confidence, found.words) == ("", None, ())


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_that_takes_too_long_is_said_so(tmp_path: Path, kind: type[Tesseract]) -> None:
    with pytest.raises(PermanentError, match="Tesseract cannot read the page"):
        kind("eng", timeout_s=0.01).read(drawn(tmp_path, TEXT * 40, dpi=300))


def test_a_missing_language_is_a_wrong_setting_with_its_cure(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="tesseract-ocr-xyz"):
        TesseractProgram("eng+xyz").check()
    TesseractProgram("eng").check()
    (tmp_path / "deu.traineddata").touch()
    with pytest.raises(SettingsError, match=r"OCR_DATA_DIR: .* has no eng.traineddata"):
        TesseractLibrary("eng", data=tmp_path).check()
