"""What code finds in a document, to be said beside it: who it seems to be from, its date, what may be its total.

Small models copy better than they read. Large ones are told that it may be wrong, and so is one value of each enough.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

from sidecar.domain.candidates import mentioned
from sidecar.domain.custom_fields import CustomField, DataType
from sidecar.domain.vocabulary import Names, Vocabulary
from sidecar.domain.written_amounts import names_total, written_amounts
from sidecar.domain.written_dates import written_dates

#: So many characters are a document's beginning, where senders stand; banks and partners stand below.
HEAD = 600


def found_in(
    text: str,
    vocabulary: Vocabulary,
    asked: Collection[str],
    fields: Sequence[CustomField],
    *,
    today: date,
    like: Collection[int] = (),
) -> dict[str, str | dict[str, str]]:
    """Return what was found in the form of an answer, without keys for which nothing was found.

    `like` are correspondents of documents of its like. What may be the total is said of the fields whose name says
    that they hold it.
    """
    found: dict[str, str | None] = {}
    custom: dict[str, str] = {}
    if "correspondent" in asked:
        found["correspondent"] = mentioned(vocabulary, Names.CORRESPONDENTS, text[:HEAD], like=like)
    if "created" in asked:
        likeliest = written_dates(text, today=today).likeliest
        found["created"] = str(likeliest) if likeliest else None
    for field in fields:
        if field.data_type is DataType.MONETARY and names_total(field.name):
            for total in written_amounts(text, field.currency).totals[:1]:
                custom[field.name] = total
    kept: dict[str, str | dict[str, str]] = {key: value for key, value in found.items() if value}
    return kept | ({"custom_fields": custom} if custom else {})
