"""Take an older layer of invisible text off a page, where it can be told apart for certain.

Certain is text in render mode 3 in the page's own content, and a form that holds nothing but such text. Text that is
hidden in another way (white, behind the picture, clipped away) stays, and so does everything that is visible.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import pikepdf
from pikepdf import (
    Array,
    ContentStreamInlineImage,
    ContentStreamInstruction,
    Dictionary,
    Name,
    Object,
    Operator,
    Pdf,
    Stream,
)

_Instruction = ContentStreamInstruction | ContentStreamInlineImage

_INVISIBLE = 3
#: Pages of drawings with more than this are not looked through.
_MOST_BYTES = 32_000_000
_HIDES = re.compile(rb"(?<!\d)3\s+Tr\b")
_SHOWS = frozenset({"Tj", "TJ", "'", '"'})
_MOVES = frozenset({"Tm", "Td", "TD", "T*", "BT"})
_MARKS = frozenset({"BMC", "BDC", "EMC", "MP", "DP"})
#: What changes the state only: between q and Q, and with nothing else there, it has no effect at all.
_STATE = frozenset(
    {
        *(
            "q",
            "Q",
            "cm",
            "w",
            "J",
            "j",
            "M",
            "d",
            "ri",
            "i",
            "gs",
            "BT",
            "ET",
            "Tc",
            "Tw",
            "Tz",
            "TL",
            "Tf",
            "Tr",
            "Ts",
        ),
        *("Td", "TD", "Tm", "T*", "CS", "cs", "SC", "SCN", "sc", "scn", "G", "g", "RG", "rg", "K", "k"),
        *("Ts", "m", "l", "c", "v", "y", "h", "re", "n", "W", "W*"),
    }
)


@dataclass(slots=True)
class _State:
    """What decides whether shown text is seen. A Type 3 font draws in every mode (ISO 32000-1, 9.3.6)."""

    mode: int = 0
    draws_always: bool = False
    stack: list[tuple[int, bool]] = field(default_factory=list)

    @property
    def hides(self) -> bool:
        return self.mode == _INVISIBLE and not self.draws_always

    def follow(self, operator: str, operands: Sequence[object], resources: Object) -> None:
        if operator == "q":
            self.stack.append((self.mode, self.draws_always))
        elif operator == "Q" and self.stack:
            self.mode, self.draws_always = self.stack.pop()
        elif operator == "Tr" and operands:
            self.mode = int(str(operands[0]))
        elif operator == "Tf" and operands:
            font = _entry(resources, "/Font", str(operands[0]))
            self.draws_always = font is None or font.get("/Subtype") == Name.Type3


def remove(pdf: Pdf, page: Object, resources: Object) -> None:
    """Take the invisible text out of the page's content, and out of `resources` (its own) what served only that.

    A page without such text keeps its content streams as they are, and so does one that cannot be parsed.
    """
    try:
        if not _may_hide(page, resources):
            return
        before = pikepdf.parse_content_stream(page)
        after = _without_hidden(before, resources)
    except (
        pikepdf.PdfError,
        zlib.error,
        ValueError,
        TypeError,
    ):  # a damaged page: what it holds is not known for certain
        return
    if after is None:
        return
    page.Contents = pdf.make_stream(pikepdf.unparse_content_stream(after))
    _forget_unused(before, after, resources)


def _may_hide(page: Object, resources: Object) -> bool:
    """Say, without parsing, whether any hidden text is possible: most pages have none."""
    contents = page.get("/Contents")
    content = b"\n".join(_bytes(stream) for stream in (contents if isinstance(contents, Array) else [contents]))
    forms = resources.get("/XObject", Dictionary())
    named = [form for name, form in forms.items() if name.encode() in content and _is_form(form)]
    parts = [content, *map(_bytes, named)]
    return sum(map(len, parts)) <= _MOST_BYTES and any(_HIDES.search(part) for part in parts)


def _bytes(stream: Object | None) -> bytes:
    """Return the stream's content, or more than is looked through, but never all of what inflates without end."""
    if not isinstance(stream, Stream):
        return b""
    if stream.get("/Filter") == Name.FlateDecode and "/DecodeParms" not in stream:
        return zlib.decompressobj().decompress(stream.read_raw_bytes(), _MOST_BYTES + 1)
    return stream.read_bytes()


