"""What a value of a setting may look like: the choices, the checks, and what each kind of value is turned into.

A check raises ValueError with the end of a sentence that begins "NAME is wrong:".
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import NoDecode

from sidecar.domain import prices
from sidecar.domain.budget import Period, parse_limit
from sidecar.domain.filing import check_template, fields_by_type
from sidecar.domain.vocabulary import Names
from sidecar.observe.news import Cause


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


class Fallback(NamedTuple):
    """A model at an endpoint of its own; requests and tokens a minute: None as for the others, 0 for no limit."""

    model: str
    address: str
    rpm: int | None = None
    tpm: int | None = None


def _fallback(value: str) -> Fallback:
    """Split `model@https://host/v1 rpm=20 tpm=none`; a model's name may have an @ in it."""
    at = max(value.rfind("@http://"), value.rfind("@https://"))
    address, *rates = value[at + 1 :].split()
    found = {name: number for name, _, number in (rate.lower().partition("=") for rate in rates)}
    is_right = len(found) == len(rates) and found.keys() <= {"rpm", "tpm"}
    if at < 1 or not is_right or not all(re.fullmatch("none|[1-9][0-9]*", number) for number in found.values()):
        raise ValueError(
            "must be MODEL@ADDRESS, as in small-model@https://host/v1; several with commas, and behind the address its "
            "own requests and tokens a minute, if they differ: rpm=20 tpm=50000, or none"
        )
    limits = {name: 0 if number == "none" else int(number) for name, number in found.items()}
    return Fallback(value[:at], _address(address), **limits)


def _fallbacks(value: object) -> object:
    return tuple(_fallback(part) for part in _list(value)) if isinstance(value, str) else value  # type: ignore[attr-defined]


#: Words that may be written in capitals, too.
LOWER = BeforeValidator(_lower)
Address = Annotated[str, AfterValidator(_address)]
Token = Annotated[SecretStr, AfterValidator(_token)]
Tag = Annotated[str, AfterValidator(_tag)]
Languages = Annotated[str, AfterValidator(_languages)]
#: Several words with commas.
Several = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_list)]
#: Models and the addresses of their endpoints, in the order in which they are asked.
Fallbacks = Annotated[tuple[Fallback, ...], NoDecode, BeforeValidator(_fallbacks)]
FieldsByType = Annotated[str, AfterValidator(_by_type)]
TitleTemplate = Annotated[str, AfterValidator(check_template)]
NamesToMake = Annotated[frozenset[Names], NoDecode, BeforeValidator(_names), AfterValidator(_names_to_make)]
Prices = Annotated[str, AfterValidator(_prices)]
#: What may be spent in a time: an amount, a number of tokens, or both.
Allowance = Annotated[str, AfterValidator(_allowance)]
Zone = Annotated[str, AfterValidator(_zone)]
Prefix = Annotated[str, AfterValidator(_prefix)]
Causes = Annotated[tuple[Cause, ...], NoDecode, BeforeValidator(_list), LOWER]
#: None for nothing at all, or for one that is empty.
SharedSecret = Annotated[SecretStr | None, AfterValidator(_shared_secret)]
Database = Annotated[SecretStr | None, AfterValidator(_database)]
Schema = Annotated[str, AfterValidator(_schema)]


def secret(value: SecretStr | None) -> str | None:
    """Return what a setting keeps out of sight."""
    return value.get_secret_value() if value else None
