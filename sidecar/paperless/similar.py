"""Documents like one that is to be filed: asked of Paperless, and only those that a person filed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sidecar.domain.examples import Example, examples
from sidecar.domain.trigger import Tags
from sidecar.paperless.client import Paperless

#: So many are looked at for each one that is shown: most may be the sidecar's own filing.
LOOKED_AT = 4

#: Says of a document's tags whether it may stand as an example in another one's question.
MayShow = Callable[[frozenset[int]], Awaitable[bool]]


async def anything(_tags: frozenset[int]) -> bool:
    """Show whatever Paperless finds."""
    return True


async def like(
    paperless: Paperless, document_id: int, tags: Tags, most: int, may_show: MayShow = anything
) -> list[Example]:
    """Return at most so many documents like this one that a person filed, the likest first; one request, or none."""
    if not most:
        return []
    found = await paperless.similar(document_id, most * LOOKED_AT)
    ours = tags.triggers | {tags.tagging_done}  # waiting for the sidecar, or filed by it
    shown = [one for one in found if await may_show(one.tags)]
    return examples(shown, ours=ours, most=most)
