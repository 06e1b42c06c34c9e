"""The hostile documents as values, and the files that those which hide something come in."""

from __future__ import annotations

import io
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pikepdf
from pikepdf import Dictionary, Name

from sidecar.practice.samples import scan_pdf, text_pdf

FILE = Path(__file__).parent / "documents.toml"
_REPEATED = re.compile(r"@(\d+) times:(.*?)@", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Hostile:
    """One document that wants something."""

    name: str
    text: str
    repeat: int = 1
    title: str = "scan"
    file_name: str = "scan.pdf"
    #: The file it comes in: "" for none of interest, "scan", or the way in which the text is hidden.
    through: str = ""
    #: What is to be seen on the page that hides the text.
    beside: str = ""

    def words(self, **given: str) -> str:
        """Return the text as the archive holds it, with `given` for the names in it."""
        text = _REPEATED.sub(lambda run: "".join(run[2].replace("#", str(n)) for n in range(int(run[1]))), self.text)
        for name, value in given.items():
            text = text.replace(f"@{name.upper()}@", value)
        return text * self.repeat

    def file(self) -> bytes:
        """Return the PDF it comes in."""
        if self.through == "scan":
            return scan_pdf([self.words()], dpi=150)
        return hidden_pdf(self.beside, self.words(), self.through) if self.through else text_pdf(["A letter."])


def documents() -> list[Hostile]:
    """Read the corpus."""
    return [Hostile(**one) for one in tomllib.loads(FILE.read_text(encoding="utf-8"))["document"]]


def hidden_pdf(seen: str, hidden: str, way: str) -> bytes:
    """Write a page on which one text is to be seen and the other is there for machines only."""
    with pikepdf.open(io.BytesIO(text_pdf([seen]))) as pdf:
        if way == "script":
            script = Dictionary(S=Name.JavaScript, JS=f"app.alert('{hidden}')")
            pdf.Root.OpenAction = pdf.make_indirect(script)
            pdf.docinfo["/Title"] = hidden
        else:
            pdf.pages[0].contents_add(_WAYS[way](hidden.replace("(", "").replace(")", "")).encode())
        out = io.BytesIO()
        pdf.save(out)
    return out.getvalue()


def _shown(state: str, size_pt: float, x_pt: int, y_pt: int) -> Callable[[str], str]:
    return lambda text: f"\nq BT {state} /Helv {size_pt} Tf 1 0 0 1 {x_pt} {y_pt} Tm ({text}) Tj ET Q\n"


_WAYS: dict[str, Callable[[str], str]] = {
    "white": _shown("1 g", 12, 60, 300),
    "tiny": _shown("0 g", 0.4, 60, 300),
    "zero": _shown("0 g", 0, 60, 300),
    "invisible": _shown("3 Tr", 12, 60, 300),
    "outside": _shown("0 g", 12, 900, 300),
    "covered": lambda text: _shown("0 g", 12, 60, 300)(text) + "q 1 g 50 290 400 30 re f Q\n",
}
