"""Searchable PDFs: scans with real Tesseract words, looked at with poppler, PDFium and qpdf."""

from __future__ import annotations

import csv
import hashlib
import html
import io
import os
import re
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pikepdf import Array, Dictionary, Name
from PIL import Image

from sidecar.domain.errors import PermanentError, TemporaryError
from sidecar.domain.word import Word
from sidecar.engines.searchable_pdf import add_text, align
from sidecar.practice import samples

TEXT = """# Ambervale Energy
Customer 4471-9082\tPage 1

Electricity used, 214 kWh at 0.31 EUR\t66.34 EUR
We will collect the amount due from your account on 26 May 2026. Thank you for choosing electricity from wind
and water."""
LONG = """The landlord lets to the tenant the flat on the second floor of 14 Lantern Street, Eastmere, with two \
bedrooms, a kitchen, a bathroom and a cellar room, together with the furniture listed in the annex to this agreement. \
Either party may end the tenancy with three months of notice to the end of a calendar month."""
OTHER = "Quillstone insures bicycles against burglary."
DPI = 100


def faults(file: Path) -> list[str]:
    """Give what `qpdf --check` would complain of."""
    with pikepdf.open(file) as pdf:
        return pdf.check_pdf_syntax()


def run(*arguments: object) -> str:
    done = subprocess.run(
        [str(argument) for argument in arguments],
        capture_output=True,
        check=True,
        env=os.environ | {"OMP_THREAD_LIMIT": "1"},
    )
    return done.stdout.decode()


def drawn(pdf: Path, page: int = 1, dpi: int = DPI) -> bytes:
    """Return the pixels of a page as it is shown."""
    return subprocess.run(
        ["pdftoppm", "-cropbox", "-r", str(dpi), "-f", str(page), "-l", str(page), str(pdf)],
        capture_output=True,
        check=True,
    ).stdout


def read(pdf: Path, page: int = 1) -> list[Word]:
    """Let Tesseract read a page as it is shown."""
    image = pdf.with_suffix(".ppm")
    image.write_bytes(drawn(pdf, page, 150))
    rows = list(csv.DictReader(run("tesseract", image, "-", "tsv").splitlines(), delimiter="\t", quoting=3))
    wide, high = int(rows[0]["width"]), int(rows[0]["height"])
    lines: dict[tuple[str, ...], int] = {}
    words = []
    for row in rows:
        if row["level"] == "5" and row["text"].strip():
            line = lines.setdefault((row["block_num"], row["par_num"], row["line_num"]), len(lines) + 1)
            left, top, width, height = (int(row[name]) for name in ("left", "top", "width", "height"))
            box = (left / wide, top / high, (left + width) / wide, (top + height) / high)
            words.append(Word(row["text"], box, line, float(row["conf"])))
    return words


def found(pdf: Path, page: int = 1) -> list[Word]:
    """Return what poppler finds as text on a page, with boxes in parts of the page as it is shown."""
    said = run("pdftotext", "-bbox", "-cropbox", "-f", page, "-l", page, pdf, "-")
    wide, high = (float(part) for part in re.findall(r'<page width="(.*)" height="(.*)">', said)[0])
    with pikepdf.open(pdf) as opened:  # poppler turns the words, but not the page
        wide, high = (high, wide) if int(opened.pages[page - 1].obj.get("/Rotate", 0)) % 180 else (wide, high)
    hits = re.findall(r'xMin="(.*)" yMin="(.*)" xMax="(.*)" yMax="(.*)">(.*)</word>', said)
    words = []
    for *edges, text in hits:
        left, top, right, bottom = (float(edge) for edge in edges)
        words.append(Word(html.unescape(text), (left / wide, top / high, right / wide, bottom / high), 1, 0.0))
    return words


def text_of(pdf: Path, page: int = 1) -> str:
    return " ".join(run("pdftotext", "-f", page, "-l", page, pdf, "-").split())


def seen_by_pdfium(pdf: Path, page: int = 1) -> str:
    with pypdfium2.PdfDocument(pdf) as document:
        return " ".join(document[page - 1].get_textpage().get_text_bounded().split())


def file_of(folder: Path, data: bytes, name: str = "original.pdf") -> Path:
    file = folder / name
    file.write_bytes(data)
    return file


def changed(folder: Path, data: bytes, change: Callable[[pikepdf.Pdf], object]) -> Path:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as pdf:
        change(pdf)
        pdf.save(out, static_id=True)
    return file_of(folder, out.getvalue())


def assert_in_place(expected: Sequence[Word], pdf: Path) -> None:
    """Every word is found where it was read: 2 points along its line, 5 across, where Tesseract itself is vague."""
    there = found(pdf)
    for one in expected:
        same = [other for other in there if other.text == one.text]
        assert any(is_near(one, other) for other in same), f"{one} is not among {same}"


def is_near(one: Word, other: Word) -> bool:
    left, top, right, bottom = ((a - b) * 842 for a, b in zip(one.box, other.box, strict=True))
    level = max(abs(left), abs(right)) < 2 and abs(top + bottom) / 2 < 5
    upright = max(abs(top), abs(bottom)) < 2 and abs(left + right) / 2 < 5
    return level or upright


