"""The environment of paperless-gpt, understood, so that moving over needs no new compose file.

What becomes of all its settings, and of paperless-ai's, is another matter: `cli/moving_table.py`, for those who ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sidecar.domain.filing import Policy
from sidecar.domain.vocabulary import Names

#: paperless-gpt's name and ours, where the value means the same.
ALIASES: Mapping[str, str] = {
    "PAPERLESS_BASE_URL": "paperless_url",
    "PAPERLESS_API_TOKEN": "paperless_token",
    "AUTO_TAG_COMPLETE": "tag_done_tag",
    "PDF_OCR_COMPLETE_TAG": "ocr_done_tag",
    "TOKEN_LIMIT": "document_tokens",
    "OCR_MAX_RETRIES": "max_attempts",
}
#: Switches of paperless-gpt: set to false they turn a policy off.
SWITCHES: Mapping[str, str] = {
    "AUTO_GENERATE_TITLE": "title_policy",
    "AUTO_GENERATE_CORRESPONDENTS": "correspondent_policy",
    "AUTO_GENERATE_DOCUMENT_TYPE": "document_type_policy",
    "AUTO_GENERATE_CREATED_DATE": "created_policy",
}
#: By our name, theirs for all that is taken over.
THEIRS: Mapping[str, str] = {ours: theirs for theirs, ours in (*ALIASES.items(), *SWITCHES.items())} | {
    "add_tags": "AUTO_GENERATE_TAGS",
    "create_names": "CREATE_NEW_TAGS",
    "openai_base_url": "OLLAMA_HOST",
}


def from_paperless_gpt(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return our settings for what an environment made for paperless-gpt says.

    A limit of 0 means "none" there and is left out. OLLAMA_HOST becomes an OpenAI-compatible address.
    """
    found: dict[str, Any] = {
        ours: value for theirs, ours in ALIASES.items() if (value := environment.get(theirs)) and value != "0"
    }
    for theirs, ours in SWITCHES.items():
        if environment.get(theirs, "").lower() == "false":
            found[ours] = Policy.OFF
    if environment.get("AUTO_GENERATE_TAGS", "").lower() == "false":
        found["add_tags"] = False
    if environment.get("CREATE_NEW_TAGS", "").lower() == "true":
        found["create_names"] = frozenset({Names.TAGS})
    if environment.get("LLM_PROVIDER", "").lower() == "ollama" and (host := environment.get("OLLAMA_HOST")):
        found["openai_base_url"] = f"{host.rstrip('/')}/v1"
    return found
