"""Every setting of paperless-gpt and paperless-ai is answered: taken over, or left with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from sidecar import settings
from sidecar.cli.main import app
from sidecar.cli.moving import AI, GPT, UNKNOWN, move, read_env
from sidecar.domain.errors import SettingsError

GPT_FILE = """\
# paperless-gpt
PAPERLESS_BASE_URL=http://paperless:8000
PAPERLESS_API_TOKEN='abcdef0123456789'
PAPERLESS_PUBLIC_URL=https://papers.example.org
LLM_PROVIDER=ollama
LLM_MODEL=qwen3:8b
OLLAMA_HOST=http://ollama:11434
OLLAMA_CONTEXT_LENGTH=8192
VISION_LLM_PROVIDER=openai
VISION_LLM_MODEL=gpt-x-mini
OPENAI_API_KEY="sk-hidden-key"
OCR_PROVIDER=llm
OCR_LIMIT_PAGES=5   # the default
OCR_PROCESS_MODE=image
AUTO_OCR_TAG=read-me
AUTO_GENERATE_TITLE=false
CREATE_NEW_TAGS=true
TOKEN_LIMIT=0
IMAGE_MAX_RENDER_DPI=9000
CORRESPONDENT_BLACK_LIST=Me, My wife
export LISTEN_INTERFACE=:8080
"""
AI_FILE = """\
PAPERLESS_API_URL=http://paperless:8000/api
PAPERLESS_API_TOKEN=abcdef0123456789
AI_PROVIDER=custom
CUSTOM_BASE_URL=http://vllm:8000/v1
CUSTOM_API_KEY=sk-hidden-key
CUSTOM_MODEL=mistral-small
OPENAI_MODEL=gpt-4o-mini
SCAN_INTERVAL=*/30 * * * *
PROCESS_PREDEFINED_DOCUMENTS=yes
TAGS=pre-process,inbox
AI_PROCESSED_TAG_NAME=ai-processed
ADD_AI_PROCESSED_TAG=yes
ACTIVATE_TITLE=no
RESTRICT_TO_EXISTING_TAGS=no
RESTRICT_TO_EXISTING_CORRESPONDENTS=no
JWT_SECRET=x
"""
#: All names of paperless-gpt 0.27.
GPT_NAMES = [
    "PAPERLESS_BASE_URL",
    "PAPERLESS_API_TOKEN",
    "PAPERLESS_PUBLIC_URL",
    "PAPERLESS_INSECURE_SKIP_VERIFY",
    "PAPERLESS_GPT_CACHE_DIR",
    "LLM_PROVIDER",
    "LLM_MODEL",
    "LLM_REQUESTS_PER_MINUTE",
    "LLM_MAX_RETRIES",
    "LLM_BACKOFF_MAX_WAIT",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "OPENAI_API_TYPE",
    "ANTHROPIC_API_KEY",
    "MISTRAL_API_KEY",
    "GOOGLEAI_API_KEY",
    "GOOGLEAI_THINKING_BUDGET",
    "OLLAMA_HOST",
    "OLLAMA_CONTEXT_LENGTH",
    "OLLAMA_THINK",
    "OLLAMA_HEADERS",
    "OCR_PROVIDER",
    "OCR_PROCESS_MODE",
    "OCR_LIMIT_PAGES",
    "OCR_MAX_RETRIES",
    "VISION_LLM_PROVIDER",
    "VISION_LLM_MODEL",
    "VISION_LLM_MAX_TOKENS",
    "VISION_LLM_TEMPERATURE",
    "VISION_LLM_REQUESTS_PER_MINUTE",
    "VISION_LLM_MAX_RETRIES",
    "VISION_LLM_BACKOFF_MAX_WAIT",
    "OLLAMA_OCR_TOP_K",
    "AZURE_DOCAI_ENDPOINT",
    "AZURE_DOCAI_KEY",
    "AZURE_DOCAI_MODEL_ID",
    "AZURE_DOCAI_TIMEOUT_SECONDS",
    "AZURE_DOCAI_OUTPUT_CONTENT_FORMAT",
    "GOOGLE_PROJECT_ID",
    "GOOGLE_LOCATION",
    "GOOGLE_PROCESSOR_ID",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "MISTRAL_MODEL",
    "DOCLING_URL",
    "DOCLING_IMAGE_EXPORT_MODE",
    "DOCLING_OCR_PIPELINE",
    "DOCLING_OCR_ENGINE",
    "CREATE_LOCAL_HOCR",
    "LOCAL_HOCR_PATH",
    "CREATE_LOCAL_PDF",
    "LOCAL_PDF_PATH",
    "PDF_UPLOAD",
    "PDF_REPLACE",
    "PDF_COPY_METADATA",
    "PDF_OCR_TAGGING",
    "PDF_OCR_COMPLETE_TAG",
    "PDF_SKIP_EXISTING_OCR",
    "MANUAL_TAG",
    "AUTO_TAG",
    "AUTO_OCR_TAG",
    "FAIL_TAG",
    "AUTO_TAG_COMPLETE",
    "CREATE_NEW_TAGS",
    "AUTO_GENERATE_TITLE",
    "AUTO_GENERATE_TAGS",
    "AUTO_GENERATE_CORRESPONDENTS",
    "AUTO_GENERATE_CREATED_DATE",
    "AUTO_GENERATE_DOCUMENT_TYPE",
    "TOKEN_LIMIT",
    "LLM_LANGUAGE",
    "CORRESPONDENT_BLACK_LIST",
    "REMOVE_FROM_CONTENT",
    "REMOVE_FROM_CONTENT_REGEX",
    "SUGGESTION_WORKERS",
    "SUGGESTION_JOB_TIMEOUT_SECONDS",
    "IMAGE_MAX_PIXEL_DIMENSION",
    "IMAGE_MAX_TOTAL_PIXELS",
    "IMAGE_MAX_RENDER_DPI",
    "IMAGE_MAX_FILE_BYTES",
    "LISTEN_INTERFACE",
    "LOG_LEVEL",
    "PUID",
    "PGID",
]
AI_NAMES = [
    "PAPERLESS_API_URL",
    "PAPERLESS_API_TOKEN",
    "PAPERLESS_USERNAME",
    "AI_PROVIDER",
    "OPENAI_API_KEY",
    "OPENAI_MODEL",
    "OLLAMA_API_URL",
    "OLLAMA_MODEL",
    "CUSTOM_BASE_URL",
    "CUSTOM_API_KEY",
    "CUSTOM_MODEL",
    "AZURE_API_KEY",
    "AZURE_ENDPOINT",
    "AZURE_DEPLOYMENT_NAME",
    "AZURE_API_VERSION",
    "SCAN_INTERVAL",
    "SYSTEM_PROMPT",
    "PROCESS_PREDEFINED_DOCUMENTS",
    "TAGS",
    "ADD_AI_PROCESSED_TAG",
    "AI_PROCESSED_TAG_NAME",
    "USE_PROMPT_TAGS",
    "PROMPT_TAGS",
    "USE_EXISTING_DATA",
    "DISABLE_AUTOMATIC_PROCESSING",
    "TOKEN_LIMIT",
    "RESPONSE_TOKENS",
    "ACTIVATE_TAGGING",
    "ACTIVATE_CORRESPONDENTS",
    "ACTIVATE_DOCUMENT_TYPE",
    "ACTIVATE_TITLE",
    "ACTIVATE_CUSTOM_FIELDS",
    "CUSTOM_FIELDS",
    "RESTRICT_TO_EXISTING_TAGS",
    "RESTRICT_TO_EXISTING_CORRESPONDENTS",
    "PAPERLESS_SET_OBJECT_OWNER",
    "EXTERNAL_API_ENABLED",
    "EXTERNAL_API_URL",
    "EXTERNAL_API_METHOD",
    "EXTERNAL_API_HEADERS",
    "EXTERNAL_API_BODY",
    "EXTERNAL_API_TIMEOUT",
    "EXTERNAL_API_TRANSFORM",
    "JWT_SECRET",
    "API_KEY",
    "PAPERLESS_AI_PORT",
    "PAPERLESS_AI_INITIAL_SETUP",
    "RAG_SERVICE_URL",
    "RAG_SERVICE_ENABLED",
]


@pytest.fixture
def old(tmp_path: Path) -> Path:
    file = tmp_path / "old.env"
    file.write_text(GPT_FILE)
    return file


def test_a_file_of_paperless_gpt(old: Path) -> None:
    moving = move(read_env(old))
    assert moving.program == GPT
    taken = {one.ours: one.value for one in moving.taken}
    assert taken == {
        "PAPERLESS_URL": "http://paperless:8000",
        "PAPERLESS_TOKEN": "abcdef0123456789",
        "PAPERLESS_PUBLIC_URL": "https://papers.example.org",
        "OPENAI_BASE_URL": "http://ollama:11434/v1",
        "LLM_MODEL": "qwen3:8b",
        "VISION_API_KEY": "sk-hidden-key",
        "VISION_BASE_URL": "https://api.openai.com/v1",
        "VISION_MODEL": "gpt-x-mini",
        "OCR_ENGINE": "vision",
        "AUTO_OCR_TAG": "read-me",
        "AUTO_TAG": "paperless-gpt-auto",
        "FAIL_TAG": "paperless-gpt-failed",
        "TAG_DONE_TAG": "paperless-gpt-auto-complete",
        "OCR_DONE_TAG": "paperless-gpt-ocr-complete",
        "TITLE_POLICY": "off",
        "CREATE_NAMES": "tags",
        "REFUSED_NAMES": "Me, My wife",
    }
    assert settings.load(**{name.lower(): value for name, value in taken.items()}).vision_model == ("gpt-x-mini",)
    assert "OCR_MAX_PAGES" in moving.left["OCR_LIMIT_PAGES"]
    assert "OCR_DPI is wrong" in moving.left["IMAGE_MAX_RENDER_DPI"]
    assert "no limit" in moving.left["TOKEN_LIMIT"]


def test_a_file_of_paperless_ai(old: Path) -> None:
    old.write_text(AI_FILE)
    moving = move(read_env(old))
    assert moving.program == AI
    assert {one.ours: one.value for one in moving.taken} == {
        "PAPERLESS_URL": "http://paperless:8000/api",
        "PAPERLESS_TOKEN": "abcdef0123456789",
        "OPENAI_BASE_URL": "http://vllm:8000/v1",
        "OPENAI_API_KEY": "sk-hidden-key",
        "LLM_MODEL": "mistral-small",
        "AUTO_TAG": "pre-process",
        "TAG_DONE_TAG": "ai-processed",
        "TITLE_POLICY": "off",
        "CREATE_NAMES": "tags,correspondents",
    }
    assert "sidecar setup --webhook" in moving.left["SCAN_INTERVAL"]
    assert moving.left["OPENAI_MODEL"] == "not used with the provider that is set"


@pytest.mark.parametrize("names", [GPT_NAMES, AI_NAMES])
def test_no_setting_is_passed_over(names: list[str]) -> None:
    moving = move({**dict.fromkeys(names, "x"), "AI_PROVIDER" if "AI_PROVIDER" in names else "LLM_PROVIDER": "openai"})
    answered = {name for one in moving.taken for name in one.theirs.split(", ")} | moving.left.keys()
    assert set(names) <= answered
    assert not [name for name, why in moving.left.items() if why == UNKNOWN]


def test_the_command_shows_lines_for_env_and_no_secret(old: Path) -> None:
    said = CliRunner().invoke(app, ["check", "--env", str(old)])
    assert said.exit_code == 0, said.output
    assert "OPENAI_BASE_URL=http://ollama:11434/v1   # OLLAMA_HOST" in said.output
    assert "PAPERLESS_TOKEN=(the value of PAPERLESS_API_TOKEN in the old file)" in said.output
    as_json = CliRunner().invoke(app, ["check", "--env", str(old), "--json"]).output
    for hidden in ("abcdef0123456789", "sk-hidden-key"):
        assert hidden not in said.output + as_json


@pytest.mark.parametrize("text", ["", "FOO=1\n", None])
def test_a_file_of_something_else_is_refused(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "x.env"
    if text is not None:
        file.write_text(text)
    with pytest.raises(SettingsError, match="--env"):
        move(read_env(file))