def assert_sound(original: Path, target: Path, pages: int = 1) -> None:
    """The file is valid and looks as before, pixel for pixel."""
    assert faults(target) == []
    for page in range(1, pages + 1):
        assert drawn(original, page) == drawn(target, page)
    assert not list(target.parent.glob("*.part"))


def word(text: str, left: float = 0.1, line: int = 1, width: float = 0.1) -> Word:
    top = 0.1 + 0.03 * line
    return Word(text, (left, top, left + width, top + 0.015), line, 90.0)


def row(text: str, line: int = 1, left: float = 0.1) -> list[Word]:
    """Set the words of a text on one line, a hundredth of the page a letter."""
    words = []
    for part in text.split():
        words.append(word(part, left, line, 0.01 * len(part)))
        left += 0.01 * (len(part) + 1)
    return words


@pytest.fixture(scope="module")
def scan() -> bytes:
    return samples.scan_pdf([TEXT, OTHER, TEXT], dpi=150, skew=0.5)


@pytest.fixture(scope="module")
def words(scan: bytes, tmp_path_factory: pytest.TempPathFactory) -> list[Word]:
    return read(file_of(tmp_path_factory.mktemp("scan"), scan))


# --- where the words stand


def test_words_are_found_where_they_are_read(tmp_path: Path, scan: bytes, words: list[Word]) -> None:
    original, target = file_of(tmp_path, scan), tmp_path / "target.pdf"
    add_text(original, target, {1: words, 3: words})
    assert len(words) > 30
    assert_in_place(words, target)
    assert_sound(original, target, pages=3)
    assert "collect the amount due from your account on 26 May 2026." in text_of(target)
    assert "collect the amount due from your account on 26 May 2026." in seen_by_pdfium(target)
    assert (text_of(target, 2), text_of(target, 3)) == ("", text_of(target, 1))


@pytest.mark.parametrize("rotate", [0, 90, 180, 270, -90, 450])
def test_a_page_that_is_shown_turned_and_cropped_gets_its_words_there(
    tmp_path: Path, scan: bytes, words: list[Word], rotate: int
) -> None:
    def turn(pdf: pikepdf.Pdf) -> None:
        page = pdf.pages[0]
        page.obj.MediaBox = Array([-50, -70, 600, 850])
        page.obj.CropBox = Array([590, 20, -20, 900])  # reaches out above, and its corners are the other two
        page.obj.UserUnit = 2
        page.obj.Rotate = rotate

    original, target = changed(tmp_path, scan, turn), tmp_path / "target.pdf"
    shown = [word for word in upright(words, rotate) if all(0 < edge < 1 for edge in word.box)]
    add_text(original, target, {1: shown})
    assert_in_place(shown, target)
    assert_sound(original, target)


def upright(words: Sequence[Word], rotate: int) -> Iterator[Word]:
    """Give the boxes from the whole A4 page in parts of the cropped page, turned clockwise."""
    for one in words:
        x0, y0, x1, y1 = (edge * size for edge, size in zip(one.box, (595, 842, 595, 842), strict=True))
        left, right = ((x + 20) / 610 for x in (x0, x1))
        top, bottom = ((y + 8) / 830 for y in (y0, y1))
        box = {
            0: (left, top, right, bottom),
            90: (1 - bottom, left, 1 - top, right),
            180: (1 - right, 1 - bottom, 1 - left, 1 - top),
            270: (top, 1 - right, bottom, 1 - left),
        }[rotate % 360]
        yield Word(one.text, box, one.line, one.confidence)


def test_words_are_right_on_a_turned_page_as_tesseract_reads_it(tmp_path: Path, scan: bytes) -> None:
    def turn(pdf: pikepdf.Pdf) -> None:
        pdf.pages[0].obj.Rotate = 90
        content = pdf.pages[0].obj.Contents.read_bytes()
        pdf.pages[0].obj.MediaBox = Array([0, 0, 842, 595])
        pdf.pages[0].obj.Contents = pdf.make_stream(b"q 0 1 -1 0 842 0 cm " + content + b" Q")

    original, target = changed(tmp_path, scan, turn), tmp_path / "target.pdf"
    shown = read(original)
    assert "Electricity" in [word.text for word in shown]
    add_text(original, target, {1: shown})
    assert_in_place(shown, target)
    assert_sound(original, target)


@pytest.mark.parametrize("skew", [0.0, 1.2, -1.2])
def test_lines_of_a_skewed_scan_stay_whole_and_in_order(tmp_path: Path, skew: float) -> None:
    text = "\n\n".join([LONG, LONG.replace("landlord", "owner"), LONG.replace("flat", "house")])
    original, target = file_of(tmp_path, samples.scan_pdf([text], dpi=150, skew=skew)), tmp_path / "target.pdf"
    page = read(original)
    add_text(original, target, {1: page})
    assert text_of(target) == " ".join(word.text for word in page)
    assert_in_place(page, target)


def test_a_line_up_the_margin_is_one_line(tmp_path: Path, scan: bytes) -> None:
    upwards = [
        Word("Retain", (0.05, 0.80, 0.065, 0.88), 1, 90.0),
        Word("this", (0.05, 0.74, 0.065, 0.79), 1, 90.0),
        Word("receipt", (0.05, 0.64, 0.065, 0.73), 1, 90.0),
    ]
    original, target = file_of(tmp_path, scan), tmp_path / "target.pdf"
    add_text(original, target, {1: upwards})
    assert text_of(target) == "Retain this receipt"
    assert_in_place(upwards, target)


