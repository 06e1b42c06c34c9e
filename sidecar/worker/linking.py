"""Links to documents show on both sides: Paperless writes each one into the custom field of the linked document, too.

A linked document that did not have the field gets it, and keeps it without a value when the link goes. So it is
journalled before a link is written which documents those are, and an undo takes the empty field off them.
"""

from __future__ import annotations

from sidecar.domain.document import Document, custom_id
from sidecar.domain.errors import CancelledError, PermanentError
from sidecar.domain.writeback import Plan
from sidecar.paperless.client import Paperless


async def without_field(paperless: Paperless, plan: Plan) -> dict[str, list[int]]:
    """Return, by field, the documents that the plan links anew and that do not have the field.

    One that is gone or may not be seen is left out: nothing will be taken off it. Raises the other errors of
    `Paperless`.
    """
    found: dict[str, list[int]] = {}
    for name, value in plan.write.items():
        number, before = custom_id(name), plan.old.get(name)
        if number is None or not isinstance(value, list | tuple):  # links alone are lists
            continue
        for other in sorted(set(value) - set(before if isinstance(before, list | tuple) else ())):
            try:
                has_it = number in (await paperless.document(other)).custom_fields
            except (CancelledError, PermanentError):
                continue
            if not has_it:
                found.setdefault(name, []).append(other)
    return found


def is_left_empty(document: Document, name: str) -> bool:
    """Say whether the document has the field and no link in it."""
    number = custom_id(name)
    return number is not None and number in document.custom_fields and not document.custom_fields[number]
