"""The samples are what they claim to be, asked of the programs that will read them: poppler and tesseract."""

import difflib
import io
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from sidecar.practice import samples
from sidecar.practice.model_rules import SchemaAnswerer
from sidecar.practice.samples import Sample, demo_samples

#: What is made once for all tests is made by one worker.
pytestmark = pytest.mark.xdist_group("samples")

FOUR_PAGES = ("First page.", "Second page.", "Third page.", "Fourth page.")
PROSE = """# The lighthouse keeper
Every evening the keeper of the lighthouse climbed one hundred and forty-two steps, wound the clockwork and lit \
the lamp. In summer the work was light, and the keeper read letters from friends who had moved to the city.

In winter the wind threw salt against the panes, and the keeper cleaned them at noon, at three and again before \
the night. The ships that passed counted the flashes: two short, one long, then six seconds of darkness.

On 14 November 1987 the lamp was given an electric motor. The keeper stayed for another eleven years, wrote \
down the weather and the names of 3,508 ships, and sold the old clockwork to a museum for 275.50 EUR."""

#: What tesseract must find in each sample that has to be read, over all its pages.
KEY_WORDS = {
    "scan0001.pdf": "Tenancy OPP-2026-0417 Orrisdale landlord 1,180.00 deposit 2,360.00 Repairs Annex wardrobe",
    "scan0002.pdf": "Ambervale Invoice AE-260512 12 May 2026 94.53 1EMH0049281",
    "IMG_2718.jpg": "Receipt Pebble Market Sourdough 16.90 TOTAL 36.33 June 2026",
    "scan0003.pdf": "Tannwald Ellison meeting 26 March 2026 Versammlung Gemeindesaal Donnerstag",
    "scan0004.pdf": "Eastmere Dental Practice Tuesday, February 8:15 Farrow",
}
#: What poppler must find in the text layer of each born-digital sample.
TEXT_WORDS = {
    "VH-88213.pdf": "Velmora VH-88213 85.40 16 June 2026",
    "document(7).pdf": "Quillstone QS-5520-771 128.60 covered burglary",
}
#: Its letter is the locked file, which nobody can read.
LOCKED_SENDER = "Larkfield Savings Bank"