# --- what the characters are


@pytest.mark.parametrize(
    "text",
    [
        "Größe naïve œuvre",
        "cafe\u0301 n\u0303andu\u0301 x\u0323\u0307",
        "Счёт №42 їжак",
        "東京都 請求書 ﾊﾝｶｸ",
        "हिन्दी नमस्ते क्षत्रिय ที่นี่ ภาษาไทย",
        "man\u0303ana q\u0303uiero 5\u20e3 ❤\ufe0f",
        "a b 1 , x",
        "😀 👩‍👩‍👧 👍🏽 🇩🇪 𝔘𝔫𝔦 𠜎",
        "final €5 “so” <&> (a) \\ %",
        "한국어 ελληνικά",
    ],
)
def test_every_character_is_copied_right(tmp_path: Path, scan: bytes, text: str) -> None:
    original, target = file_of(tmp_path, scan), tmp_path / "target.pdf"
    add_text(original, target, {1: row(text)})
    assert text_of(target) == text
    assert seen_by_pdfium(target) == text
    assert faults(target) == []


def test_hebrew_and_arabic_are_copied_in_their_own_order(tmp_path: Path, scan: bytes) -> None:
    line = row("שלום עולם", 1)[::-1] + row("فاتورة رقم", 2)[::-1]
    words = [
        Word(text, one.box, one.line, 90.0) for text, one in zip(["שלום", "עולם", "فاتورة", "رقم"], line, strict=True)
    ]
    original, target = file_of(tmp_path, scan), tmp_path / "target.pdf"
    add_text(original, target, {1: words})
    said = re.sub("[\u200e\u200f\u202a-\u202e]", "", text_of(target))
    assert said == "שלום עולם فاتورة رقم"
    assert seen_by_pdfium(target) == "שלום עולם فاتورة رقم"
    with pikepdf.open(target) as pdf:  # pdf.js takes the words as they come, and turns the whole line
        layer = pdf.pages[0].obj.Contents[0].read_bytes().decode()
    for line in layer.split("Tf")[1:]:
        across = [float(x) for x in re.findall(r"1 0 0 1 (\S+) \S+ Tm", line)]
        assert across == sorted(across)


def test_a_font_of_many_characters_is_whole(tmp_path: Path, scan: bytes) -> None:
    signs = [chr(0x4E00 + number) for number in range(2500)]
    lines = ["".join(signs[start : start + 25]) for start in range(0, 2500, 25)]
    page = [Word(line, (0.1, at / 101, 0.9, (at + 0.8) / 101), at + 1, 90.0) for at, line in enumerate(lines)]
    original, target = file_of(tmp_path, scan), tmp_path / "target.pdf"
    add_text(original, target, {1: page})
    assert text_of(target) == " ".join(lines)


# --- what else is in the file


def raw_pdf(*objects: str) -> bytes:
    """Put a PDF together by hand, since libraries hand down what pages inherit; the first object is the catalog."""
    body, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{number} 0 obj {content} endobj\n".encode()
    table = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n" + "".join(f"{at:010} 00000 n \n" for at in offsets)
    return body + f"{table}trailer << /Size {len(objects) + 1} /Root 1 0 R >> startxref {len(body)} %%EOF".encode()


def test_pages_that_share_what_they_inherit_do_not_disturb_each_other(tmp_path: Path) -> None:
    seen = "BT /Helv 24 Tf 100 100 Td (Seen) Tj ET"
    data = raw_pdf(
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R 4 0 R 4 0 R] /Count 3 /MediaBox [0 0 400 800] /Rotate 90 /Resources 5 0 R >>",
        "<< /Type /Page /Parent 2 0 R /Contents [6 0 R 6 0 R] >>",
        "<< /Type /Page /Parent 2 0 R /Contents 6 0 R >>",
        "<< /Font << /Helv << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>",
        f"<< /Length {len(seen)} >> stream\n{seen}\nendstream",
    )
    original, target = file_of(tmp_path, data), tmp_path / "target.pdf"
    below = [word("below", 0.3, line=18)]
    add_text(original, target, {2: below})
    assert_sound(original, target, pages=3)
    assert [sorted(text_of(target, page).split()) for page in (1, 2, 3)] == [["Seen"], ["Seen", "below"], ["Seen"]]
    with pikepdf.open(target) as pdf:
        assert [len(page.obj.Resources.Font.keys()) for page in pdf.pages] == [1, 2, 1]
    add_text(original, target, {1: below})
    assert_in_place(below, target)


@pytest.mark.parametrize("left_over", [b"2 0 0 2 30 30 cm", b"q q 0 1 -1 0 9 9 cm", b"Q Q Q 3 0 0 3 0 0 cm Q"])
def test_a_state_that_the_page_leaves_behind_moves_no_text(
    tmp_path: Path, scan: bytes, words: list[Word], left_over: bytes
) -> None:
    def leave(pdf: pikepdf.Pdf) -> None:
        content = pdf.pages[0].obj.Contents
        pdf.pages[0].obj.Contents = Array([pdf.make_stream(left_over), content, pdf.make_stream(left_over)])

    original, target = changed(tmp_path, scan, leave), tmp_path / "target.pdf"
    add_text(original, target, {1: words})
    assert_in_place(words, target)
    assert drawn(original) == drawn(target)


