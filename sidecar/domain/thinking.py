"""Whether a model is to think before it answers."""

from __future__ import annotations

from enum import StrEnum


class Thinking(StrEnum):
    """The owner's wish."""

    OFF = "off"
    ON = "on"
    #: As the server does; off once an answer did not come to its end for all the thinking.
    AUTO = "auto"
