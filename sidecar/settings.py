"""The settings: every name, its default, and one sentence for the owner.

They are read from environment variables, from a file `.env` in the working folder, from the file that NAME_FILE
names, and from /run/secrets, in this order; the first wins. Names of paperless-gpt are understood, so that moving
over needs no new compose file. Everything that is wrong is reported at once.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from sidecar.domain import prices
from sidecar.domain.budget import Period, parse_limit
from sidecar.domain.errors import SettingsError
from sidecar.domain.filing import Owner, Policy, check_template, fields_by_type
from sidecar.domain.thinking import Thinking
from sidecar.domain.vocabulary import Names
from sidecar.observe.news import Cause

SECRETS = Path("/run/secrets")
#: The groups of the settings: the first of each, and what it is called.
GROUPS: Mapping[str, str] = {
    "paperless_url": "Paperless",
    "auto_ocr_tag": "Tags",
    "review": "Review",
    "ocr_engine": "Reading pages",
    "openai_api_key": "Filing",
    "prices": "Money and privacy",
    "web_host": "Dashboard",
    "notify_urls": "Being told",
    "data_dir": "Running",
}


class Origin(StrEnum):
    """Where a value comes from."""

    GIVEN = "given"
    ENVIRONMENT = "environment"
    ALIAS = "alias"
    ENV_FILE = "env-file"
    FILE = "file"
    SECRET = "secret"  # noqa: S105 - a word, not a secret
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Source:
    """Where the value of a setting was read."""

    origin: Origin
    #: The name of the variable or the file; empty for defaults and what was given by hand.
    name: str = ""


#: What was read where, while settings are being made.
_NOTED: ContextVar[dict[str, Source] | None] = ContextVar("noted", default=None)


class OcrEngine(StrEnum):
    """Who reads pages that have to be read."""

    TESSERACT = "tesseract"
    VISION = "vision"
    AUTO = "auto"


class ReviewOf(StrEnum):
    """What a person is to see before it is written."""

    OFF = "off"
    TAGGING = "tagging"
    OCR = "ocr"
    ALL = "all"


class SearchablePdf(StrEnum):
    """What becomes of the places of words that were read."""

    OFF = "off"
    LOCAL = "local"
    VERSION = "version"


class TesseractKind(StrEnum):
    """Which Tesseract."""

    AUTO = "auto"
    LIBRARY = "library"
    PROGRAM = "program"


class SecureCookies(StrEnum):
    """Whether browsers may send the login over an open line."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class LogFormat(StrEnum):
    """How log lines look."""

    CONSOLE = "console"
    JSON = "json"