def furnished(pdf: pikepdf.Pdf) -> None:
    """Add a form, a link, an outline, page labels, an attachment and metadata."""
    page = pdf.pages[0].obj
    field = pdf.make_indirect(
        Dictionary(Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, T="Name", V="Mara", Rect=[50, 50, 150, 70])
    )
    link = Dictionary(
        Type=Name.Annot, Subtype=Name.Link, Rect=[10, 10, 40, 40], A=Dictionary(S=Name.URI, URI="http://a")
    )
    page.Annots = Array([field, pdf.make_indirect(link)])
    pdf.Root.AcroForm = Dictionary(Fields=Array([field]))
    pdf.Root.PageLabels = Dictionary(Nums=Array([0, Dictionary(S=Name.r)]))
    pdf.attachments["notes.txt"] = b"attached"
    with pdf.open_outline() as outline:
        outline.root.append(pikepdf.OutlineItem("Beginning", 0))
    pdf.docinfo["/Title"] = "Contract"


def test_everything_else_stays(tmp_path: Path, scan: bytes, words: list[Word]) -> None:
    original, target = changed(tmp_path, scan, furnished), tmp_path / "target.pdf"
    add_text(original, target, {1: words})
    with pikepdf.open(original) as before, pikepdf.open(target) as after:
        assert after.attachments["notes.txt"].get_file().read_bytes() == b"attached"
        assert str(after.docinfo["/Title"]) == "Contract"
        assert after.Root.PageLabels == before.Root.PageLabels
        assert str(after.Root.AcroForm.Fields[0].V) == "Mara"
        assert after.pages[0].obj.Annots[0] == after.Root.AcroForm.Fields[0]
        assert str(after.pages[0].obj.Annots[1].A.URI) == "http://a"
        with after.open_outline() as outline:
            assert [item.title for item in outline.root] == ["Beginning"]
        for old, new in zip(before.pages, after.pages, strict=True):
            contents = new.obj.Contents
            own = contents[-1] if isinstance(contents, Array) else contents
            assert own.read_raw_bytes() == old.obj.Contents.read_raw_bytes()
            scans = [page.obj.Resources.XObject.Scan.read_raw_bytes() for page in (old, new)]
            assert scans[0] == scans[1]
    assert_sound(original, target, pages=3)


def test_a_page_costs_little(tmp_path: Path, scan: bytes, words: list[Word]) -> None:
    original, target = file_of(tmp_path, scan), tmp_path / "target.pdf"
    dense = [word for line in range(60) for word in row("ordinary words of five six letters as always", line / 2)]
    add_text(original, target, {1: words, 2: dense, 3: words})
    assert target.stat().st_size - original.stat().st_size < 3 * 10_000


def test_the_same_input_gives_the_same_bytes_at_any_time(tmp_path: Path, scan: bytes, words: list[Word]) -> None:
    original, target = file_of(tmp_path, scan), tmp_path / "target.pdf"
    sums, started = set(), int(time.time())
    while int(time.time()) <= started + 1:  # what depends on the time does so by the second
        add_text(original, target, {3: words, 1: words} if len(sums) % 2 else {1: words, 3: words})
        sums.add(hashlib.sha256(target.read_bytes()).hexdigest())
    assert len(sums) == 1


def test_without_words_the_pages_stay(tmp_path: Path, scan: bytes) -> None:
    original, target = file_of(tmp_path, scan), tmp_path / "target.pdf"
    add_text(original, target, {1: [], 2: [word("  ")]})
    assert_sound(original, target, pages=3)
    with pikepdf.open(target) as pdf:
        assert all("/Font" not in page.obj.Resources for page in pdf.pages)


# --- an older layer


def test_the_own_layer_is_replaced_and_nothing_piles_up(tmp_path: Path, scan: bytes, words: list[Word]) -> None:
    original, target, again = file_of(tmp_path, scan), tmp_path / "target.pdf", tmp_path / "again.pdf"
    add_text(original, target, {1: words})
    add_text(target, again, {1: row(OTHER)})
    assert text_of(again) == OTHER
    assert_sound(original, again, pages=3)
    add_text(again, target, {1: words})
    add_text(target, again, {1: words})
    assert target.read_bytes()[:100] == again.read_bytes()[:100]
    assert target.stat().st_size == again.stat().st_size


def test_the_layer_of_tesseract_itself_is_replaced(tmp_path: Path, scan: bytes) -> None:
    file_of(tmp_path, drawn(file_of(tmp_path, scan), 1, 150), "page.ppm")
    run("tesseract", tmp_path / "page.ppm", tmp_path / "layered", "--dpi", "150", "pdf")
    original, target = tmp_path / "layered.pdf", tmp_path / "target.pdf"
    assert "Ambervale Energy" in text_of(original)
    add_text(original, target, {1: row(OTHER)})
    assert text_of(target) == OTHER
    assert_sound(original, target)


