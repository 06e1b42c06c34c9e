"""Everything that talks to the world, made from the settings, which only this file and the command line see."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, tzinfo
from functools import partial
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sidecar.domain import prices
from sidecar.domain.budget import Budget, Period, parse_limit
from sidecar.domain.errors import SettingsError
from sidecar.domain.filing import FilingRules, Policy, fields_by_type
from sidecar.domain.job import Kind
from sidecar.domain.privacy import Privacy, host_or_openai
from sidecar.domain.trigger import TagNames, Tags
from sidecar.domain.vocabulary import Names
from sidecar.engines.llm import PROVIDER as MODEL
from sidecar.engines.llm import Model
from sidecar.engines.polyglot import engine_for
from sidecar.engines.prompts import Prompts
from sidecar.engines.raster import Limits
from sidecar.engines.readers import Readers
from sidecar.engines.tagger import Tagger
from sidecar.engines.vision import PROVIDER as VISION
from sidecar.engines.vision import Vision
from sidecar.paperless.client import Paperless
from sidecar.paperless.doorbell import Bell
from sidecar.paperless.http import Http
from sidecar.paperless.names import USUAL, NameList
from sidecar.settings import Settings
from sidecar.settings.table import GROUPS, SECRETS
from sidecar.settings.values import Fallback, OcrEngine, secret
from sidecar.store.database import Database
from sidecar.store.sqlite import SqliteDatabase

#: The groups of the settings: the first of each, and what it is called.
SETTING_GROUPS = GROUPS
#: The settings that are secrets, by their fields.
SECRET_SETTINGS = SECRETS


class Parts:
    """Everything that talks to the world, made from the settings; nothing is opened before it is used."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.paperless = Paperless(
            Http(
                settings.paperless_url,
                settings.paperless_token.get_secret_value(),
                timeout_s=settings.paperless_timeout_s,
            )
        )
        rules = filing_rules(settings)
        self.names = NameList(
            self.paperless.http,
            kinds=USUAL if rules.storage_path is Policy.OFF else frozenset(Names),
            custom_fields=rules.asks_custom_fields,
        )
        self.tag_names = tag_names(settings)
        #: Who files documents, in the order in which they are asked.
        self.models = text_models(settings)
        self.model = self.models[0]
        self.prompts = Prompts(settings.prompts_dir)
        self.tagger = Tagger(self.model, self.prompts, rules, document_tokens=settings.document_tokens)
        data, kind = settings.ocr_data_dir, settings.tesseract
        bounds = limits(settings)
        self.engine = engine_for(kind, settings.ocr_languages, data=data, timeout_s=bounds.page_timeout_s)
        self.readers = Readers(kind, self.engine, bounds, data=data)
        self.vision = vision(settings, self.prompts)
        self.prices = prices.parse(settings.prices)
        seeing = self.vision.models if self.vision else ()
        self.budgets = budgets(settings, {Kind.TAGGING: self.models, Kind.OCR: seeing})
        self.privacy = Privacy(settings.private_tags, settings.local_hosts)
        self.db = database(settings)

    @property
    def is_all_at_home(self) -> bool:
        """Say whether no model that files documents is outside the owner's network."""
        return all(self.privacy.is_at_home(model.name, model.url) for model in self.models)

    async def tags(self) -> Tags:
        """Return the ids of our tags; those that are missing in Paperless are made."""
        await self.names.is_among(self.privacy.tags, ())  # says so if one of them does not exist
        return Tags(**{word: await self.names.own_tag(name) for word, name in asdict(self.tag_names).items()})

    def bell(self, tags: Tags) -> Bell | None:
        """Return what Paperless is to ring; None without WEBHOOK_SECRET. `tags` are the ids of ours."""
        s = self.settings
        if s.webhook_secret is None:
            return None
        url = f"{s.webhook_url}{s.web_prefix}/api/webhook"
        return Bell(url, s.webhook_secret.get_secret_value(), tags.triggers | tags.decisions, self.bell_label)

    @property
    def bell_label(self) -> str:
        """What tells our workflows in Paperless from those of another sidecar."""
        return f"{self.settings.auto_ocr_tag}, {self.settings.auto_tag}"

    async def close(self) -> None:
        """Close connections and the store."""
        await self.paperless.http.close()
        for model in self.models:
            await model.close()
        if self.vision is not None:
            await self.vision.close()
        self.readers.close()
        await asyncio.to_thread(self.db.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def text_models(settings: Settings) -> list[Model]:
    """Return the models that file documents: those at OPENAI_BASE_URL, then the fall-backs. One without a name if
    none is set up, which says so when it is asked."""
    s = settings
    made = partial(Model, timeout_s=s.llm_timeout_s, max_tokens=s.llm_max_tokens, thinking=s.llm_thinking)
    names = [name.strip() for name in s.llm_model.split(",") if name.strip()]
    if not names and not s.llm_fallbacks:
        names = [""]
    here = partial(made, base_url=s.openai_base_url, api_key=secret(s.openai_api_key))
    models = [here(name, provider=numbered(MODEL, number)) for number, name in enumerate(names, 1)]
    return models + fallbacks(
        made, MODEL, "LLM", s.llm_fallbacks, secret(s.llm_fallback_api_keys), first=len(models) + 1
    )


def fallbacks(
    made: Callable[..., Model],
    provider: str,
    prefix: str,
    wanted: Sequence[Fallback],
    keys: str | None,
    *,
    first: int,
) -> list[Model]:
    """Return the models of a setting of fall-backs, each with a key of its own or none: no key goes to another host.

    Their providers are numbered from `first`. Raises SettingsError for keys that belong to none.
    """
    given = [key.strip() for key in re.split(r"[,\n]", keys or "")]
    if len(given) > len(wanted) and any(given):
        raise SettingsError([f"{prefix}_FALLBACK_API_KEYS has {len(given)} keys for {len(wanted)} fall-backs."])
    given += [""] * len(wanted)
    names = (f"{prefix}_FALLBACKS", f"{prefix}_FALLBACKS", f"{prefix}_FALLBACK_API_KEYS")
    return [
        made(name, base_url=address, api_key=key or None, provider=numbered(provider, number), settings=names)
        for number, ((name, address, *_), key) in enumerate(zip(wanted, given, strict=False), first)
    ]


def numbered(provider: str, number: int) -> str:
    """Return the name by which a model is parked, by its place among several, from 1: "model", "model 2", .."""
    return provider if number == 1 else f"{provider} {number}"


def vision(settings: Settings, prompts: Prompts) -> Vision | None:
    """Return the models that read pages, None where Tesseract reads alone. Raises SettingsError if none is named."""
    s = settings
    if s.ocr_engine is OcrEngine.TESSERACT:
        return None
    if not s.vision_model:
        raise SettingsError([f"VISION_MODEL is missing: OCR_ENGINE={s.ocr_engine} takes a model that reads pages."])
    below = s.ocr_auto_confidence if s.ocr_engine is OcrEngine.AUTO else None
    return Vision(vision_models(s), prompts, pixels=s.vision_pixels, below=below)


def vision_models(settings: Settings) -> list[Model]:
    """Return the models that read pages: those at VISION_BASE_URL or OPENAI_BASE_URL, then the fall-backs."""
    s = settings
    key = s.vision_api_key or s.openai_api_key
    made = partial(Model, timeout_s=s.vision_timeout_s, max_tokens=s.vision_max_tokens, thinking=s.llm_thinking)
    names = ("VISION_MODEL", "VISION_BASE_URL", "VISION_API_KEY")
    here = partial(made, base_url=s.vision_base_url or s.openai_base_url, api_key=secret(key), settings=names)
    models = [here(name, provider=VISION) for name in s.vision_model]
    return models + fallbacks(made, VISION, "VISION", s.vision_fallbacks, secret(s.vision_fallback_api_keys), first=2)


def budgets(settings: Settings, used: Mapping[Kind, Sequence[Model]]) -> dict[Kind, Budget]:
    """Return what may be spent. Raises SettingsError for a budget in money while the price of a model is not known."""
    s, table = settings, prices.parse(settings.prices)
    zone = time_zone(s)
    found: dict[Kind, Budget] = {}
    problems: list[str] = []
    for kind, models in used.items():
        limits = []
        for period in Period:
            setting = f"{kind.value}_budget_{period.value}"
            if text := getattr(s, setting):
                limits.append(parse_limit(text, setting.upper(), period))
        found[kind] = Budget(kind, tuple(limits), zone, s.currency)
        if found[kind].is_in_money:
            named = next(limit.setting for limit in limits if limit.money is not None)
            problems += [
                f"{named} is an amount of money, but what {model} at {host} costs is not known: add it to PRICES, "
                f"{model}: 0.15/0.60 for instance, or {model}@{host}: 0/0 if it costs nothing."
                for model, host in ((model.name, host_or_openai(model.identity[1])) for model in models)
                if model and table.find(model, host) is None
            ]
    if problems:
        raise SettingsError(problems)
    return found


def time_zone(settings: Settings) -> tzinfo:
    """Return where days begin: as set, or as TZ says, else UTC."""
    for name in (settings.budget_timezone, os.environ.get("TZ", "")):
        if name:
            try:
                return ZoneInfo(name.removeprefix(":"))
            except (ValueError, OSError, ZoneInfoNotFoundError):
                continue
    return UTC


def database(settings: Settings) -> Database:
    """Return the store the settings name. Raises SettingsError where PostgreSQL's driver is not installed."""
    if settings.database_url is None:
        return sqlite_file(settings)
    try:
        from sidecar.store.postgres import PostgresDatabase  # noqa: PLC0415 - an extra, not everybody has it
    except ImportError as error:
        raise SettingsError(
            ["DATABASE_URL: the driver is not installed; pip install 'paperless-sidecar[postgres]'."]
        ) from error
    return PostgresDatabase(settings.database_url.get_secret_value(), schema=settings.database_schema)


def sqlite_file(settings: Settings) -> SqliteDatabase:
    """Return the file in DATA_DIR."""
    return SqliteDatabase(settings.data_dir / "sidecar.db")


def filing_rules(settings: Settings) -> FilingRules:
    """Return the owner's wishes for the fields."""
    return FilingRules(
        title=settings.title_policy,
        correspondent=settings.correspondent_policy,
        document_type=settings.document_type_policy,
        storage_path=settings.storage_path_policy,
        created=settings.created_policy,
        custom_fields=settings.custom_fields_policy,
        tags=settings.add_tags,
        summary=settings.summary_note,
        create=settings.create_names,
        refused=settings.refused_names,
        fields=settings.custom_fields,
        fields_by_type=fields_by_type(settings.custom_fields_by_type),
        title_template=settings.title_template,
        language=settings.llm_language,
        names_limit=settings.names_limit,
        names_tokens=settings.names_tokens,
        examples=settings.similar_documents,
    )


def tag_names(settings: Settings) -> TagNames:
    """Return what our tags are called."""
    s = settings
    return TagNames(
        ocr=s.auto_ocr_tag,
        tagging=s.auto_tag,
        ocr_done=s.ocr_done_tag,
        tagging_done=s.tag_done_tag,
        failed=s.fail_tag,
        review=s.auto_review_tag,
        approve=s.auto_approve_tag,
        reject=s.auto_reject_tag,
        undo=s.auto_undo_tag,
    )


def limits(settings: Settings) -> Limits:
    """Return what reading one document may cost."""
    return Limits(
        dpi=settings.ocr_dpi,
        max_pages=settings.ocr_max_pages,
        file_pixels=settings.ocr_max_megapixels * 1_000_000,
        page_timeout_s=settings.ocr_page_timeout_s,
    )


def cores(settings: Settings) -> int:
    """Return how many pages are read at a time: as set, or one per core this process may use."""
    return settings.ocr_cores or len(os.sched_getaffinity(0))