class LogLevel(StrEnum):
    """How much is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    OFF = "off"


def _address(value: str) -> str:
    parts = urlsplit(value.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:  # .port raises for letters
        raise ValueError("must be an address beginning with http:// or https://")
    if parts.username or parts.password:
        raise ValueError("must not hold a user name or a password; they have settings of their own")
    return value.strip().rstrip("/").removesuffix("/api")


def _tag(value: str) -> str:
    if not value.strip() or len(value) > 128:
        raise ValueError("must be a tag's name, 1 to 128 characters")
    return value.strip()


def _token(value: SecretStr) -> SecretStr:
    text = value.get_secret_value().strip()
    if not text or not text.isascii() or not text.isprintable():
        raise ValueError("must be a token as Paperless shows it: letters and digits in one line")
    return SecretStr(text)


#: Read strictly: of an address that can be read in two ways, messages would show a part of the password.
_DATABASE = re.compile(
    r"postgres(ql)?(\+psycopg)?://(([^@/?#%\[\]\s]|%[0-9A-Fa-f]{2})*@)?"
    r"(\[[0-9A-Fa-f:.]+\]|[^@/?#:\[\]\s]*)(:\d+)?([/?][^@#\s]*)?"
)


def _database(value: SecretStr | None) -> SecretStr | None:
    if value is not None and not _DATABASE.fullmatch(value.get_secret_value()):
        raise ValueError(
            "must look like postgresql://user:password@host:5432/database, and in user and password these must be "
            "written with a percent sign: @ as %40, / as %2F, # as %23, ? as %3F, % as %25, a space as %20"
        )
    return value


def _schema(value: str) -> str:
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,50}", value) or value in ("public", "information_schema"):
        raise ValueError("must be a schema of the sidecar's own: small letters, digits and _; not public")
    return value


def _shared_secret(value: SecretStr | None) -> SecretStr | None:
    text = value.get_secret_value().strip() if value else ""
    if not text:
        return None
    if len(text) < 16 or not re.fullmatch(r"[A-Za-z0-9._~-]+", text):
        raise ValueError("must be at least 16 letters, digits, - . _ or ~, such as those of: openssl rand -hex 24")
    return SecretStr(text)


def _prefix(value: str) -> str:
    path = value.strip().strip("/")
    if not re.fullmatch(r"[A-Za-z0-9._~/-]*", path) or ".." in path or "//" in path:
        raise ValueError("must be a path such as /sidecar: letters, digits and - . _ ~ between slashes")
    return f"/{path}" if path else ""


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _names(value: object) -> object:
    if isinstance(value, str):
        return frozenset(part.strip().lower() for part in value.split(",") if part.strip())
    return value


def _list(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _names_to_make(value: frozenset[Names]) -> frozenset[Names]:
    if Names.STORAGE_PATHS in value:
        raise ValueError("must not hold storage_paths: what a storage path is, only its owner can say")
    return value


def _by_type(value: str) -> str:
    fields_by_type(value)
    return value


def _languages(value: str) -> str:
    parts = [part for part in value.replace(",", "+").replace(" ", "+").split("+") if part]
    if "auto" in map(str.lower, parts):
        if len(parts) > 1:
            raise ValueError("must be auto alone, or names of languages")
        return "auto"
    return "+".join(parts)


def _prices(value: str) -> str:
    prices.parse(value)
    return value.strip()


def _allowance(value: str) -> str:
    parse_limit(value, "", Period.DAY)
    return value.strip()


def _zone(value: str) -> str:
    if value:
        try:
            ZoneInfo(value)
        except (ValueError, OSError, ZoneInfoNotFoundError) as error:
            raise ValueError("must be a time zone as in Europe/Berlin") from error
    return value


def _fallback(value: str) -> tuple[str, str]:
    """Split `model@https://host/v1`; a model's name may have an @ in it."""
    at = max(value.rfind("@http://"), value.rfind("@https://"))
    if at < 1:
        raise ValueError("must be MODEL@ADDRESS, as in small-model@https://host/v1; several with commas")
    return value[:at], _address(value[at + 1 :])


def _fallbacks(value: object) -> object:
    return tuple(_fallback(part) for part in _list(value)) if isinstance(value, str) else value  # type: ignore[attr-defined]


Address = Annotated[str, AfterValidator(_address)]
#: Models and the addresses of their endpoints, in the order in which they are asked.
Fallbacks = Annotated[tuple[tuple[str, str], ...], NoDecode, BeforeValidator(_fallbacks)]
Tag = Annotated[str, AfterValidator(_tag)]
#: What may be spent in a time: an amount, a number of tokens, or both.
Allowance = Annotated[str, AfterValidator(_allowance)]