HIDDEN = b"BT 3 Tr /Helv 12 Tf 1 0 0 1 60 700 Tm (hidden) Tj ET "


@pytest.mark.parametrize(
    ("content", "stays"),
    [
        (b"q " + HIDDEN + b"Q BT /Helv 12 Tf 60 650 Td (seen) Tj ET", "seen"),
        (HIDDEN + b"BT 0 Tr 60 650 Td (seen) Tj ET", "seen"),
        (b"BT /Helv 12 Tf 3 Tr 60 650 Td (hidden) Tj 0 Tr 9 0 Td (seen) Tj 3 Tr T* (hidden) Tj ET", "seen"),
        (b"BT /Helv 12 Tf 14 TL 60 650 Td 3 Tr (hidden) ' 1 2 (hidden) \" [(hid) 20 (den)] TJ ET", ""),
        (b"q 3 Tr q 0 Tr Q " + HIDDEN.replace(b"3 Tr", b"") + b"Q BT /Helv 12 Tf 60 650 Td (seen) Tj ET", "seen"),
        (b"q 3 Tr Q BT /Helv 12 Tf 60 650 Td (seen) Tj ET", "seen"),
        (b"BT /Helv 12 Tf 60 650 Td 3 Tr (hidden) Tj 0 Tr (seen) Tj ET", "hiddenseen"),  # its place hangs on the hidden
        (b"/P << /MCID 0 >> BDC " + HIDDEN + b"EMC 0 Tr BT 60 650 Td (seen) Tj ET", "seen"),
        (b"/Hidden Do BT /Helv 12 Tf 60 650 Td (seen) Tj ET", "seen"),
        (b"/Mixed Do", "hidden drawn"),
        (b"q 3 Tr BT /Three 12 Tf 60 650 Td (aa) Tj ET Q", "aa"),  # Type 3 glyphs are drawn in every mode
        (b"BT /Helv 12 Tf 60 650 Td 3 Tr (hidden Tj ET", None),
    ],
)
def test_only_what_is_hidden_for_certain_is_taken_away(tmp_path: Path, content: bytes, stays: str | None) -> None:
    def build(pdf: pikepdf.Pdf) -> None:
        fonts = pdf.pages[0].obj.Resources.Font
        box = [0, 0, 600, 850]
        own = Dictionary(Font=Dictionary(Helv=fonts.Helv))
        form = {"Type": Name.XObject, "Subtype": Name.Form, "BBox": Array(box), "Resources": own}
        drawing = HIDDEN + b"0 Tr BT 60 600 Td (drawn) Tj ET 9 9 40 40 re f"
        glyph = pdf.make_stream(b"1000 0 0 0 750 750 d1 0 0 750 750 re f")
        fonts.Three = Dictionary(
            Type=Name.Font, Subtype=Name.Type3, FontBBox=[0, 0, 750, 750], FontMatrix=Array([0.001, 0, 0, 0.001, 0, 0]),
            CharProcs=Dictionary(a=glyph), Encoding=Dictionary(Type=Name.Encoding, Differences=[97, Name.a]),
            FirstChar=97, LastChar=97, Widths=[1000], Resources=Dictionary(),
        )  # fmt: skip
        pdf.pages[0].obj.Resources.XObject = Dictionary(
            Hidden=pdf.make_stream(HIDDEN, **form), Mixed=pdf.make_stream(drawing, **form)
        )
        pdf.pages[0].obj.Contents = pdf.make_stream(content)

    original, target = changed(tmp_path, samples.text_pdf(["x"]), build), tmp_path / "target.pdf"
    add_text(original, target, {1: [word("New", line=20)]})
    assert drawn(original) == drawn(target)
    if stays is not None:
        assert text_of(target).replace("New", "").split() == stays.split()


def test_visible_text_of_a_page_stays_beside_the_new(tmp_path: Path) -> None:
    original, target = file_of(tmp_path, samples.text_pdf([OTHER])), tmp_path / "target.pdf"
    add_text(original, target, {1: row("stamped in red", line=20)})
    assert_sound(original, target)
    assert OTHER in text_of(target)
    assert "stamped in red" in text_of(target)


# --- images


def picture(mode: str = "L", size: tuple[int, int] = (620, 300)) -> Image.Image:
    with Image.open(io.BytesIO(samples.scan_page(TEXT, dpi=75))) as page:
        return page.resize(size).convert(mode)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def test_a_jpeg_lies_in_the_pdf_byte_for_byte(tmp_path: Path) -> None:
    data = samples.scan_page(TEXT, dpi=150)
    original, target = file_of(tmp_path, data, "scan.jpg"), tmp_path / "target.pdf"
    add_text(original, target, {1: row(OTHER)})
    with pikepdf.open(target) as pdf:
        assert pdf.pages[0].obj.Resources.XObject.Scan.read_raw_bytes() == data
        assert [float(edge) for edge in pdf.pages[0].mediabox] == pytest.approx([0, 0, 595, 842], abs=1)
    words = read(target)
    add_text(original, target, {1: words})
    assert_in_place(words, target)
    assert faults(target) == []
    assert target.stat().st_size < original.stat().st_size * 1.15 + 50_000


