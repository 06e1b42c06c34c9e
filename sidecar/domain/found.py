"""What code finds in a document, to be said beside it: names that it mentions, its dates, what may be the total.

Small models copy better than they read; large ones are told that it may be wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sidecar.domain.candidates import mentioned
from sidecar.domain.custom_fields import CustomField, DataType
from sidecar.domain.vocabulary import Names, Vocabulary
from sidecar.domain.written_amounts import names_total, written_amounts
from sidecar.domain.written_dates import written_dates

#: Of each kind so many are said.
MOST_NAMES, MOST_DATES, MOST_AMOUNTS = 2, 4, 3


def found_in(
    text: str,
    vocabulary: Vocabulary,
    asked: Sequence[str],
    fields: Sequence[CustomField],
    today: date | None,
) -> dict[str, list[str]]:
    """Return what was found for the keys of the answer that are asked for, the likeliest first.

    What may be the total is said of the fields whose name says that they hold it.
    """
    found: dict[str, list[str]] = {}
    if "correspondent" in asked:
        found["correspondent"] = mentioned(vocabulary, Names.CORRESPONDENTS, text, most=MOST_NAMES)
    if "created" in asked and today is not None:
        found["created"] = [str(one) for one in written_dates(text, today=today).dates[:MOST_DATES]]
    for field in fields:
        if field.data_type is DataType.MONETARY and names_total(field.name):
            found[field.name] = list(written_amounts(text, field.currency).totals[:MOST_AMOUNTS])
    return {what: values for what, values in found.items() if values}
