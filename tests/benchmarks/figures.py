"""What a benchmark hands on, and the scans it works with."""

from dataclasses import dataclass
from io import BytesIO

import pikepdf
from pikepdf import Dictionary, Name

from sidecar.practice.scans import A4_PT, scan_page

MIB = 2**20
DPI = 300

_PARAGRAPH = (
    "Every evening the keeper of the lighthouse climbed one hundred and forty-two steps, wound the clockwork and lit"
    " the lamp. In summer the work was light, and the keeper read letters from friends who had moved to the city. In"
    " winter the wind threw salt against the panes, and the keeper cleaned them at noon and again before the night."
)


@dataclass(frozen=True)
class Figure:
    """A row of the table."""

    what: str
    measured: str
    promised: str = ""


def mib(size_bytes: float) -> str:
    """Write a size for people."""
    return f"{size_bytes / MIB:.0f} MiB"


def page_text(number: int, paragraphs: int) -> str:
    """Write a page of the long document."""
    return "\n\n".join([f"# Page number {number}", *[_PARAGRAPH] * paragraphs])


def long_scan(pages: int, *, paragraphs: int = 4, drawn: int = 10) -> bytes:
    """Make a scan of `pages` pages at 300 dpi of which `drawn` differ; each has an image object of its own."""

    images = [
        scan_page(page_text(number, paragraphs), dpi=DPI, noise=3, seed=number, skew=0.3)
        for number in range(1, min(pages, drawn) + 1)
    ]
    out = BytesIO()
    with pikepdf.new() as pdf:
        for number in range(pages):
            scan = pdf.make_stream(
                images[number % len(images)] + b"\n" * number,  # no two alike, as in a real scan
                Type=Name.XObject,
                Subtype=Name.Image,
                Width=round(A4_PT[0] * DPI / 72),
                Height=round(A4_PT[1] * DPI / 72),
                ColorSpace=Name.DeviceGray,
                BitsPerComponent=8,
                Filter=Name.DCTDecode,
            )
            page = pdf.add_blank_page(page_size=A4_PT)
            page.obj.Resources = Dictionary(XObject=Dictionary(Scan=scan))
            page.obj.Contents = pdf.make_stream(b"q %d 0 0 %d 0 0 cm /Scan Do Q" % A4_PT)
        pdf.save(out)
    return out.getvalue()