@pytest.mark.parametrize(
    ("mode", "kind", "options", "space"),
    [
        ("L", "PNG", {}, "/DeviceGray"),
        ("1", "PNG", {}, "/DeviceGray"),
        ("RGB", "PNG", {}, "/DeviceRGB"),
        ("P", "PNG", {}, "/Indexed"),
        ("L", "PNG", {"transparency": 255}, "/DeviceGray"),
        ("RGBA", "PNG", {}, "/DeviceRGB"),
        ("I;16", "PNG", {}, "/DeviceGray"),
        ("1", "TIFF", {"compression": "group4"}, "/DeviceGray"),
        ("L", "TIFF", {"compression": "tiff_lzw"}, "/DeviceGray"),
        ("RGB", "TIFF", {}, "/DeviceRGB"),
        ("CMYK", "TIFF", {}, "/DeviceRGB"),
        ("RGB", "WEBP", {"lossless": True}, "/DeviceRGB"),
        ("P", "GIF", {}, "/Indexed"),
        ("L", "BMP", {}, "/DeviceGray"),
        ("CMYK", "JPEG", {}, "/DeviceCMYK"),
        ("RGB", "JPEG", {"progressive": True}, "/DeviceRGB"),
    ],
)
def test_every_kind_of_image_looks_as_before(
    tmp_path: Path, mode: str, kind: str, options: dict[str, object], space: str
) -> None:
    grey = picture("L")
    image = Image.frombytes("I;16", grey.size, b"".join(bytes([0, value]) for value in grey.tobytes())) if (
        mode == "I;16") else grey.convert(mode)  # fmt: skip
    data = saved(image, kind, dpi=(150, 150), **options)
    original, target = file_of(tmp_path, data, "scan"), tmp_path / "target.pdf"
    add_text(original, target, {1: row("Found here")})
    assert faults(target) == []
    assert text_of(target) == "Found here"
    with pikepdf.open(target) as pdf:
        stored = pdf.pages[0].obj.Resources.XObject.Scan
        assert space in str(stored.ColorSpace.unparse() if isinstance(stored.ColorSpace, Array) else stored.ColorSpace)
        assert int(stored.BitsPerComponent) == (1 if mode == "1" else 16 if mode == "I;16" else 8)
    run("pdfimages", "-png", target, tmp_path / "stored")
    with Image.open(original) as was, Image.open(tmp_path / "stored-000.png") as now:
        before = grey if mode == "I;16" else was.convert("RGBA" if "transparency" in was.info else "RGB").convert("L")
        after = now.convert("RGB").convert("L")
    off = sorted(abs(a - b) for a, b in zip(before.tobytes(), after.tobytes(), strict=True))
    assert off[int(len(off) * 0.999)] <= (40 if mode == "CMYK" else 1)
    assert target.stat().st_size < original.stat().st_size * 1.15 + 50_000


def test_every_frame_of_a_fax_is_a_page_with_its_own_words(tmp_path: Path) -> None:
    clear = picture("L", (1240, 1754)).point(lambda value: 255 * (value > 128)).convert("1")
    frames = [clear, clear.rotate(180)]
    data = saved(frames[0], "TIFF", save_all=True, append_images=frames[1:], compression="group4", dpi=(200, 100))
    original, target = file_of(tmp_path, data, "fax.tif"), tmp_path / "target.pdf"
    add_text(original, target, {1: row("first"), 2: row("second")})
    assert [text_of(target, page) for page in (1, 2)] == ["first", "second"]
    with pikepdf.open(target) as pdf:
        for page in pdf.pages:
            assert page.obj.Resources.XObject.Scan.Filter == Name.CCITTFaxDecode
            assert [float(edge) for edge in page.mediabox[2:]] == pytest.approx([446.4, 1262.88], abs=0.1)
    assert target.stat().st_size < original.stat().st_size * 1.15 + 50_000


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_upright_as_its_words_are(tmp_path: Path, orientation: int) -> None:
    from PIL import ImageOps  # noqa: PLC0415

    exif = Image.Exif()
    exif[0x0112] = orientation
    corner = Image.new("L", (80, 40), 255)
    corner.paste(0, (0, 0, 30, 10))
    original = file_of(tmp_path, saved(corner, "JPEG", exif=exif, quality=95), "photo.jpg")
    target = tmp_path / "target.pdf"
    add_text(original, target, {1: [word("x")]})
    with pypdfium2.PdfDocument(target) as document, Image.open(original) as image:
        upright = ImageOps.exif_transpose(image)
        seen = document[0].render(scale=upright.width / document[0].get_width()).to_pil().convert("L")
        seen = seen.resize(upright.size)
    off = [abs(a - b) for a, b in zip(upright.tobytes(), seen.tobytes(), strict=True)]
    assert sum(off) / len(off) < 8


# --- what is refused