class Settings(BaseSettings):
    """All settings, checked and frozen."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_file=".env", env_ignore_empty=True)

    # -- Paperless
    paperless_url: Address = Field(description="Address of Paperless as the sidecar reaches it.")
    paperless_token: Annotated[SecretStr, AfterValidator(_token)] = Field(
        description="API token of the Paperless user the sidecar works as."
    )
    paperless_timeout_s: float = Field(60.0, gt=0, le=600, description="Longest time for one request to Paperless.")
    paperless_writes: int = Field(
        1, ge=1, le=16, description="Writes to Paperless at a time; more than 1 only with PostgreSQL behind it."
    )

    # -- Tags
    auto_ocr_tag: Tag = Field("auto-ocr", description="Tag that asks for the text to be read again.")
    auto_tag: Tag = Field("auto-tag", description="Tag that asks for the document to be filed.")
    ocr_done_tag: Tag = Field("auto-ocr-done", description="Tag put on when the text was read.")
    tag_done_tag: Tag = Field("auto-tagged", description="Tag put on when the document was filed.")
    auto_review_tag: Tag = Field(
        "auto-review", description="Tag that, beside one of these two, asks to be shown first what would be written."
    )
    auto_approve_tag: Tag = Field("auto-approve", description="Tag that has exactly what was shown written.")
    auto_reject_tag: Tag = Field("auto-reject", description="Tag that has what was shown dropped.")
    auto_undo_tag: Tag = Field("auto-undo", description="Tag that has all that the sidecar wrote taken back.")
    fail_tag: Tag = Field("auto-failed", description="Tag put on when a job was given up.")
    fail_note: bool = Field(True, description="Leave the reason of a failure as a note on the document.")

    # -- Review
    review: Annotated[ReviewOf, BeforeValidator(_lower)] = Field(
        ReviewOf.OFF,
        description="What is shown as a note, and waits for approval, before it is written: off, tagging, ocr or all.",
    )

    # -- Reading pages
    ocr_engine: Annotated[OcrEngine, BeforeValidator(_lower)] = Field(
        OcrEngine.TESSERACT,
        description="Who reads pages: tesseract; vision (a model that sees); or auto: Tesseract, and the model for "
        "pages that it reads badly.",
    )
    ocr_languages: Annotated[str, AfterValidator(_languages)] = Field(
        "eng",
        min_length=2,
        description="Tesseract's languages, joined by +, the most frequent first; or auto: found from the text of each "
        "page, of those that are installed.",
    )
    tesseract: Annotated[TesseractKind, BeforeValidator(_lower)] = Field(
        TesseractKind.AUTO, description="Tesseract as a library inside (fast), as the system's program, or auto."
    )
    ocr_data_dir: Path | None = Field(
        None, description="Folder with other language data for Tesseract (NAME.traineddata), for instance more exact."
    )
    ocr_auto_confidence: float = Field(
        85.0,
        ge=0,
        le=100,
        description="With OCR_ENGINE=auto: pages read less surely go to the model, in percent; docs/ocr.md says what "
        "more and less come to.",
    )
    searchable_pdf: Annotated[SearchablePdf, BeforeValidator(_lower)] = Field(
        SearchablePdf.OFF,
        description="A text layer over the scan: off; local, a file in DATA_DIR/searchable; or version, a new version "
        "of the document in Paperless.",
    )
    vision_model: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_list)] = Field(
        (), description="Model that reads page images; several with commas: the next one where one's answer is no good."
    )
    vision_base_url: Address | None = Field(None, description="Its endpoint, if it is not OPENAI_BASE_URL.")
    vision_api_key: SecretStr | None = Field(None, description="Its key, if it is not OPENAI_API_KEY.")
    vision_fallbacks: Fallbacks = Field(
        (), description="Models that read pages while those are away, or no good: MODEL@ADDRESS, several with commas."
    )
    vision_fallback_api_keys: SecretStr | None = Field(
        None, description="Their keys in the same order, with commas; none for one that needs none."
    )
    vision_rpm: int | None = Field(
        None, ge=1, description="Requests a minute to each endpoint that reads pages; empty for as many as there are."
    )
    vision_tpm: int | None = Field(None, ge=1, description="The same in tokens a minute.")
    vision_timeout_s: float = Field(300.0, gt=0, le=3600, description="Longest time for one page.")
    vision_max_tokens: int = Field(6000, ge=200, description="Longest text of one page, in tokens.")
    vision_concurrency: int = Field(2, ge=1, le=64, description="Pages with the vision model at a time.")
    vision_pixels: int = Field(2000, ge=500, le=8000, description="Longer side of the picture of a page, in pixels.")
    ocr_dpi: int = Field(300, ge=70, le=600, description="Resolution at which PDF pages are drawn.")
    ocr_concurrency: int = Field(2, ge=1, le=32, description="Documents being read at a time.")
    ocr_cores: int = Field(0, ge=0, le=256, description="Pages being read at a time; 0 for one per processor core.")
    ocr_max_pages: int = Field(2000, ge=1, description="Documents with more pages are given up.")
    ocr_max_megapixels: int = Field(60, ge=1, le=2000, description="Images with more million pixels are given up.")
    ocr_page_timeout_s: float = Field(300.0, gt=0, description="Longest time for one page.")
    max_file_mb: int = Field(500, ge=1, description="Larger files are not fetched.")

    # -- Filing
    openai_api_key: SecretStr | None = Field(None, description="Key of the model's endpoint; local servers need none.")
    openai_base_url: Address | None = Field(
        None, description="Address of an OpenAI-compatible endpoint (Ollama: http://host:11434/v1); empty for OpenAI."
    )
    llm_model: str = Field(
        "",
        description="Name of the model that files documents, several with commas: the next one where one gives no "
        "usable answer; empty: nothing is filed.",
    )
    llm_fallbacks: Fallbacks = Field(
        (), description="Models elsewhere for when those are away, or no good: MODEL@ADDRESS, several with commas."
    )
    llm_fallback_api_keys: SecretStr | None = Field(
        None, description="Their keys in the same order, with commas; nothing between the commas for one without."
    )
    llm_rpm: int | None = Field(
        None, ge=1, description="Requests a minute to each endpoint that files; empty for as many as there are."
    )
    llm_tpm: int | None = Field(None, ge=1, description="The same in tokens a minute.")
    llm_thinking: Annotated[Thinking, BeforeValidator(_lower)] = Field(
        Thinking.AUTO,
        description="Whether models think before they answer: off, on, or auto: as the server does, and off once one "
        "thought for so long that its answer was cut off.",
    )
    llm_timeout_s: float = Field(300.0, gt=0, le=3600, description="Longest time for one answer of the model.")
    llm_max_tokens: int = Field(1000, ge=50, description="Longest answer of the model, in tokens.")
    llm_language: str = Field("", description="Language of titles; empty for the document's own.")
    document_tokens: int = Field(
        6000, ge=200, description="How much of a long text the model sees, in tokens: its beginning and its end."
    )
    tagging_concurrency: int = Field(4, ge=1, le=64, description="Documents being filed at a time.")
    title_policy: Policy = Field(Policy.REPLACE, description="What may happen to titles: off, fill-empty or replace.")
    correspondent_policy: Policy = Field(Policy.FILL_EMPTY, description="The same for correspondents.")
    document_type_policy: Policy = Field(Policy.FILL_EMPTY, description="The same for document types.")
    storage_path_policy: Policy = Field(Policy.OFF, description="The same for storage paths; files move with them.")
    created_policy: Policy = Field(Policy.REPLACE, description="The same for the date; it is never empty in Paperless.")
    custom_fields: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_list)] = Field(
        (), description="Names of custom fields that the model may fill, with commas; or all."
    )
    custom_fields_by_type: Annotated[str, AfterValidator(_by_type)] = Field(
        "",
        description="The same by document type, for types that have fields of their own: "
        "Invoice: Amount, Due date; Contract: End date.",
    )
    custom_fields_policy: Policy = Field(
        Policy.FILL_EMPTY, description="What may happen to custom fields: off, fill-empty or replace."
    )
    add_tags: bool = Field(True, description="Add suggested tags; tags are never taken off.")
    title_template: Annotated[str, AfterValidator(check_template)] = Field(
        "",
        description="How titles are put together, of {title} {date} {year} {month} {correspondent} {document_type}; "
        "empty for the model's title as it is.",
    )
    summary_note: bool = Field(False, description="Leave a summary of the document as a note on it.")
    create_names: Annotated[frozenset[Names], NoDecode, BeforeValidator(_names), AfterValidator(_names_to_make)] = (
        Field(frozenset(), description="Names that may be made anew, of: tags, correspondents, document_types.")
    )
    refused_names: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_list)] = Field(
        (), description="Names that are never made or chosen, with commas; * stands for any letters."
    )
    names_owner: Owner = Field(
        Owner.NONE,
        description="Whose new names are: none (everybody sees them), me (the sidecar's user's), or document (whose "
        "the document is, and seen by the same people).",
    )
    names_limit: int = Field(200, ge=10, le=2000, description="Names of one kind that the model may choose from.")
    names_tokens: int = Field(
        3000, ge=200, le=100_000, description="How long all lists of names may be together, in tokens."
    )
    similar_documents: int = Field(
        5, ge=0, le=20, description="Documents like it, filed by a person, that the model sees as examples; 0 for none."
    )
    prompts_dir: Path | None = Field(None, description="Folder with your own prompts; a file there wins.")

    # -- Money and privacy
    prices: Annotated[str, AfterValidator(_prices)] = Field(
        "",
        description="What models cost for a million tokens, going in and coming out: gpt-x: 0.15/0.60, vision-*: 2/8, "
        "llama@gpu-box: 0/0.",
    )
    currency: str = Field("USD", min_length=1, max_length=8, description="The currency of the prices; only a word.")
    tagging_budget_day: Allowance = Field(
        "",
        description="What filing may cost in a day: 0.50, or 2000000 tokens, or both with a comma; then it waits for "
        "the next day.",
    )
    tagging_budget_month: Allowance = Field("", description="The same for a month.")
    ocr_budget_day: Allowance = Field("", description="What a vision model's reading may cost in a day.")
    ocr_budget_month: Allowance = Field("", description="The same for a month.")
    budget_timezone: Annotated[str, AfterValidator(_zone)] = Field(
        "", description="Where days and months begin, as in Europe/Berlin; empty for that of TZ, else UTC."
    )
    private_tags: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_list)] = Field(
        (), description="Documents with one of these tags (or one below it) go to models in your own network only."
    )
    local_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_list)] = Field(
        (), description="More hosts that count as your own network; *.example.org for all below."
    )

    # -- Dashboard
    web_host: str = Field(
        "127.0.0.1", description="Address the dashboard listens at; 0.0.0.0 (in the container) for all that there are."
    )
    web_port: int = Field(8400, ge=0, le=65535, description="Port of the dashboard and the API; 0 for neither.")
    web_prefix: Annotated[str, AfterValidator(_prefix)] = Field(
        "", description="Path under which a reverse proxy shows the dashboard, such as /sidecar."
    )
    web_trusted_proxies: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_list)] = Field(
        (), description="Addresses or networks of reverse proxies, with commas: whose X-Forwarded-For is believed."
    )
    web_secure_cookies: Annotated[SecureCookies, BeforeValidator(_lower)] = Field(
        SecureCookies.AUTO, description="Logins over https alone: always, never, or auto: if the login came that way."
    )
    metrics_open: bool = Field(False, description="Let everybody who reaches the port read /metrics without a token.")

    # -- Being told
    notify_urls: SecretStr | None = Field(
        None,
        description="Services that tell you when you are needed, as Apprise writes them; several with commas.",
    )
    notify_on: Annotated[tuple[Cause, ...], NoDecode, BeforeValidator(_list), BeforeValidator(_lower)] = Field(
        tuple(Cause), description="What you are told of: failed, budget, parked, review."
    )
    notify_every_min: float = Field(
        60.0, ge=0, le=10080, description="Minutes between two messages of one cause; what came between is summed up."
    )

    webhook_secret: Annotated[SecretStr | None, AfterValidator(_shared_secret)] = Field(
        None,
        description="Secret that Paperless sends along when it rings (sidecar setup --webhook); empty: it cannot ring.",
    )
    webhook_url: Address = Field(
        "http://sidecar:8400", description="Address of the dashboard as Paperless reaches it, without WEB_PREFIX."
    )

    # -- Running
    data_dir: Path = Field(Path("data"), description="Folder of the store; in the container /data.")
    database_url: Annotated[SecretStr | None, AfterValidator(_database)] = Field(
        None,
        description="PostgreSQL instead of the file in DATA_DIR, for several machines: "
        "postgresql+psycopg://user:password@host/database.",
    )
    database_schema: Annotated[str, AfterValidator(_schema)] = Field(
        "sidecar", description="Schema of the sidecar's own in that database; made at the start if it may be."
    )
    lease_s: float = Field(
        180.0, ge=3, le=86400, description="How long the job of a machine that died waits for another one."
    )
    poll_interval_s: float = Field(10.0, ge=0.1, le=86400, description="Time between two looks for tagged documents.")
    max_attempts: int = Field(5, ge=1, le=100, description="Attempts at a job before it is given up.")
    max_crashes: int = Field(5, ge=1, le=1000, description="Deaths of the sidecar over one job before it is given up.")
    retry_base_s: float = Field(30.0, gt=0, description="First wait before another attempt; doubles each time.")
    retry_cap_s: float = Field(3600.0, gt=0, description="Longest wait before another attempt.")
    keep_days: int = Field(365, ge=1, description="Days for which finished jobs, their texts and their undo are kept.")
    stop_grace_s: float = Field(20.0, ge=0, description="Time for running pages and writes when the sidecar stops.")
    log_level: Annotated[LogLevel, BeforeValidator(_lower)] = Field(
        LogLevel.INFO, description="How much is logged: debug, info, warning, error or off."
    )
    log_format: LogFormat = Field(LogFormat.CONSOLE, description="console for people, json for machines.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources; the first that knows a setting wins."""
        _NOTED.set({})
        return (
            _Noting(settings_cls, init_settings, Origin.GIVEN),
            _Noting(settings_cls, env_settings, Origin.ENVIRONMENT),
            _Noting(settings_cls, _Aliases(settings_cls), Origin.ALIAS),
            _Noting(settings_cls, dotenv_settings, Origin.ENV_FILE),
            _Noting(settings_cls, _Files(settings_cls), Origin.FILE),
        )

    _sources: Mapping[str, Source] = PrivateAttr(default_factory=dict)

    def model_post_init(self, _context: Any, /) -> None:
        """Keep where the values were read."""
        self._sources = _NOTED.get() or {}

    def sources(self) -> dict[str, Source]:
        """Return where each setting was read when these were made."""
        return {name: self._sources.get(name, Source(Origin.DEFAULT)) for name in type(self).model_fields}


