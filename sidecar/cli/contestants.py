"""What `sidecar eval` compares: models, prompts and settings as the command line names them, each with each."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sidecar.domain.errors import SettingsError
from sidecar.domain.privacy import host_of, host_or_openai
from sidecar.domain.vocabulary import Vocabulary
from sidecar.parts import Parts
from sidecar.settings import Settings
from sidecar.worker.chain import Chain
from sidecar.worker.contestant import Contestant

#: Settings that may differ from one contestant to the next: those that change what is asked and what is taken.
_MAY_DIFFER = (
    "LLM_", "DOCUMENT_", "NAMES_", "CREATE_", "ADD_TAGS", "SIMILAR_", "CUSTOM_FIELDS", "SUMMARY_", "TITLE_", "REFUSED_",
)  # fmt: skip
_POLICIES = "_POLICY"
#: Nobody stands in for a model that is measured alone, and no key goes to a fall-back that it was not given for.
_ALONE: dict[str, Any] = {"llm_fallbacks": (), "llm_fallback_api_keys": None}
#: What a contestant says by itself: who is asked, and by which prompts. Keys are nothing to be kept.
_TOLD_OTHERWISE = {"openai_api_key", "prompts_dir", *_ALONE}


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was asked for; an empty list is what is set up."""

    #: "name", or "name@http://host/v1".
    models: Sequence[str] = ()
    prompts: Sequence[str] = ()
    #: "NAME=value", several with a comma before the next NAME=; "" for none.
    changes: Sequence[str] = ()
    #: The environment variable that holds the key for endpoints other than the one that is set up.
    key_from: str = ""


@dataclass(frozen=True, slots=True)
class Variant:
    """One contestant before anything is made: how it is called, and the settings in which it differs."""

    label: str
    given: dict[str, Any]

    def settings(self, settings: Settings) -> Settings:
        """Return the settings with the differences. Raises SettingsError."""
        kept = {name: getattr(settings, name) for name in settings.model_fields_set}
        try:
            return Settings(**{**kept, **self.given})
        except ValueError as error:
            raise SettingsError([f"{self.label}: {error}"]) from error

    def contestant(self, parts: Parts, vocabulary: Vocabulary) -> Contestant:
        """Return it, ready to be asked."""
        for model in parts.models:
            model.manners.probabilities = True
        told = {name: str(value) for name, value in self.given.items() if name not in _TOLD_OTHERWISE}
        tagger = parts.tagger.asking(Chain(parts.models, privacy=parts.privacy))  # nobody is parked
        return Contestant(self.label, tuple(parts.models), tagger, vocabulary, json.dumps(told, sort_keys=True))


def variants(settings: Settings, wishes: Wishes) -> list[Variant]:
    """Return every model with all prompts and all changes, in the order of the command line. Raises SettingsError."""
    models = [_model(settings, spec, wishes.key_from) for spec in wishes.models] or [(_chain(settings), {})]
    prompts = [_prompts(folder) for folder in wishes.prompts] or [("", {})]
    changes = [_changes(text) for text in wishes.changes] or [("", {})]
    found = []
    for combined in itertools.product(models, prompts, changes):
        label = ", ".join(name for name, _ in combined if name)
        given = {key: value for _, part in combined for key, value in part.items()}
        found.append(Variant(label or "(no model)", given))
    labels = [one.label for one in found]
    if len(set(labels)) < len(labels):
        raise SettingsError(["Two of the contestants are the same."])
    return found


def _chain(settings: Settings) -> str:
    """Return who is asked as it is set up, in words."""
    here = [name.strip() for name in settings.llm_model.split(",") if name.strip()]
    return ", then ".join([*here, *(f"{one.model} at {host_or_openai(one.address)}" for one in settings.llm_fallbacks)])


def chain_in_words(settings: Settings) -> str:
    """Return who is measured where several models are set up and none is named; empty for one alone."""
    chain = _chain(settings)
    if ", then " not in chain:
        return ""
    return (
        f"Measured as set up: {chain}. The next one is asked where one is away or gives no usable answer. "
        "--model NAME or --model NAME@ADDRESS measures one alone, several of them side by side."
    )


def _model(settings: Settings, spec: str, key_from: str) -> tuple[str, dict[str, Any]]:
    name, at, url = spec.rpartition("@")
    if not at or not url.startswith(("http://", "https://")):
        return spec, {"llm_model": spec, **_ALONE}
    given: dict[str, Any] = {"llm_model": name, "openai_base_url": url, **_ALONE}
    if host_of(url) != host_of(settings.openai_base_url or ""):  # the key that is set up is nobody else's business
        key = os.environ.get(key_from, "") if key_from else ""
        if key_from and not key:
            raise SettingsError([f"The environment variable {key_from} (--key-from) is not set."])
        given["openai_api_key"] = key or None
    return spec, given


def _prompts(folder: str) -> tuple[str, dict[str, Any]]:
    if not folder:
        return "own prompts", {"prompts_dir": None}
    if not Path(folder).is_dir():
        raise SettingsError([f"--prompts: there is no folder {folder}."])
    return f"prompts {folder}", {"prompts_dir": Path(folder)}


def _changes(text: str) -> tuple[str, dict[str, Any]]:
    """Read `NAME=value,NAME=value`; a comma that no NAME= follows belongs to the value."""
    given: dict[str, Any] = {}
    last = ""
    for part in filter(None, text.split(",")):
        name, equals, value = part.partition("=")
        setting = name.strip().lower()
        if equals and name.strip().isupper():
            if setting not in Settings.model_fields or not _may_differ(name.strip()):
                raise SettingsError([f"--set {name.strip()}: there is no such setting, or it cannot be compared."])
            last, given[setting] = setting, value.strip()
        elif last:
            given[last] += f",{part}"
        else:
            raise SettingsError([f'--set "{text}": write it as NAME=value.'])
    if "llm_fallbacks" in given:
        given.setdefault("llm_fallback_api_keys", None)
    return text.strip(), given


def _may_differ(name: str) -> bool:
    return name.startswith(_MAY_DIFFER) or name.endswith(_POLICIES)
