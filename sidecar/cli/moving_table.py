"""The settings of paperless-gpt (0.27) and paperless-ai (3.0), each with what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Provider:
    """Where a product's models are, and what the old settings call that."""

    #: Old settings that hold an address.
    addresses: tuple[str, ...] = ()
    #: The product's own address; empty for OpenAI, whose address is ours too.
    address: str = ""
    key: str = ""
    #: The old setting with the model's name, where it is not LLM_MODEL or VISION_LLM_MODEL.
    model: str = ""


PROVIDERS: Mapping[str, Provider] = {
    "openai": Provider(("OPENAI_BASE_URL",), "", "OPENAI_API_KEY", "OPENAI_MODEL"),
    "ollama": Provider(("OLLAMA_HOST", "OLLAMA_API_URL"), "http://localhost:11434/v1", "", "OLLAMA_MODEL"),
    "custom": Provider(("CUSTOM_BASE_URL",), "", "CUSTOM_API_KEY", "CUSTOM_MODEL"),
    "mistral": Provider((), "https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    "anthropic": Provider((), "https://api.anthropic.com/v1", "ANTHROPIC_API_KEY"),
    "googleai": Provider((), "https://generativelanguage.googleapis.com/v1beta/openai", "GOOGLEAI_API_KEY"),
}
SECRET = frozenset({"PAPERLESS_API_TOKEN"}) | {provider.key for provider in PROVIDERS.values() if provider.key}
#: paperless-gpt's tags: our setting, and the name that it had if none was set.
TAGS: Mapping[str, tuple[str, str]] = {
    "AUTO_TAG": ("AUTO_TAG", "paperless-gpt-auto"),
    "AUTO_OCR_TAG": ("AUTO_OCR_TAG", "paperless-gpt-ocr-auto"),
    "FAIL_TAG": ("FAIL_TAG", "paperless-gpt-failed"),
    "AUTO_TAG_COMPLETE": ("TAG_DONE_TAG", "paperless-gpt-auto-complete"),
    "PDF_OCR_COMPLETE_TAG": ("OCR_DONE_TAG", "paperless-gpt-ocr-complete"),
}
#: The same thing under a name of ours.
RENAMED: Mapping[str, str] = {
    "PAPERLESS_BASE_URL": "PAPERLESS_URL",
    "PAPERLESS_API_URL": "PAPERLESS_URL",
    "PAPERLESS_API_TOKEN": "PAPERLESS_TOKEN",
    "PAPERLESS_PUBLIC_URL": "PAPERLESS_PUBLIC_URL",
    "LLM_MODEL": "LLM_MODEL",
    "LLM_REQUESTS_PER_MINUTE": "LLM_RPM",
    "LLM_LANGUAGE": "LLM_LANGUAGE",
    "VISION_LLM_MODEL": "VISION_MODEL",
    "VISION_LLM_MAX_TOKENS": "VISION_MAX_TOKENS",
    "VISION_LLM_REQUESTS_PER_MINUTE": "VISION_RPM",
    "OCR_MAX_RETRIES": "MAX_ATTEMPTS",
    "TOKEN_LIMIT": "DOCUMENT_TOKENS",
    "CORRESPONDENT_BLACK_LIST": "REFUSED_NAMES",
    "SUGGESTION_WORKERS": "TAGGING_CONCURRENCY",
    "IMAGE_MAX_RENDER_DPI": "OCR_DPI",
    "LOG_LEVEL": "LOG_LEVEL",
    "RESPONSE_TOKENS": "LLM_MAX_TOKENS",
    "AI_PROCESSED_TAG_NAME": "TAG_DONE_TAG",
}
_NO, _YES = ("false", "no", "0"), ("true", "yes", "1")
_ON = "on here as well, without the setting"
#: What a switch means: the values that say something here, our setting and its value, and why it is left otherwise.
SWITCHES: Mapping[str, tuple[tuple[str, ...], str, str, str]] = {
    "AUTO_GENERATE_TITLE": (_NO, "TITLE_POLICY", "off", _ON),
    "AUTO_GENERATE_TAGS": (_NO, "ADD_TAGS", "false", _ON),
    "AUTO_GENERATE_CORRESPONDENTS": (_NO, "CORRESPONDENT_POLICY", "off", _ON),
    "AUTO_GENERATE_DOCUMENT_TYPE": (_NO, "DOCUMENT_TYPE_POLICY", "off", _ON),
    "AUTO_GENERATE_CREATED_DATE": (_NO, "CREATED_POLICY", "off", _ON),
    "CREATE_NEW_TAGS": (_YES, "CREATE_NAMES", "tags", "no tags are made here either, without the setting"),
    "OCR_PROVIDER": (
        ("llm",),
        "OCR_ENGINE",
        "vision",
        "that OCR service is not asked here; see OCR_ENGINE",
    ),
    "OLLAMA_THINK": (_NO, "LLM_THINKING", "off", "models think here as their server lets them: LLM_THINKING"),
    "GOOGLEAI_THINKING_BUDGET": (("0",), "LLM_THINKING", "off", "thinking is only on or off here: LLM_THINKING"),
    "PDF_UPLOAD": (_YES, "SEARCHABLE_PDF", "version", "nothing is uploaded here either, without the setting"),
    "ACTIVATE_TITLE": (_NO, "TITLE_POLICY", "off", _ON),
    "ACTIVATE_TAGGING": (_NO, "ADD_TAGS", "false", _ON),
    "ACTIVATE_CORRESPONDENTS": (_NO, "CORRESPONDENT_POLICY", "off", _ON),
    "ACTIVATE_DOCUMENT_TYPE": (_NO, "DOCUMENT_TYPE_POLICY", "off", _ON),
    "ACTIVATE_CUSTOM_FIELDS": (_NO, "CUSTOM_FIELDS_POLICY", "off", "name the fields in CUSTOM_FIELDS"),
    "RESTRICT_TO_EXISTING_TAGS": (_NO, "CREATE_NAMES", "tags", "no tags are made here, without the setting"),
    "RESTRICT_TO_EXISTING_CORRESPONDENTS": (_NO, "CREATE_NAMES", "correspondents", "none are made here either"),
    "PAPERLESS_SET_OBJECT_OWNER": (
        _YES,
        "NAMES_OWNER",
        "me",
        "new names belong to nobody and are seen by all",
    ),
}
_ALWAYS = "this is always so here"
_RETRIES = "an outage costs no attempt here: work waits and goes on by itself; see MAX_ATTEMPTS"
#: What is left, and why.
LEFT: Mapping[str, str] = {
    "PAPERLESS_INSECURE_SKIP_VERIFY": "certificates are always checked: name your own in SSL_CERT_FILE, or use http",
    "PAPERLESS_GPT_CACHE_DIR": "everything that is kept is in DATA_DIR",
    "PAPERLESS_USERNAME": "the token says who it is",
    "LLM_MAX_RETRIES": _RETRIES,
    "LLM_BACKOFF_MAX_WAIT": _RETRIES,
    "VISION_LLM_MAX_RETRIES": _RETRIES,
    "VISION_LLM_BACKOFF_MAX_WAIT": _RETRIES,
    "VISION_LLM_TEMPERATURE": "always 0 here, where the server takes it",
    "OPENAI_API_TYPE": "give Azure's OpenAI-compatible address in OPENAI_BASE_URL: https://NAME.openai.azure.com/openai/v1",
    "OLLAMA_CONTEXT_LENGTH": "set it at the Ollama server, which has a variable of this name",
    "OLLAMA_HEADERS": "headers of your own cannot be sent",
    "OLLAMA_OCR_TOP_K": "answers are checked instead, and asked for again",
    "OCR_PROCESS_MODE": "pages are always read one by one, and kept one by one",
    "OCR_LIMIT_PAGES": "all pages are read, or none is written; OCR_MAX_PAGES gives longer documents up",
    "MISTRAL_MODEL": "it was for Mistral's OCR service, which is not asked here",
    "CREATE_LOCAL_HOCR": "there are no hOCR files here; SEARCHABLE_PDF keeps the places of words",
    "LOCAL_HOCR_PATH": "there are no hOCR files here",
    "CREATE_LOCAL_PDF": "set SEARCHABLE_PDF=local for files in DATA_DIR/searchable",
    "LOCAL_PDF_PATH": "they lie in DATA_DIR/searchable",
    "PDF_REPLACE": "a searchable PDF becomes a version of the same document, and the old file stays",
    "PDF_COPY_METADATA": "it stays the same document, with all that it has",
    "PDF_OCR_TAGGING": _ALWAYS,
    "PDF_SKIP_EXISTING_OCR": "looked at for each page: one with visible text of its own gives that",
    "MANUAL_TAG": "for a look before anything is written put AUTO_REVIEW_TAG on beside AUTO_TAG, or set REVIEW",
    "REMOVE_FROM_CONTENT": "the text is kept as it was read",
    "REMOVE_FROM_CONTENT_REGEX": "the text is kept as it was read",
    "SUGGESTION_JOB_TIMEOUT_SECONDS": "LLM_TIMEOUT_S is for one answer",
    "IMAGE_MAX_PIXEL_DIMENSION": "VISION_PIXELS is the longer side of the picture that a model gets",
    "IMAGE_MAX_TOTAL_PIXELS": "OCR_MAX_MEGAPIXELS gives larger images up",
    "IMAGE_MAX_FILE_BYTES": "pictures are made as small as endpoints take them",
    "LISTEN_INTERFACE": "the dashboard listens at WEB_HOST and WEB_PORT (8400), and asks for a login",
    "PUID": "the container's user is 10001; its volume must belong to that",
    "PGID": "the container's user is 10001; its volume must belong to that",
    "SCAN_INTERVAL": "tagged documents are looked for every POLL_INTERVAL_S, or at once: sidecar setup --webhook",
    "PROCESS_PREDEFINED_DOCUMENTS": "only tagged documents are ever worked on: put AUTO_TAG on by a Paperless workflow",
    "DISABLE_AUTOMATIC_PROCESSING": "only tagged documents are ever worked on",
    "TAGS": "only tagged documents are ever worked on: put AUTO_TAG on them",
    "SYSTEM_PROMPT": "prompts are files in PROMPTS_DIR; most wishes are settings here",
    "USE_PROMPT_TAGS": "the model chooses among the tags that exist; REFUSED_NAMES takes some of them out",
    "PROMPT_TAGS": "the model chooses among the tags that exist; REFUSED_NAMES takes some of them out",
    "USE_EXISTING_DATA": _ALWAYS,
    "ADD_AI_PROCESSED_TAG": _ALWAYS,
    "CUSTOM_FIELDS": "name the custom fields of Paperless with commas, or say all: CUSTOM_FIELDS=all",
    "JWT_SECRET": "logins are those of Paperless",
    "API_KEY": "tokens for the API are made by: sidecar token create",
    "PAPERLESS_AI_PORT": "the dashboard listens at WEB_PORT (8400)",
    "PAPERLESS_AI_INITIAL_SETUP": "there is no setup page: .env holds all settings",
}
_SERVICE = "this OCR service is not asked here; Tesseract reads, or a model that sees (OCR_ENGINE)"
#: The same for all that begin so.
LEFT_GROUPS: Mapping[str, str] = {
    "AZURE_DOCAI_": _SERVICE,
    "GOOGLE_": _SERVICE,
    "DOCLING_": _SERVICE,
    "AZURE_": "give Azure's OpenAI-compatible address in OPENAI_BASE_URL and its key in OPENAI_API_KEY",
    "EXTERNAL_API_": "no data of other programs is put into questions",
    "RAG_": "there is no chat",
    "OPENAI_": "not used with the provider that is set",
    "OLLAMA_": "not used with the provider that is set",
    "CUSTOM_": "not used with the provider that is set",
    "MISTRAL_": "not used with the provider that is set",
    "ANTHROPIC_": "not used with the provider that is set",
    "GOOGLEAI_": "not used with the provider that is set",
}
