"""Causes: what differs from document to document is left out, what tells one trouble from another stays."""

from __future__ import annotations

import time

import pytest

from sidecar.domain.cause import CAUSE_MAX, cause_of, key_of


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("The PDF is encrypted.", "The PDF is encrypted."),
        ("Page 3 of 12 took longer than 300.5 s.", "Page … of … took longer than … s."),
        ('The tag "Invoices 2024" is unknown.', "The tag … is unknown."),
        ("The tag 'Müller's' isn't there.", "The tag … isn't there."),
        ("Kein Tag „Rechnung“ da.", "Kein Tag … da."),
        ("http://ollama:11434/v1 does not answer.", "… does not answer."),
        ("No answer from gpu.lan:11434 within 60 s.", "No answer from … within … s."),
        ("File /data/tmp/x-1/page.png cannot be read.", "File … cannot be read."),
        ("At 2026-11-30 19:30 it stopped.", "At … it stopped."),
        ("Digest deadbeef01 differs.", "Digest … differs."),
        ("two\nlines  here", "two lines here"),
        ("", ""),
    ],
)
def test_a_cause_is_the_reason_without_what_differs(reason: str, cause: str) -> None:
    assert cause_of(reason) == cause


def test_other_words_are_another_cause() -> None:
    assert cause_of("The PDF is encrypted.") != cause_of("The PDF is broken.")


def test_a_long_reason_is_cut_and_read_in_no_time() -> None:
    began = time.process_time()
    for nasty in ("'" * 5000, '"' * 5000, "a-" * 3000, "1." * 3000, "/a" * 3000, "a" * 5000, "„" * 5000):
        assert len(cause_of(nasty)) <= CAUSE_MAX
    assert time.process_time() - began < 5


def test_a_key_holds_no_word_of_the_cause_and_tells_kinds_apart() -> None:
    assert key_of("ocr", "secret") != key_of("tagging", "secret")
    assert "secret" not in key_of("ocr", "secret")
