"""Settings: where they come from, what is said when they are wrong, and that .env.example tells the truth."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from sidecar.domain.errors import SettingsError
from sidecar.domain.suggestion import Policy
from sidecar.domain.vocabulary import Names
from sidecar.settings import Settings, load, sources
from sidecar.settings.paperless_gpt import ALIASES, SWITCHES, THEIRS, from_paperless_gpt
from sidecar.settings.table import GROUPS

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sources, "SECRETS", tmp_path / "secrets")


@pytest.fixture
def paperless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPERLESS_URL", "http://paperless:8000")
    monkeypatch.setenv("PAPERLESS_TOKEN", "abc")


def test_all_problems_are_reported_at_once_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPERLESS_URL", "paperless:8000")
    monkeypatch.setenv("OCR_DPI", "many")
    monkeypatch.setenv("TITLE_POLICY", "sometimes")
    with pytest.raises(SettingsError) as caught:
        load()
    said = "\n".join(caught.value.problems)
    assert len(caught.value.problems) == 4
    for words in ("PAPERLESS_URL is wrong", "http://", "PAPERLESS_TOKEN is missing", "OCR_DPI", "TITLE_POLICY"):
        assert words in said


def test_a_wrong_secret_is_never_shown(monkeypatch: pytest.MonkeyPatch, paperless: None) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "nonsense")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    with pytest.raises(SettingsError) as caught:
        load()
    assert "sk-very-secret" not in str(caught.value)
    monkeypatch.delenv("OPENAI_BASE_URL")
    assert "sk-very-secret" not in repr(load())


def test_a_value_can_stand_in_a_file_that_name_file_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-a-file\n")
    monkeypatch.setenv("PAPERLESS_URL", "http://paperless")
    monkeypatch.setenv("PAPERLESS_TOKEN_FILE", str(tmp_path / "token"))
    assert load().paperless_token.get_secret_value() == "from-a-file"


def test_a_named_file_that_cannot_be_read_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPERLESS_URL", "http://paperless")
    monkeypatch.setenv("PAPERLESS_TOKEN_FILE", "/nowhere/token")
    with pytest.raises(SettingsError, match=r"PAPERLESS_TOKEN_FILE: /nowhere/token cannot be read"):
        load()


@pytest.mark.parametrize("name", ["paperless_token", "PAPERLESS_TOKEN"])
def test_docker_secrets_are_found_by_either_case(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / name).write_text("secret-one")
    monkeypatch.setenv("PAPERLESS_URL", "http://paperless")
    assert load().paperless_token.get_secret_value() == "secret-one"


def test_the_environment_wins_over_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, paperless: None) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "paperless_token").write_text("from-a-file")
    (tmp_path / ".env").write_text("PAPERLESS_TOKEN=from-dotenv\nOCR_DPI=200\n")
    loaded = load()
    assert loaded.paperless_token.get_secret_value() == "abc"
    assert loaded.ocr_dpi == 200


def test_an_empty_value_counts_as_not_set(monkeypatch: pytest.MonkeyPatch, paperless: None) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "")
    assert load().openai_base_url is None


@pytest.mark.parametrize("given", ["http://p:8000/", "http://p:8000/api", "http://p:8000/api/", "http://p:8000"])
def test_an_address_is_evened_out(monkeypatch: pytest.MonkeyPatch, paperless: None, given: str) -> None:
    monkeypatch.setenv("PAPERLESS_URL", given)
    assert load().paperless_url == "http://p:8000"


@pytest.mark.parametrize("given", ["paperless:8000", "ftp://p", "http://", "http://p:8o", "http://me:secret@p:8000"])
def test_what_is_no_plain_address_is_refused(monkeypatch: pytest.MonkeyPatch, paperless: None, given: str) -> None:
    monkeypatch.setenv("PAPERLESS_URL", given)
    with pytest.raises(SettingsError, match="PAPERLESS_URL is wrong") as caught:
        load()
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(("given", "meant"), [("Auto", "auto"), ("deu, eng", "deu+eng"), ("chi_sim", "chi_sim")])
def test_languages_are_named_or_found(monkeypatch: pytest.MonkeyPatch, paperless: None, given: str, meant: str) -> None:
    monkeypatch.setenv("OCR_LANGUAGES", given)
    assert load().ocr_languages == meant


def test_auto_beside_the_name_of_a_language_is_refused(monkeypatch: pytest.MonkeyPatch, paperless: None) -> None:
    monkeypatch.setenv("OCR_LANGUAGES", "deu+auto")
    with pytest.raises(SettingsError, match="OCR_LANGUAGES is wrong: 'deu\\+auto': must be auto alone"):
        load()


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("TITLE_TEMPLATE", "{titel}", "{titel} is no placeholder; there are {title}, {date}"),
        ("TITLE_TEMPLATE", "Document", "at least one placeholder"),
        ("TITLE_TEMPLATE", "{title", "cannot be read"),
        ("CREATE_NAMES", "tags,storage_paths", "must not hold storage_paths"),
        ("CUSTOM_FIELDS_BY_TYPE", "Invoice", "must look like: Invoice: Amount, Due date"),
        ("NAMES_OWNER", "somebody", "NAMES_OWNER is wrong"),
    ],
)
def test_wishes_that_cannot_be_met_are_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, paperless: None, name: str, given: str, said: str
) -> None:
    monkeypatch.setenv(name, given)
    with pytest.raises(SettingsError, match=re.escape(said)):
        load()


def test_names_of_paperless_gpt_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PAPERLESS_BASE_URL": "http://old:8000",
        "PAPERLESS_API_TOKEN": "old-token",
        "LLM_PROVIDER": "ollama",
        "OLLAMA_HOST": "http://ollama:11434",
        "AUTO_TAG": "paperless-gpt-auto",
        "AUTO_TAG_COMPLETE": "paperless-gpt-auto-complete",
        "AUTO_GENERATE_TITLE": "false",
        "CREATE_NEW_TAGS": "true",
        "TOKEN_LIMIT": "0",
    }.items():
        monkeypatch.setenv(name, value)
    loaded = load()
    assert loaded.paperless_url == "http://old:8000"
    assert loaded.paperless_token.get_secret_value() == "old-token"
    assert loaded.openai_base_url == "http://ollama:11434/v1"
    assert loaded.auto_tag == "paperless-gpt-auto"
    assert loaded.tag_done_tag == "paperless-gpt-auto-complete"
    assert loaded.title_policy is Policy.OFF
    assert loaded.create_names == {Names.TAGS}
    assert loaded.document_tokens == Settings.model_fields["document_tokens"].default


def test_our_own_name_wins_over_paperless_gpts(monkeypatch: pytest.MonkeyPatch, paperless: None) -> None:
    monkeypatch.setenv("PAPERLESS_BASE_URL", "http://other")
    assert load().paperless_url == "http://paperless:8000"


def test_every_alias_points_at_a_setting() -> None:
    everything = dict.fromkeys((*ALIASES, *SWITCHES), "1") | {"CREATE_NEW_TAGS": "true"}
    assert set(from_paperless_gpt(everything)) <= set(Settings.model_fields)
    assert set(SWITCHES.values()) <= set(Settings.model_fields)


def test_env_example_names_exactly_the_settings_each_with_a_sentence() -> None:
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        from env_example import example  # noqa: PLC0415
    finally:
        sys.path.pop(0)
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert text == example(), "run: make env-example"
    names = re.findall(r"^#?([A-Z_]+)=", text, flags=re.MULTILINE)
    assert [name.lower() for name in names] == list(Settings.model_fields)


def test_every_default_in_env_example_is_accepted(paperless: None, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    for name, value in re.findall(r"^#([A-Z_]+)=(.+)$", text, flags=re.MULTILINE):
        monkeypatch.setenv(name, value)
    bare = Settings(paperless_url="http://paperless:8000", paperless_token="abc")  # type: ignore[arg-type]
    assert load().model_dump() == bare.model_dump()


def test_where_each_setting_was_read_is_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, paperless: None) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "OPENAI_API_KEY").write_text("key")
    (secrets / "currency").write_text("EUR")  # the environment wins
    monkeypatch.setattr(sources, "SECRETS", secrets)
    (tmp_path / "lease").write_text("60")
    monkeypatch.setenv("LEASE_S_FILE", str(tmp_path / "lease"))
    (tmp_path / ".env").write_text("KEEP_DAYS=7\nLLM_MODEL=of-the-file\nUNKNOWN=1\nSTOP_GRACE_S=\n")
    monkeypatch.setenv("LLM_MODEL", "of-the-environment")
    monkeypatch.setenv("CURRENCY", "CHF")
    monkeypatch.setenv("POLL_INTERVAL_S", "")
    monkeypatch.setenv("TOKEN_LIMIT", "3000")
    monkeypatch.setenv("AUTO_GENERATE_TITLE", "false")
    found = load(web_port=0)
    found_in = found.sources()
    assert found_in.keys() == Settings.model_fields.keys()
    meant = {
        "paperless_url": ("environment", "PAPERLESS_URL"),
        "paperless_token": ("environment", "PAPERLESS_TOKEN"),
        "llm_model": ("environment", "LLM_MODEL"),
        "currency": ("environment", "CURRENCY"),
        "document_tokens": ("alias", "TOKEN_LIMIT"),
        "title_policy": ("alias", "AUTO_GENERATE_TITLE"),
        "keep_days": ("env-file", ".env"),
        "lease_s": ("file", str(tmp_path / "lease")),
        "openai_api_key": ("secret", str(secrets / "OPENAI_API_KEY")),
        "web_port": ("given", ""),
    }
    got = {name: (source.origin.value, source.name) for name, source in found_in.items()}
    assert {name: source for name, source in got.items() if source != ("default", "")} == meant
    assert (found.keep_days, found.lease_s, found.llm_model, found.poll_interval_s) == (
        7,
        60.0,
        "of-the-environment",
        10,
    )


def test_settings_made_one_after_the_other_keep_their_own_sources(
    monkeypatch: pytest.MonkeyPatch, paperless: None
) -> None:
    first = load(keep_days=3)
    monkeypatch.setenv("KEEP_DAYS", "4")
    second = load()
    assert [one.sources()["keep_days"].origin.value for one in (first, second)] == ["given", "environment"]


def test_every_name_that_is_taken_over_from_elsewhere_is_known_for_its_source() -> None:
    everything = dict.fromkeys((*SWITCHES, "AUTO_GENERATE_TAGS"), "false") | {
        **dict.fromkeys(ALIASES, "7"), "CREATE_NEW_TAGS": "true", "LLM_PROVIDER": "ollama", "OLLAMA_HOST": "h",
    }  # fmt: skip
    assert from_paperless_gpt(everything).keys() == THEIRS.keys()


def test_groups_begin_at_settings_that_exist_in_their_order() -> None:
    names = list(Settings.model_fields)
    assert [names.index(name) for name in GROUPS] == sorted(names.index(name) for name in GROUPS)
    assert names[0] in GROUPS
