"""A font without ink, for text that is selected, searched and copied but never seen.

A glyph stands for one character, also beyond the Basic Multilingual Plane, or for an emoji with all its parts. Marks
above and below a letter are glyphs without width of their own: within the letter's glyph they would be turned round in
scripts from right to left, and make pdf.js see a gap after it. What a glyph means stands in the ToUnicode map alone
(ISO 32000-1, 9.10.3). How it looks comes from a TrueType program in which every glyph is a line without thickness from
corner to corner: it leaves no ink, but has an extent, without which PDFium passes over words of one letter.
"""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Iterator

from pikepdf import Array, Dictionary, Name, Object, Pdf

#: Every glyph but the marks is this wide, in thousandths of the type size; a word is stretched to its box as a whole.
WIDTH = 500
#: The font reaches this far above and below the base line, in thousandths of the type size.
ASCENT, DESCENT = 800, -200
_NAME = "SidecarBlank"
_MOST_GLYPHS = 0xFFFF
_JOINER = "\u200d"


class BlankFont:
    """The one font of a document, which learns its characters as pages are written and is stored at the end."""

    def __init__(self, pdf: Pdf) -> None:
        self._pdf = pdf
        self._codes: dict[str, int] = {}
        #: What a page's resources refer to; complete only after `finish`.
        self.obj: Object = pdf.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type0))

    def encode(self, text: str) -> tuple[str, int]:
        """Return the codes of `text` as hexadecimal digits, in the order they are shown, and how many have a width.

        A word of a script written from right to left is shown from its end, since readers of PDF expect glyphs from
        left to right on the page and turn them round themselves.
        """
        shown = list(characters(text))
        if runs_right_to_left(text):
            shown.reverse()
        codes = "".join(f"{self._code(character):04X}" for character in shown)
        return codes, max(1, sum(not _is_mark(character) for character in shown))

    def _code(self, character: str) -> int:
        if character not in self._codes and len(self._codes) == _MOST_GLYPHS:
            character = next(iter(self._codes))  # no document of people has 65,535 different characters
        return self._codes.setdefault(character, len(self._codes) + 1)

    def finish(self) -> None:
        """Store the font with everything that was encoded."""
        pdf = self._pdf
        program = _true_type()
        marks = [_is_mark(character) for character in self._codes]
        descriptor = Dictionary(
            Type=Name.FontDescriptor,
            FontName=Name("/" + _NAME),
            Flags=4,  # symbolic: its characters are its own
            FontBBox=Array([-WIDTH, DESCENT, WIDTH, ASCENT]),
            ItalicAngle=0,
            Ascent=ASCENT,
            Descent=DESCENT,
            CapHeight=ASCENT,
            StemV=80,
            FontFile2=pdf.make_stream(program, Length1=len(program)),
        )
        descendant = Dictionary(
            Type=Name.Font,
            Subtype=Name.CIDFontType2,
            BaseFont=Name("/" + _NAME),
            CIDSystemInfo=Dictionary(Registry=b"Adobe", Ordering=b"Identity", Supplement=0),
            FontDescriptor=pdf.make_indirect(descriptor),
            DW=WIDTH,
            CIDToGIDMap=pdf.make_stream(b"\0\0" + b"".join(b"\0\2" if mark else b"\0\1" for mark in marks)),
        )
        if any(marks):
            zero = Array([0])
            descendant.W = Array([part for code, mark in enumerate(marks, 1) if mark for part in (code, zero)])
        self.obj.BaseFont = Name("/" + _NAME)
        self.obj.Encoding = Name("/Identity-H")
        self.obj.DescendantFonts = Array([pdf.make_indirect(descendant)])
        self.obj.ToUnicode = pdf.make_stream(_to_unicode(list(self._codes)))


def characters(text: str) -> Iterator[str]:
    """Yield the characters of `text`, the parts of one emoji together; joined they give `text` again."""
    held = ""
    for character in text:
        if held and not (_is_part(character) or held.endswith(_JOINER)):
            yield from _apart(held)
            held = ""
        held += character
    yield from _apart(held)


def _apart(held: str) -> Iterator[str]:
    if _JOINER in held:
        yield held
        return
    start = 0
    for at, character in enumerate(held):
        if _is_mark(character):
            if at > start:
                yield held[start:at]
            yield character
            start = at + 1
    if start < len(held):
        yield held[start:]


def _is_mark(character: str) -> bool:
    return len(character) == 1 and unicodedata.category(character) in ("Mn", "Me")


def _is_part(character: str) -> bool:
    """Say whether the character belongs to the one before: marks, joiners, shades of skin, tags of flags."""
    return (
        _is_mark(character)
        or character == _JOINER
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
    )


def runs_right_to_left(text: str) -> bool:
    """Say whether all letters of the text are of scripts written from right to left, and there are some."""
    strong = {unicodedata.bidirectional(character) for character in text} & {"L", "R", "AL", "AN", "EN"}
    return bool(strong) and strong <= {"R", "AL"}


