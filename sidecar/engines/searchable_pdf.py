"""Give scanned pages an invisible layer of text in place, and leave everything else of the file as it is.

The layer is a content stream of its own, put before the page's own streams. So what the page draws, and whatever state
it leaves behind, cannot move the text, and the text cannot change the drawing: it is invisible and restores its state.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, ObjectStreamMode, Page, Pdf, StreamDecodeLevel

from sidecar.domain.alignment import align
from sidecar.domain.errors import PermanentError, TemporaryError
from sidecar.domain.word import Box, Word
from sidecar.engines import hidden_text, image_pdf, text_layer
from sidecar.engines.blank_font import BlankFont
from sidecar.engines.text_layer import Frame

__all__ = ["add_text", "align"]

_LETTER: Box = (0.0, 0.0, 612.0, 792.0)
#: A tree of pages or fields that is deeper is a circle.
_DEEPEST = 64
#: In /SigFlags: the file may only be appended to, or its signatures break.
_APPEND_ONLY = 2


def add_text(original: Path, target: Path, pages: Mapping[int, Sequence[Word]]) -> None:
    """Write `target`, a PDF of `original` in which the given pages (from 1) have their words as invisible text.

    `original` is a PDF or an image file. An older invisible layer of a given page is replaced; pages without words,
    or not given, stay as they are. The same input gives the same bytes. `target` appears whole or not at all, also if
    the process dies inside; a file ``<target>.part`` may then stay behind and is overwritten the next time.

    Raises PermanentError, in words, for a file that is encrypted, signed or damaged or lacks one of the pages;
    TemporaryError if `target` cannot be written.
    """
    with _opened(original) as pdf:
        _refuse_signed(pdf)
        wanted = {number: words for number, words in pages.items() if any(word.text.strip() for word in words)}
        missing = [number for number in wanted if not 1 <= number <= len(pdf.pages)]
        if missing:
            raise PermanentError(f"The file has {len(pdf.pages)} pages, there is no page {min(missing)}.")
        if wanted:
            font = BlankFont(pdf)
            for number in sorted(wanted):
                _add_layer(pdf, pdf.pages[number - 1], wanted[number], font)
            font.finish()
        _save(pdf, target)


@contextlib.contextmanager
def _opened(original: Path) -> Iterator[Pdf]:
    with original.open("rb") as file:
        is_pdf = b"%PDF-" in file.read(1024)
    try:
        pdf = pikepdf.open(original) if is_pdf else image_pdf.wrap(original)
    except pikepdf.PasswordError as error:
        raise PermanentError(
            "The PDF is encrypted and asks for a password. Remove the password in Paperless, then tag it again."
        ) from error
    except pikepdf.PdfError as error:
        raise PermanentError("The PDF is damaged: no text can be added to it.") from error
    with pdf:
        if pdf.is_encrypted:
            raise PermanentError(
                "The PDF is encrypted: it opens without a password, but its owner locked it against changes. "
                "Remove the lock, then tag it again."
            )
        yield pdf


def _refuse_signed(pdf: Pdf) -> None:
    form = pdf.Root.get("/AcroForm")
    fields = form.get("/Fields") if isinstance(form, Dictionary) else None
    flags: object = form.get("/SigFlags") if isinstance(form, Dictionary) else None
    appended = isinstance(flags, int) and flags & _APPEND_ONLY
    if appended or "/Perms" in pdf.Root or _has_signature(fields, None):
        raise PermanentError("The PDF is signed: adding text would break its signature, so it stays as it is.")


def _has_signature(fields: Object | None, kind: Object | None, depth: int = 0) -> bool:
    """Say whether one of the fields, or of their kids, is a signature that has been given. Kids inherit the kind."""
    if not isinstance(fields, Array) or depth > _DEEPEST:
        return False
    for field in fields:
        if isinstance(field, Dictionary):
            own = field.get("/FT", kind)
            if (own == Name.Sig and "/V" in field) or _has_signature(field.get("/Kids"), own, depth + 1):
                return True
    return False


def _add_layer(pdf: Pdf, page: Page, words: Sequence[Word], font: BlankFont) -> None:
    resources = _own_resources(page.obj)
    hidden_text.remove(pdf, page.obj, resources)
    fonts = dict(resources.get("/Font", Dictionary()).items())
    name = next(name for number in range(len(fonts) + 1) if (name := f"/Sidecar{number or ''}") not in fonts)
    resources.Font = Dictionary({**fonts, name: font.obj})
    layer = pdf.make_stream(text_layer.content(words, _frame(page.obj), font, name))
    page.obj.Contents = Array([layer, *_streams(page.obj)])
    page.obj.Resources = resources


def _own_resources(page: Object) -> Object:
    """Return a copy of the page's resources, which other pages may share; what it refers to is not copied."""
    shared = _inherited(page, "/Resources")
    return Dictionary(dict(shared.items())) if isinstance(shared, Dictionary) else Dictionary()


def _streams(page: Object) -> list[Object]:
    contents = page.get("/Contents")
    if isinstance(contents, Array):
        return [stream for stream in contents if isinstance(stream, pikepdf.Stream)]
    return [contents] if isinstance(contents, pikepdf.Stream) else []


def _frame(page: Object) -> Frame:
    """Return the part of the page that is shown: the crop box within the media box."""
    media = _rectangle(_inherited(page, "/MediaBox")) or _LETTER
    crop = _rectangle(_inherited(page, "/CropBox")) or media
    shown = (max(media[0], crop[0]), max(media[1], crop[1]), min(media[2], crop[2]), min(media[3], crop[3]))
    turn = _inherited(page, "/Rotate")
    degrees = int(turn) % 360 if isinstance(turn, int | float) else 0
    return Frame(shown if shown[0] < shown[2] and shown[1] < shown[3] else media, degrees if degrees % 90 == 0 else 0)


def _rectangle(value: object) -> Box | None:
    if not isinstance(value, Array) or len(value) != 4:
        return None
    x0, y0, x1, y1 = (float(edge) for edge in value)
    box = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
    return box if box[0] < box[2] and box[1] < box[3] else None


def _inherited(page: Object, key: str) -> object:
    node: Object | None = page
    for _ in range(_DEEPEST):
        if node is None or key in node:
            break
        node = node.get("/Parent")
    return None if node is None else node.get(key)


def _save(pdf: Pdf, target: Path) -> None:
    part = target.with_name(f"{target.name}.part")
    try:
        with part.open("wb") as file:
            pdf.save(
                file,
                deterministic_id=True,
                object_stream_mode=ObjectStreamMode.preserve,
                stream_decode_level=StreamDecodeLevel.none,
            )
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except OSError as error:
        raise TemporaryError(f"The searchable PDF could not be written: {error.strerror}.") from error
    except pikepdf.PdfError as error:
        raise PermanentError("The PDF is damaged: it cannot be written again as a whole.") from error
    finally:
        part.unlink(missing_ok=True)
