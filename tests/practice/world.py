"""The state of the recorded server when most of its exchanges were made, for replaying them."""

import json
from typing import Any

from sidecar.practice.archive import PracticeArchive

ADMIN_ID = 2
SELECT_OPTIONS = [{"label": "paid", "id": "vg46v0QRwaxoqGyy"}, {"label": "open", "id": "openid1"}]

#: In the order of their ids, from 1.
TAGS: list[dict[str, Any]] = [
    {"name": "ai-process", "owner": ADMIN_ID},
    {"name": "AI-Process", "owner": ADMIN_ID},
    {"name": "ai-done", "color": "#00aa00", "matching_algorithm": 0},
    {"name": "ai-failed"},
    {"name": "ocr-process"},
    {"name": "Inbox", "is_inbox_tag": True},
    {"name": "Finance"},
    {"name": "Invoices", "parent": 7},
    {"name": "Utilities", "parent": 8},
]
CUSTOM_FIELDS: list[dict[str, Any]] = [
    {"name": "cf_string", "data_type": "string"},
    {"name": "cf_longtext", "data_type": "longtext"},
    {"name": "cf_url", "data_type": "url"},
    {"name": "cf_date", "data_type": "date"},
    {"name": "cf_bool", "data_type": "boolean"},
    {"name": "cf_int", "data_type": "integer"},
    {"name": "cf_float", "data_type": "float"},
    {"name": "cf_money", "data_type": "monetary", "extra_data": {"default_currency": "EUR"}},
    {"name": "cf_select", "data_type": "select", "extra_data": {"select_options": SELECT_OPTIONS}},
    {"name": "cf_link", "data_type": "documentlink"},
]
PDF = b"%PDF-1.3 practice /Type /Page "
REPORT = "Annual report 2025 page 1\nSection 1: results\n" + "The quick brown fox jumps over the lazy dog.\n" * 30
DOCUMENTS: list[dict[str, Any]] = [
    {
        "title": "invoice_text",
        "original_file_name": "invoice_text.pdf",
        "created": "2026-03-14",
        "tags": ["ai-process"],
    },
    {
        "title": "scan_image_only",
        "original_file_name": "scan_image_only.pdf",
        "created": "2026-02-01",
        "tags": ["ocr-process"],
        "content": "Rental contract",
        "data": PDF + PDF + b"2",
        "archive_pdf": PDF,
    },
    {
        "title": "multipage",
        "original_file_name": "multipage.pdf",
        "tags": ["ai-process", "ocr-process"],
        "content": REPORT,
    },
    {
        "title": "receipt",
        "original_file_name": "receipt.jpg",
        "mime_type": "image/jpeg",
        "tags": ["ai-done"],
        "data": b"\xff\xd8\xff\xe0 practice",
        "archive_pdf": PDF,
    },
    {
        "title": "note",
        "original_file_name": "note.txt",
        "mime_type": "text/plain",
        "tags": ["Finance", "Invoices"],
        "data": b"Plain text memo\nRemember the milk. Reference ABC-99.\n",
    },
    {
        "title": "letter",
        "original_file_name": "letter.tiff",
        "mime_type": "image/tiff",
        "content": "TIFF letter\nInsurance policy 88-12",
        "data": b"II*\x00",
        "archive_pdf": PDF,
    },
]


def seed(archive: PracticeArchive) -> None:
    """Give an empty archive the recorded names and documents, with their ids."""
    with archive.state.transaction():
        _add_names(archive)
        for number, document in enumerate(DOCUMENTS, start=1):
            values = {"created": "2026-11-23", **document}
            data = values.pop("data", PDF + str(number).encode())
            archive.add_document(data, **values)


def _add_names(archive: PracticeArchive) -> None:
    for tag in TAGS:
        archive.add_name("tags", **tag)
    archive.add_name("correspondents", "Northwind Energy")
    archive.add_name("correspondents", "northwind energy")
    archive.add_name("document_types", "Invoice")
    archive.add_name("storage_paths", "By year", path="{{ created_year }}/{{ correspondent }}/{{ title }}")
    archive.add_name("storage_paths", "legacy", path="{{ created_year }}/{{ title }}", owner=ADMIN_ID)
    for field in CUSTOM_FIELDS:
        archive.add_name("custom_fields", **field)


FILLING: dict[str, Any] = {
    "title": "tr",
    "original_file_name": "tr.txt",
    "mime_type": "text/plain",
    "created": "2026-11-23",
}


def fill_up_to(archive: PracticeArchive, last: int) -> None:
    """Add documents after the seeded ones, so that the next has a recorded id."""
    for number in range(len(DOCUMENTS) + 1, last + 1):
        archive.add_document(b"another %d" % number, **FILLING)


def fill_up_to_20(archive: PracticeArchive) -> None:
    """Add the document 20 that was put into the trash, and others before it."""
    fill_up_to(archive, 19)
    archive.add_document(b"trash me 1795398874.8871531\n", tags=["Inbox", "ai-process"], **FILLING)


def parsed(body: bytes) -> Any:
    """Read a body as a recording holds it: JSON if it is, else text."""
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