def _without_hidden(instructions: Sequence[_Instruction], resources: Object) -> list[_Instruction] | None:
    """Return what stays, or None if nothing is hidden."""
    hidden = _hidden(instructions, resources)
    if not hidden:
        return None
    kept: list[_Instruction] = []
    groups: list[tuple[int, bool]] = []  # where each open q stands in `kept`, and what had been painted before it
    painted = False
    for index, instruction in enumerate(instructions):
        parts = _positions_of(instruction) if index in hidden else [instruction]
        for part in parts:
            operator = str(part.operator)
            if operator == "q":
                groups.append((len(kept), painted))
                painted = False
            kept.append(part)
            if operator == "Q" and groups:
                start, before = groups.pop()
                if not painted:
                    del kept[start:]
                painted = painted or before
            painted = painted or operator not in _STATE
    return kept


def _hidden(instructions: Sequence[_Instruction], resources: Object) -> set[int]:
    """Find the operators that show invisible text and on which no visible text depends for its place."""
    state, found, pending = _State(), set[int](), set[int]()
    for index, instruction in enumerate(instructions):
        operator = str(instruction.operator)
        state.follow(operator, list(instruction.operands), resources)
        if operator in _MOVES or operator in ("'", '"'):
            pending.clear()
        if operator in _SHOWS and state.hides:
            found.add(index)
            pending.add(index)
        elif operator in _SHOWS:
            found -= pending
            pending.clear()
        elif operator == "Do" and _is_hidden_form(_entry(resources, "/XObject", str(instruction.operands[0])), state):
            found.add(index)
    return found


def _positions_of(instruction: _Instruction) -> list[_Instruction]:
    """Return what a show operator does beside showing."""
    operator = str(instruction.operator)
    next_line = ContentStreamInstruction([], Operator("T*"))
    if operator == "'":
        return [next_line]
    if operator == '"':
        word_space, character_space, _ = instruction.operands
        return [
            ContentStreamInstruction([word_space], Operator("Tw")),
            ContentStreamInstruction([character_space], Operator("Tc")),
            next_line,
        ]
    return []


def _is_hidden_form(form: Object | None, outside: _State) -> bool:
    """Say whether the form shows text, all of it invisible, and draws nothing else."""
    if form is None or not _is_form(form) or form.get("/Ref") is not None:
        return False
    resources = form.get("/Resources", Dictionary())
    state, shows = _State(outside.mode, outside.draws_always), False
    for instruction in pikepdf.parse_content_stream(form):
        operator = str(instruction.operator)
        state.follow(operator, list(instruction.operands), resources)
        if operator in _SHOWS and state.hides:
            shows = True
        elif operator not in _STATE and operator not in _MARKS:
            return False
    return shows


def _forget_unused(before: Sequence[_Instruction], after: Sequence[_Instruction], resources: Object) -> None:
    """Drop fonts and forms from `resources` that the page named before and does not name any more."""
    fonts = dict(resources.get("/Font", Dictionary()).items())
    forms = dict(resources.get("/XObject", Dictionary()).items())
    for operator, kind in (("Do", "/XObject"), ("Tf", "/Font")):
        unused = _named(before, operator) - _named(after, operator)
        if kind == "/Font" and _others_look_in(fonts, forms):
            continue
        if unused and kind in resources:
            entries = resources[kind].items()
            resources[kind] = Dictionary({name: value for name, value in entries if name not in unused})


def _others_look_in(fonts: dict[str, Object], forms: dict[str, Object]) -> bool:
    """Say whether a form or a Type 3 font without resources of its own may use the page's, as old files do."""
    return any(font.get("/Subtype") == Name.Type3 for font in fonts.values()) or any(
        _is_form(form) and "/Resources" not in form for form in forms.values()
    )


def _named(instructions: Sequence[_Instruction], operator: str) -> set[str]:
    return {str(one.operands[0]) for one in instructions if str(one.operator) == operator and one.operands}


def _entry(resources: Object, kind: str, name: str) -> Object | None:
    entries = resources.get(kind)
    return entries.get(name) if isinstance(entries, Dictionary) else None


def _is_form(value: Object) -> bool:
    return isinstance(value, Stream) and value.get("/Subtype") == Name.Form
