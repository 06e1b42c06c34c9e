"""The table of the settings: every name, its default, and one sentence for the owner.

.env.example and the page of the dashboard have them in this order.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import Field, PrivateAttr, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from sidecar.domain.filing import Owner, Policy
from sidecar.domain.thinking import Thinking
from sidecar.observe.news import Cause
from sidecar.settings.sources import Origin, Source, in_order, noted
from sidecar.settings.values import (
    LOWER,
    Address,
    Allowance,
    Causes,
    Database,
    Fallbacks,
    FieldsByType,
    Languages,
    LogFormat,
    LogLevel,
    NamesToMake,
    OcrEngine,
    Prefix,
    Prices,
    ReviewOf,
    Schema,
    SearchablePdf,
    SecureCookies,
    Several,
    SharedSecret,
    Tag,
    TesseractKind,
    TitleTemplate,
    Token,
    Zone,
)

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
    "webhook_secret": "Doorbell",
    "data_dir": "Running",
}


class Settings(BaseSettings):
    """All settings, checked and frozen."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_file=".env", env_ignore_empty=True)

    # -- Paperless
    paperless_url: Address = Field(description="Address of Paperless as the sidecar reaches it.")
    paperless_token: Token = Field(description="API token of the Paperless user the sidecar works as.")
    paperless_public_url: Address | None = Field(
        None, description="Address of Paperless as browsers reach it, for links to documents; empty: PAPERLESS_URL."
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
    review: Annotated[ReviewOf, LOWER] = Field(
        ReviewOf.OFF,
        description="What is shown as a note, and waits for approval, before it is written: off, tagging, ocr or all.",
    )

    # -- Reading pages
    ocr_engine: Annotated[OcrEngine, LOWER] = Field(
        OcrEngine.TESSERACT,
        description="Who reads pages: tesseract; vision (a model that sees); or auto: Tesseract, and the model for "
        "pages that it reads badly.",
    )
    ocr_languages: Languages = Field(
        "eng",
        min_length=2,
        description="Tesseract's languages, joined by +, the most frequent first; or auto: found from the text of each "
        "page, of those that are installed.",
    )
    tesseract: Annotated[TesseractKind, LOWER] = Field(
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
    searchable_pdf: Annotated[SearchablePdf, LOWER] = Field(
        SearchablePdf.OFF,
        description="A text layer over the scan: off; local, a file in DATA_DIR/searchable; or version, a new version "
        "of the document in Paperless.",
    )
    vision_model: Several = Field(
        (), description="Model that reads page images; several with commas: the next one where one's answer is no good."
    )
    vision_base_url: Address | None = Field(None, description="Its endpoint, if it is not OPENAI_BASE_URL.")
    vision_api_key: SecretStr | None = Field(None, description="Its key, if it is not OPENAI_API_KEY.")
    vision_fallbacks: Fallbacks = Field(
        (),
        description="Models that read pages while those are away, or no good: MODEL@ADDRESS, several with commas; "
        "behind an address its own rates, as in rpm=20 tpm=none.",
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
        (),
        description="Models elsewhere for when those are away, or no good: MODEL@ADDRESS, several with commas; behind "
        "an address its own rates, as in rpm=20 tpm=none.",
    )
    llm_fallback_api_keys: SecretStr | None = Field(
        None, description="Their keys in the same order, with commas; nothing between the commas for one without."
    )
    llm_rpm: int | None = Field(
        None, ge=1, description="Requests a minute to each endpoint that files; empty for as many as there are."
    )
    llm_tpm: int | None = Field(None, ge=1, description="The same in tokens a minute.")
    llm_thinking: Annotated[Thinking, LOWER] = Field(
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
    custom_fields: Several = Field(
        (), description="Names of custom fields that the model may fill, with commas; or all."
    )
    custom_fields_by_type: FieldsByType = Field(
        "",
        description="The same by document type, for types that have fields of their own: "
        "Invoice: Amount, Due date; Contract: End date.",
    )
    custom_fields_policy: Policy = Field(
        Policy.FILL_EMPTY, description="What may happen to custom fields: off, fill-empty or replace."
    )
    add_tags: bool = Field(True, description="Add suggested tags; tags are never taken off.")
    title_template: TitleTemplate = Field(
        "",
        description="How titles are put together, of {title} {date} {year} {month} {correspondent} {document_type}; "
        "empty for the model's title as it is.",
    )
    summary_note: bool = Field(False, description="Leave a summary of the document as a note on it.")
    create_names: NamesToMake = Field(
        frozenset(), description="Names that may be made anew, of: tags, correspondents, document_types."
    )
    refused_names: Several = Field(
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
    prices: Prices = Field(
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
    budget_timezone: Zone = Field(
        "", description="Where days and months begin, as in Europe/Berlin; empty for that of TZ, else UTC."
    )
    private_tags: Several = Field(
        (), description="Documents with one of these tags (or one below it) go to models in your own network only."
    )
    local_hosts: Several = Field(
        (), description="More hosts that count as your own network; *.example.org for all below."
    )

    # -- Dashboard
    web_host: str = Field(
        "127.0.0.1", description="Address the dashboard listens at; 0.0.0.0 (in the container) for all that there are."
    )
    web_port: int = Field(8400, ge=0, le=65535, description="Port of the dashboard and the API; 0 for neither.")
    web_prefix: Prefix = Field(
        "", description="Path under which a reverse proxy shows the dashboard, such as /sidecar."
    )
    web_trusted_proxies: Several = Field(
        (), description="Addresses or networks of reverse proxies, with commas: whose X-Forwarded-For is believed."
    )
    web_secure_cookies: Annotated[SecureCookies, LOWER] = Field(
        SecureCookies.AUTO, description="Logins over https alone: always, never, or auto: if the login came that way."
    )
    metrics_open: bool = Field(False, description="Let everybody who reaches the port read /metrics without a token.")

    # -- Being told
    notify_urls: SecretStr | None = Field(
        None,
        description="Services that tell you when you are needed, as Apprise writes them; several with commas.",
    )
    notify_on: Causes = Field(tuple(Cause), description="What you are told of: failed, budget, parked, review.")
    notify_every_min: float = Field(
        60.0, ge=0, le=10080, description="Minutes between two messages of one cause; what came between is summed up."
    )

    # -- Doorbell
    webhook_secret: SharedSecret = Field(
        None,
        description="Secret that Paperless sends along when it rings (sidecar setup --webhook); empty: it cannot ring.",
    )
    webhook_url: Address = Field(
        "http://sidecar:8400", description="Address of the dashboard as Paperless reaches it, without WEB_PREFIX."
    )

    # -- Running
    data_dir: Path = Field(Path("data"), description="Folder of the store; in the container /data.")
    database_url: Database = Field(
        None,
        description="PostgreSQL instead of the file in DATA_DIR, for several machines: "
        "postgresql+psycopg://user:password@host/database.",
    )
    database_schema: Schema = Field(
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
    log_level: Annotated[LogLevel, LOWER] = Field(
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
        return in_order(settings_cls, init_settings, env_settings, dotenv_settings)

    _sources: Mapping[str, Source] = PrivateAttr(default_factory=dict)

    def model_post_init(self, _context: Any, /) -> None:
        """Keep where the values were read."""
        self._sources = noted()

    def sources(self) -> dict[str, Source]:
        """Return where each setting was read when these were made."""
        return {name: self._sources.get(name, Source(Origin.DEFAULT)) for name in type(self).model_fields}


#: The settings that are secrets, by their fields: of these no value is ever shown.
SECRETS = frozenset(
    name
    for name, field in Settings.model_fields.items()
    if SecretStr in (field.annotation, *get_args(field.annotation))
)
