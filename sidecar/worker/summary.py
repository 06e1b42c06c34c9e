"""What a delivery came to, in a sentence or three for the owner."""

from __future__ import annotations

from sidecar.domain.document import custom_id
from sidecar.domain.telling import field_words
from sidecar.domain.writeback import tag_key
from sidecar.worker.delivery import Delivered


def summary(delivered: Delivered) -> str:
    """Say what was written, what was not, and why."""
    custom = {number: f'"{word}"' for name, word in delivered.words.items() if (number := custom_id(name)) is not None}
    words = [field_words(name, custom) for name in delivered.written if name not in delivered.refused]
    tags = sorted(f'"{delivered.words.get(tag_key(tag), tag)}"' for tag in delivered.put_on)
    parts = [f"Wrote {', '.join(words)}."] if words else []
    parts += [f"Put on {', '.join(tags)}."] if tags else []
    parts = parts or ["Nothing had to be changed."]
    if delivered.conflicts:
        theirs = ", ".join(field_words(conflict.field, custom) for conflict in delivered.conflicts)
        parts.append(f"Kept what somebody changed meanwhile: {theirs}.")
    if delivered.overruled:
        changed = ", ".join(field_words(name, custom) for name in delivered.overruled)
        parts.append(f"Somebody, or a workflow in Paperless, changed it again at once: {changed}.")
    parts += [f"Paperless refused the {field_words(name, custom)}: {said}" for name, said in delivered.refused.items()]
    return " ".join((*parts, *delivered.remarks))