def run(*command: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    env = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    return subprocess.run(command, input=stdin, capture_output=True, env=env, timeout=120, check=False)


def read_image(image: bytes) -> str:
    return run("tesseract", "stdin", "stdout", "-l", "eng", stdin=image).stdout.decode()


def render(pdf: bytes, page: int, dpi: int = 300) -> bytes:
    """Ask poppler for one page as a grey image."""
    return run("pdftoppm", "-gray", "-r", str(dpi), "-f", str(page), "-l", str(page), "-", stdin=pdf).stdout


def text_layer(pdf: bytes) -> str:
    return run("pdftotext", "-", "-", stdin=pdf).stdout.decode()


def words_read(truth: str, read: str) -> float:
    """Return the share of the words of `truth` that stand in `read` in the same order."""
    wanted, got = truth.removeprefix("# ").split(), read.split()
    blocks = difflib.SequenceMatcher(None, wanted, got, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks) / len(wanted)


@pytest.fixture(scope="module")
def demo() -> dict[str, Sample]:
    return {sample.filename: sample for sample in demo_samples()}


@pytest.fixture(scope="module")
def read(demo: dict[str, Sample]) -> dict[str, str]:
    """Read every sample but the locked one: with tesseract where it is a scan, with poppler where it has text."""
    texts = {name: text_layer(demo[name].data) for name in TEXT_WORDS}
    for name in KEY_WORDS:
        data = demo[name].data
        if demo[name].mime_type == "application/pdf":
            with pikepdf.open(io.BytesIO(data)) as pdf:
                images = [render(data, page) for page in range(1, len(pdf.pages) + 1)]
        else:
            images = [data]
        texts[name] = "\n".join(read_image(image) for image in images)
    return texts


@pytest.mark.parametrize(
    ("dpi", "skew", "noise"), [(300, 0.0, 0.0), (300, 0.5, 5.0), (300, -0.8, 8.0), (200, 0.0, 0.0)]
)
def test_a_scanned_page_is_read_almost_without_error(dpi: int, skew: float, noise: float) -> None:
    page = samples.scan_page(PROSE, dpi=dpi, skew=skew, noise=noise, seed=3)
    assert words_read(PROSE, read_image(page)) > 0.97


def test_noise_and_skew_change_the_page() -> None:
    clean = samples.scan_page(PROSE, dpi=100)
    worn = [samples.scan_page(PROSE, dpi=100, noise=6), samples.scan_page(PROSE, dpi=100, skew=1)]
    assert len({clean, *worn}) == 3
    assert len(worn[0]) > 2 * len(clean), "noise does not compress"


def test_a_scan_has_a4_pages_each_with_one_image_and_no_text_layer() -> None:
    data = samples.scan_pdf(FOUR_PAGES, dpi=100)
    assert text_layer(data).strip() == ""
    with pikepdf.open(io.BytesIO(data)) as pdf:
        assert [len(page.get_images()) for page in pdf.pages] == [1, 1, 1, 1]
        assert [[int(edge) for edge in page.mediabox] for page in pdf.pages] == [[0, 0, 595, 842]] * 4
    with Image.open(io.BytesIO(render(data, 1, dpi=100))) as page:
        assert page.size == (827, 1170)


def test_a_born_digital_page_carries_its_text_with_all_letters() -> None:
    text = text_layer(samples.text_pdf(["# Größe (1)\nÜbung kostet 5 € \\ Straße", "Déjà vu – naïve"]))
    for word in ("Größe (1)", "Übung kostet 5 € \\ Straße", "Déjà vu – naïve"):
        assert word in text


def test_a_text_too_long_for_its_page_is_refused_instead_of_cut() -> None:
    with pytest.raises(ValueError, match="do not fit on one page"):
        samples.scan_page(PROSE * 10)


def test_a_scan_of_many_pages_is_made_without_looping_over_pixels() -> None:
    began_s = time.process_time()
    samples.scan_pdf([PROSE] * 5, skew=0.5, noise=5)
    assert time.process_time() - began_s < 5


@pytest.mark.parametrize(
    "make",
    [
        lambda: samples.scan_page(PROSE, skew=0.5, noise=5, seed=7),
        lambda: samples.scan_pdf(FOUR_PAGES, dpi=72, noise=5, seed=7),
        lambda: samples.text_pdf(FOUR_PAGES),
        lambda: samples.photo("Total", seed=7),
        samples.encrypted_pdf,
        samples.empty_pdf,
        lambda: samples.pdf_with_broken_page(FOUR_PAGES),
        lambda: samples.pdf_with_damaged_scan(FOUR_PAGES),
        lambda: samples.huge_image(100),
    ],
)
def test_the_same_arguments_give_the_same_bytes(make: Callable[[], bytes]) -> None:
    assert make() == make()


def test_another_seed_gives_other_noise() -> None:
    pages = {samples.scan_page("Noise", dpi=72, noise=5, seed=seed) for seed in range(3)}
    assert len(pages) == 3


@pytest.mark.parametrize("name", KEY_WORDS)
def test_tesseract_reads_the_key_words_of_a_scan(read: dict[str, str], name: str) -> None:
    assert [word for word in KEY_WORDS[name].split() if word not in read[name]] == []


@pytest.mark.parametrize("name", KEY_WORDS)
def test_what_paperless_had_of_a_scan_was_worth_little(demo: dict[str, Sample], name: str) -> None:
    found = [word for word in KEY_WORDS[name].split() if word in demo[name].content.split()]
    assert len(found) < len(KEY_WORDS[name].split()) / 2
    assert "auto-ocr" in demo[name].tags


@pytest.mark.parametrize("name", TEXT_WORDS)
def test_a_born_digital_sample_has_good_text_and_is_only_filed(
    demo: dict[str, Sample], read: dict[str, str], name: str
) -> None:
    for text in (read[name], demo[name].content):
        assert [word for word in TEXT_WORDS[name].split() if word not in text] == []
    assert demo[name].tags == ("auto-tag",)


def test_the_demo_shows_every_kind_of_document_once(demo: dict[str, Sample]) -> None:
    assert len(demo) == 8
    assert set(demo) - set(KEY_WORDS) - set(TEXT_WORDS) == {"statement-3.pdf"}
    assert {tag for sample in demo.values() for tag in sample.tags} == {"auto-ocr", "auto-tag"}
    assert all(sample.story and "\n" not in sample.story for sample in demo.values())
    assert b"Incorrect password" in run("pdfinfo", "-", stdin=demo["statement-3.pdf"].data).stderr


#: How the practice model files each: title, correspondent, type, tags, date.
FILED = {
    "scan0001.pdf": ("Tenancy Agreement", "Orrisdale Property Partners", "Contract", ["Contract"], "2026-03-03"),
    "scan0002.pdf": (
        "Electricity bill for April 2026", "Ambervale Energy", "Invoice", ["Invoice", "Energy"], "2026-05-12",
    ),
    "IMG_2718.jpg": ("Receipt, Pebble & Thyme Market", "Pebble & Thyme Market", "Receipt", ["Receipt"], "2026-06-18"),
    "scan0003.pdf": ("Annual meeting of the owners", "Tannwald Hausverwaltung", "Letter", [], "2026-02-09"),
    "scan0004.pdf": ("Your next examination", "Eastmere Dental Practice", "Letter", [], "2026-01-21"),
    "VH-88213.pdf": ("Invoice for web hosting", "Velmora Hosting", "Invoice", ["Invoice"], "2026-06-02"),
    "document(7).pdf": ("Home contents policy", "Quillstone Insurance", "Policy", ["Insurance"], "2026-04-01"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILED)
def test_the_demo_files_every_document_rightly(name: str, demo: dict[str, Sample], read: dict[str, str]) -> None:
    text = demo[name].content if name in TEXT_WORDS else read[name]
    lists = {kind: list(names) for kind, names in samples.DEMO_NAMES.items()}
    schema = {
        "type": "object",
        "properties": {
            "title": {"type": "string"},
            "correspondent": {"enum": [*lists["correspondents"], None]},
            "document_type": {"enum": [*lists["document_types"], None]},
            "tags": {"type": "array", "items": {"enum": lists["tags"]}},
            "created": {"type": ["string", "null"]},
        },
    }
    assert tuple(SchemaAnswerer(schema, text).answer().values()) == FILED[name]


def test_the_table_of_what_is_filed_misses_none_but_the_locked_one(demo: dict[str, Sample]) -> None:
    assert set(demo) - set(FILED) == {"statement-3.pdf"}


@pytest.mark.parametrize("sender", sorted(set(samples.DEMO_NAMES["correspondents"]) - {LOCKED_SENDER}))
def test_each_sender_known_to_the_archive_wrote_one_sample(read: dict[str, str], sender: str) -> None:
    assert len([name for name, text in read.items() if sender in text]) == 1


def test_a_locked_file_opens_only_with_its_password(tmp_path: Path) -> None:
    file = tmp_path / "locked.pdf"
    file.write_bytes(samples.encrypted_pdf("Locked words", password="pass"))
    assert b"Incorrect password" in run("pdftotext", str(file), "-").stderr
    assert b"Locked words" in run("pdftotext", "-upw", "pass", str(file), "-").stdout


def test_a_file_locked_only_against_changes_opens_freely() -> None:
    data = samples.encrypted_pdf("Free to read", password="")
    assert "Free to read" in text_layer(data)
    assert b"Encrypted:       yes" in run("pdfinfo", "-", stdin=data).stdout


def test_what_is_no_pdf_is_refused_by_poppler() -> None:
    result = run("pdfinfo", "-", stdin=samples.not_a_pdf())
    assert result.returncode != 0
    assert b"May not be a PDF file" in result.stderr


def test_an_empty_pdf_is_valid_and_has_no_page() -> None:
    assert b"the last page (0)" in run("pdfinfo", "-", stdin=samples.empty_pdf()).stderr
    with pikepdf.open(io.BytesIO(samples.empty_pdf())) as pdf:
        assert len(pdf.pages) == 0


@pytest.mark.parametrize("broken", [1, 3, 4])
def test_poppler_gives_no_picture_of_the_broken_page_alone(broken: int) -> None:
    data = samples.pdf_with_broken_page(FOUR_PAGES, broken=broken)
    sizes = {}
    for page in range(1, 5):
        with Image.open(io.BytesIO(render(data, page, dpi=72))) as image:
            sizes[page] = image.size
    assert sizes.pop(broken) == (1, 1), "poppler's way of saying that it could not"
    assert set(sizes.values()) == {(595, 842)}


def test_poppler_shows_a_damaged_scan_as_white_paper() -> None:
    data = samples.pdf_with_damaged_scan(FOUR_PAGES, broken=3)
    darkest = {}
    for page in range(1, 5):
        with Image.open(io.BytesIO(render(data, page, dpi=72))) as image:
            assert image.size == (595, 842)
            darkest[page] = min(image.tobytes())
    assert darkest.pop(3) > 250
    assert all(grey < 128 for grey in darkest.values())


def test_a_huge_image_is_small_as_a_file_and_too_large_to_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 89_478_485)  # Pillow's own limit; the sidecar lifts it for itself
    data = samples.huge_image()
    assert len(data) < 200_000
    with pytest.raises(Image.DecompressionBombError, match="400000000 pixels"):
        Image.open(io.BytesIO(data))


def test_a_huge_image_is_a_valid_white_png() -> None:
    with Image.open(io.BytesIO(samples.huge_image(1001))) as image:
        assert (image.size, image.mode) == ((1001, 1001), "1")
        assert image.getextrema() == (255, 255)