def signed(pdf: pikepdf.Pdf, *, value: bool, flags: int = 0) -> None:
    signature = Dictionary(Type=Name.Sig, Filter=Name("/Adobe.PPKLite"), Contents=b"0", ByteRange=[0, 1, 2, 3])
    field = Dictionary(T="Kid", Parent=Dictionary(), Rect=[0, 0, 0, 0], Subtype=Name.Widget)
    if value:
        field.V = pdf.make_indirect(signature)
    parent = Dictionary(FT=Name.Sig, T="Signature", Kids=Array([pdf.make_indirect(field)]))
    pdf.Root.AcroForm = Dictionary(Fields=Array([pdf.make_indirect(parent)]))
    if flags:
        pdf.Root.AcroForm.SigFlags = flags


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda pdf: signed(pdf, value=True), "signed"),
        (lambda pdf: signed(pdf, value=False, flags=3), "signed"),
        (lambda pdf: setattr(pdf.Root, "Perms", Dictionary(DocMDP=Dictionary())), "signed"),
    ],
    ids=["given", "append only", "certified"],
)
def test_a_signed_pdf_is_left_alone(
    tmp_path: Path, scan: bytes, change: Callable[[pikepdf.Pdf], object], said: str
) -> None:
    original, target = changed(tmp_path, scan, change), tmp_path / "target.pdf"
    with pytest.raises(PermanentError, match=said):
        add_text(original, target, {1: row(OTHER)})
    assert [file.name for file in tmp_path.iterdir()] == ["original.pdf"]


def test_a_field_that_waits_for_its_signature_is_no_signature(tmp_path: Path, scan: bytes) -> None:
    original = changed(tmp_path, scan, lambda pdf: signed(pdf, value=False, flags=1))
    add_text(original, tmp_path / "target.pdf", {1: row(OTHER)})
    assert text_of(tmp_path / "target.pdf") == OTHER


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (samples.encrypted_pdf(), "encrypted and asks for a password"),
        (samples.encrypted_pdf(password=""), "encrypted: it opens without a password"),
        (samples.not_a_pdf(), "neither a PDF nor an image"),
        (b"%PDF-1.7\nthen nothing of use", "damaged"),
        (saved(picture(), "PNG")[:900], "damaged"),
        (samples.text_pdf(["a"]), "has 1 pages, there is no page 2"),
    ],
    ids=["encrypted", "locked", "not a PDF", "damaged", "cut off", "no such page"],
)
def test_what_cannot_be_changed_is_said_in_words(tmp_path: Path, data: bytes, said: str) -> None:
    original = file_of(tmp_path, data, "original")
    with pytest.raises(PermanentError, match=said):
        add_text(original, tmp_path / "target.pdf", {2: row(OTHER)} if "no page" in said else {1: row(OTHER)})
    assert [file.name for file in tmp_path.iterdir()] == ["original"]