class _Noting(PydanticBaseSettingsSource):
    """A source that notes which settings it is the first to know."""

    def __init__(self, settings_cls: type[BaseSettings], source: PydanticBaseSettingsSource, origin: Origin) -> None:
        super().__init__(settings_cls)
        self._source = source
        self._origin = origin

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return self._source.get_field_value(field, field_name)

    def __call__(self) -> dict[str, Any]:
        found = self._source()
        noted = _NOTED.get()
        for name in found.keys() & self.settings_cls.model_fields.keys():
            if noted is not None and name not in noted:
                noted[name] = self._of(name)
        return found

    def _of(self, name: str) -> Source:
        match self._origin:
            case Origin.ENVIRONMENT:
                return Source(Origin.ENVIRONMENT, name.upper())
            case Origin.ALIAS:
                return Source(Origin.ALIAS, THEIRS[name])
            case Origin.ENV_FILE:
                return Source(Origin.ENV_FILE, str(self.settings_cls.model_config.get("env_file")))
            case Origin.FILE if (file := _file_of(name)) is not None:
                is_named = bool(os.environ.get(f"{name.upper()}_FILE"))
                return Source(Origin.FILE if is_named else Origin.SECRET, str(file))
            case other:
                return Source(other)


class _Files(PydanticBaseSettingsSource):
    """Values in files: the one that NAME_FILE names, else /run/secrets/NAME (either case)."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        files = {name: _file_of(name) for name in self.settings_cls.model_fields}
        return {name: _read(file, name) for name, file in files.items() if file is not None}


def _file_of(name: str) -> Path | None:
    """Return the file that holds a setting: the named one, whether it is there or not, else a secret that is there."""
    if named := os.environ.get(f"{name.upper()}_FILE"):
        return Path(named)
    return next((file for file in (SECRETS / name, SECRETS / name.upper()) if file.is_file()), None)


def _read(file: Path, name: str) -> str:
    try:
        return file.read_text(encoding="utf-8-sig").strip()
    except OSError as error:
        raise SettingsError([f"{name.upper()}_FILE: {file} cannot be read: {error.strerror}."]) from error


class _Aliases(PydanticBaseSettingsSource):
    """Names of paperless-gpt for the same things."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        return from_paperless_gpt(os.environ)


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


def secret(value: SecretStr | None) -> str | None:
    """Return what a setting keeps out of sight."""
    return value.get_secret_value() if value else None


def load(**given: Any) -> Settings:
    """Read and check all settings. Raises SettingsError with a sentence for every one that is missing or wrong."""
    try:
        return Settings(**given)
    except ValidationError as error:
        raise SettingsError([_in_words(problem) for problem in error.errors()]) from error


def _in_words(problem: Mapping[str, Any]) -> str:
    name = str(problem["loc"][0]) if problem["loc"] else "settings"
    field = Settings.model_fields.get(name)
    about = f" ({field.description})" if field and field.description else ""
    if problem["type"] == "missing":
        return f"{name.upper()} is missing.{about}"
    said = str(problem["msg"]).removeprefix("Value error, ")
    given = "" if "@" in str(problem.get("input")) or "Secret" in str(field) else f" {problem.get('input')!r}:"
    return f"{name.upper()} is wrong:{given} {said}.{about}"
