"""What came of a delivery that broke off: what the journal knows of it, and Paperless's log of the document.

Nothing here writes. The log takes a right of its own (`view_logentry`); without it the journal and the document have
to do.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sidecar.domain.document import Document
from sidecar.domain.errors import MisconfiguredError, OutageError, WorkError
from sidecar.domain.job import Job
from sidecar.domain.resuming import BrokenOff, is_column, is_in_log
from sidecar.domain.writeback import same, shows_our_hand
from sidecar.paperless.client import Paperless
from sidecar.store.journal import Entry


async def look_back(paperless: Paperless, job: Job, earlier: Entry | None, current: Document) -> BrokenOff | None:
    """Return what is known of the try that broke off, None if there was none or nothing can have been sent of it.

    Paperless is asked for its log where it is in doubt whether the fields were sent. Raises OutageError.
    """
    broken = earlier.broken_off if earlier is not None and not job.giving_up else None
    if earlier is None or broken is None or broken.fields_sent or broken.tags_sent or not earlier.modified:
        return broken
    columns = {name: value for name, value in broken.chosen.items() if is_column(name)}
    if all(same(name, current.value(name), value) for name, value in columns.items()):
        return broken
    log = await _log(paperless, job.document_id)
    return broken if log is None else replace(broken, is_in_log=is_in_log(log, earlier.modified, columns))


def is_ours(job: Job, earlier: Entry | None, broken: BrokenOff | None, current: Document) -> bool:
    """Say whether a missing trigger tag is our own doing."""
    if earlier is None:
        return False
    if job.giving_up or earlier.fields_sent or earlier.tags_sent:
        return True
    if earlier.is_unsent or (broken is not None and broken.is_in_log is False):
        return False
    return shows_our_hand(earlier.proposal, earlier.written, current)


async def _log(paperless: Paperless, document_id: int) -> list[dict[str, Any]] | None:
    try:
        return await paperless.history(document_id)
    except MisconfiguredError:
        return None
    except OutageError:
        raise
    except WorkError:  # the right is missing, the log is switched off or too long to be had in time
        return None