def test_a_stream_that_inflates_without_end_is_not_unpacked(tmp_path: Path, scan: bytes) -> None:
    def inflate(pdf: pikepdf.Pdf) -> None:
        bomb = zlib.compress(b"3 Tr " + b" " * 400_000_000)
        content = pdf.make_stream(bomb, Filter=Name.FlateDecode)
        pdf.pages[0].obj.Contents = Array([pdf.pages[0].obj.Contents, content])

    original, target = changed(tmp_path, scan, inflate), tmp_path / "target.pdf"
    script = (
        "import sys; from pathlib import Path; from sidecar.domain.word import Word;"
        "from sidecar.engines.searchable_pdf import add_text;"
        "add_text(Path(sys.argv[1]), Path(sys.argv[2]), {1: [Word('Bounded', (.1, .1, .2, .12), 1, 90.0)]});"
        "print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    )
    assert int(run(sys.executable, "-c", script, original, target)) < 250_000  # in kilobytes


def test_what_cannot_be_written_leaves_the_old_file_whole(
    tmp_path: Path, scan: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    original, target = file_of(tmp_path, scan), file_of(tmp_path, b"old", "target.pdf")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TemporaryError, match="No space left on device"):
        add_text(original, target, {1: row(OTHER)})
    assert target.read_bytes() == b"old"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["original.pdf", "target.pdf"]


# --- the words of a model on the boxes of Tesseract


def boxes_of(known: Sequence[Word], text: str) -> list[tuple[str, float, float]]:
    return [(one.text, round(one.box[0], 2), round(one.box[2], 2)) for one in align(known, text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the rent is due", [("the", 0.1, 0.13), ("rent", 0.14, 0.18), ("is", 0.19, 0.21), ("due", 0.22, 0.25)]),
        ("the Rent, is", [("the", 0.1, 0.13), ("Rent,", 0.14, 0.18), ("is", 0.19, 0.21)]),
        ("the rentl is due", [("the", 0.1, 0.13), ("rentl", 0.14, 0.18), ("is", 0.19, 0.21), ("due", 0.22, 0.25)]),
        ("the 9999 is due", [("the", 0.1, 0.13), ("9999", 0.14, 0.18), ("is", 0.19, 0.21), ("due", 0.22, 0.25)]),
        ("therent is due", [("therent", 0.1, 0.18), ("is", 0.19, 0.21), ("due", 0.22, 0.25)]),
        ("the re nt is due", [("the", 0.1, 0.13), ("re", 0.14, 0.16), ("nt", 0.16, 0.18), ("is", 0.19, 0.21),
                              ("due", 0.22, 0.25)]),
        ("the whole rentl is", [("the", 0.1, 0.13), ("whole", 0.12, 0.16), ("rentl", 0.14, 0.18), ("is", 0.19, 0.21)]),
        ("due", [("due", 0.22, 0.25)]),
        ("", []),
    ],
)  # fmt: skip
def test_words_of_a_text_take_the_boxes_of_their_counterparts(
    text: str, expected: list[tuple[str, float, float]]
) -> None:
    assert boxes_of(row("the rent is due"), text) == expected


def test_a_word_that_only_the_model_saw_stands_between_its_neighbours() -> None:
    known = [word("total", 0.1), word("EUR", 0.6)]
    total, amount, currency = align(known, "total 94.53 EUR")
    assert total.box[2] <= amount.box[0] < amount.box[2] <= currency.box[0]
    assert (total.line, amount.line, currency.line) == (1, 1, 1)
    assert (total.confidence, amount.confidence) == (90.0, 0.0)


def test_a_line_that_only_the_model_saw_stands_between_the_lines() -> None:
    known = [*row("first line", 1), *row("last line", 20)]
    found = align(known, "first line\na whole missing line\nlast line")
    assert [one.line for one in found] == [1, 1, 2, 2, 2, 2, 3, 3]
    assert all(known[0].box[3] < one.box[1] < one.box[3] < known[-1].box[1] for one in found[2:6])


def test_a_paragraph_of_which_only_a_stain_was_read_gets_lines_of_its_own() -> None:
    known = [*row("first line", 1), word("~", 0.5, line=9, width=0.01), *row("last line", 20)]
    found = align(known, "first line " + "missing " * 30 + "last line")[2:-2]
    assert all(one.box[2] - one.box[0] > 0.04 for one in found)
    assert all(known[0].box[3] < one.box[1] < one.box[3] < known[-1].box[1] for one in found)


def test_columns_in_another_order_are_found() -> None:
    left = [row(f"left column line {name} ends", line) for line, name in enumerate(("one", "two", "three"))]
    right = [row(f"right part row {name} stops", line, 0.6) for line, name in enumerate(("four", "five", "six"))]
    across = [word for pair in zip(left, right, strict=True) for one in pair for word in one]
    down = [word for one in [*left, *right] for word in one]
    assert [one.box for one in align(across, " ".join(word.text for word in down))] == [one.box for one in down]


def test_blocks_in_another_order_are_found() -> None:
    known = [*row("sender name and street", 1), *row("the body of the letter is long and says much", 5)]
    text = "the body of the letter is long and says much sender name and street"
    assert [one.box for one in align(known, text)] == [one.box for one in [*known[4:], *known[:4]]]


def test_without_boxes_lines_stand_one_below_the_other() -> None:
    found = align([], "first line\n\nsecond line\nthird")
    assert [one.line for one in found] == [1, 1, 2, 2, 3]
    assert found[0].box[3] < found[2].box[1] < found[4].box[1]
    assert found[0].box[2] < found[1].box[0]


def test_aligned_words_can_be_searched_in_the_file(tmp_path: Path, scan: bytes, words: list[Word]) -> None:
    model = " ".join(word.text for word in words).replace("collect", "colIect").replace("amount due", "arnount")
    original, target = file_of(tmp_path, scan), tmp_path / "target.pdf"
    add_text(original, target, {1: align(words, model)})
    assert sorted(text_of(target).split()) == sorted(model.split())
    assert_in_place([one for one in words if one.text == "choosing"], target)
    assert "the arnount from your account" in seen_by_pdfium(target)


@pytest.mark.parametrize(
    "known",
    [
        ["the"] * 2000,
        [f"word{number}" for number in range(2000)],
        [f"{number % 7}{number % 3}" for number in range(2000)],
    ],
    ids=["all the same", "all different", "few different"],
)
def test_two_thousand_words_are_aligned_in_a_moment(known: list[str]) -> None:
    boxes = [word(text, (at % 20) / 21, at // 20 / 5, 0.03) for at, text in enumerate(known)]
    for text in (known, known[::-1], [one + "x" for one in known], [*known[700:], *known[:700]]):
        start = time.process_time()
        assert len(align(boxes, " ".join(text))) == 2000
        assert time.process_time() - start < 2


some_words = st.lists(
    st.sampled_from(["the", "a", "rent", "rents", "due", "2026", "€", "—", "Miete", "x" * 40]), max_size=30
)
some_boxes = st.lists(
    st.builds(
        Word,
        st.sampled_from(["the", "a", "rent", "due", "2026", "€", " ", "Miete"]),
        st.tuples(*[st.floats(-0.5, 1.5) | st.sampled_from([0.0, 1.0, float("nan"), float("inf")])] * 4),
        st.integers(1, 6),
        st.floats(0, 100),
    ),
    max_size=30,
)


@settings(max_examples=300, deadline=None)
@given(some_boxes, some_words, st.sampled_from([" ", "\n", "\n\n"]))
def test_all_words_are_there_once_and_in_order_inside_the_page(
    boxes: list[Word], text: list[str], between: str
) -> None:
    found = align(boxes, between.join(text))
    assert [one.text for one in found] == text
    for one in found:
        left, top, right, bottom = one.box
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1
    lines = [one.line for one in found]
    assert lines == sorted(lines)
    assert not lines or (lines[0], lines[-1]) == (1, len(set(lines)))