def _to_unicode(known: list[str]) -> bytes:
    lines = [
        "/CIDInit /ProcSet findresource begin",
        "12 dict begin",
        "begincmap",
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
        "/CMapName /Adobe-Identity-UCS def",
        "/CMapType 2 def",
        "1 begincodespacerange",
        "<0000> <FFFF>",
        "endcodespacerange",
    ]
    for start in range(0, len(known), 100):  # a block may hold a hundred
        block = known[start : start + 100]
        lines.append(f"{len(block)} beginbfchar")
        for code, character in enumerate(block, start + 1):
            lines.append(f"<{code:04X}> <{character.encode('utf-16-be', 'replace').hex().upper()}>")
        lines.append("endbfchar")
    lines += ["endcmap", "CMapName currentdict /CMap defineresource pop", "end", "end"]
    return "\n".join(lines).encode("ascii")


def _true_type() -> bytes:
    """Build a TrueType program, with every table that a strict reader asks for.

    It has a missing glyph, a letter, and a mark over the letter before.
    """
    letter = struct.pack(">5hHH2B4h", 1, 0, DESCENT, WIDTH, ASCENT, 1, 0, 1, 1, 0, WIDTH, DESCENT, ASCENT - DESCENT)
    mark = struct.pack(">5hHH2B4h", 1, -WIDTH, DESCENT, 0, ASCENT, 1, 0, 1, 1, -WIDTH, WIDTH, DESCENT, ASCENT - DESCENT)
    tables = {
        b"OS/2": struct.pack(
            ">HhHHH10hh10s4I4sHHHhhhHH2I2h3H",
            *(4, WIDTH, 400, 5, 0),
            *(600, 600, 0, 75, 600, 600, 0, 350, 50, 250),
            *(0, bytes(10), 0, 0, 0, 0, b"    ", 64, 32, 32),
            *(ASCENT, DESCENT, 0, ASCENT, -DESCENT, 1, 0),
            *(500, ASCENT, 0, 32, 1),
        ),
        b"cmap": struct.pack(">HHHHI", 0, 1, 3, 1, 12)
        + struct.pack(">14H", 4, 32, 0, 4, 4, 1, 0, 32, 0xFFFF, 0, 32, 0xFFFF, 0xFFE1, 1)
        + struct.pack(">2H", 0, 0),
        b"glyf": letter + mark,
        b"head": struct.pack(
            ">IIIIHHqqhhhhHHhhh",
            *(0x00010000, 0x00010000, 0, 0x5F0F3CF5, 0, 1000, 0, 0),
            *(-WIDTH, DESCENT, WIDTH, ASCENT, 0, 8, 2, 0, 0),
        ),
        b"hhea": struct.pack(
            ">IhhhHhhhhhhhhhhhH", 0x00010000, ASCENT, DESCENT, 0, WIDTH, -WIDTH, 0, WIDTH, 1, *([0] * 7), 3
        ),
        b"hmtx": struct.pack(">HhHhHh", WIDTH, 0, WIDTH, 0, 0, -WIDTH),
        b"loca": struct.pack(">4H", 0, 0, len(letter) // 2, len(letter + mark) // 2),
        b"maxp": struct.pack(">I14H", 0x00010000, 3, 2, 1, 0, 0, 1, *([0] * 8)),
        b"name": _names(),
        b"post": struct.pack(">IIhhIIIII", 0x00030000, 0, -100, 50, 1, 0, 0, 0, 0),
    }
    return _font_file(tables)


def _names() -> bytes:
    texts = [(1, _NAME), (2, "Regular"), (4, _NAME), (6, _NAME)]
    records, store = b"", b""
    for kind, text in texts:
        data = text.encode("utf-16-be")
        records += struct.pack(">6H", 3, 1, 0x409, kind, len(data), len(store))
        store += data
    return struct.pack(">3H", 0, len(texts), 6 + len(records)) + records + store


def _checksum(data: bytes) -> int:
    padded = data + bytes(-len(data) % 4)
    return sum(int(word) for (word,) in struct.iter_unpack(">I", padded)) & 0xFFFFFFFF


def _font_file(tables: dict[bytes, bytes]) -> bytes:
    """Put the tables (in order of their tags) together and set the checksum of the whole in `head`."""
    count = len(tables)
    power = count.bit_length() - 1
    directory = struct.pack(">I4H", 0x00010000, count, 16 << power, power, (count - (1 << power)) * 16)
    body = b""
    start = len(directory) + 16 * count
    head_at = 0
    for tag, data in tables.items():
        if tag == b"head":
            head_at = start + len(body)
        directory += struct.pack(">4sIII", tag, _checksum(data), start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    font = directory + body
    whole = struct.pack(">I", (0xB1B0AFBA - _checksum(font)) & 0xFFFFFFFF)
    return font[: head_at + 8] + whole + font[head_at + 12 :]
