"""A page image to text through a vision model: the question, and which models are asked in turn."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence

from sidecar.domain.page import PageText
from sidecar.domain.quality import GARBAGE, score
from sidecar.engines.llm import Model, Reply
from sidecar.engines.prompts import Prompts
from sidecar.engines.unanswered import Unanswered, not_counted

PROVIDER = "vision model"
#: A picture of more bytes is made smaller; endpoints refuse requests of some megabytes.
MAX_BYTES = 1_500_000


class Vision:
    """A chain of models that see. The next one is asked where an answer is not accepted or a model is away."""

    provider = PROVIDER

    def __init__(self, models: Sequence[Model], prompts: Prompts, *, pixels: int, below: float | None) -> None:
        """`pixels` is the longer side of a page's picture. `below` is the confidence from which Tesseract's text will
        do, in percent; None asks about every page."""
        self.models = tuple(models)
        self.pixels = pixels
        self._prompts = prompts
        self._below = below

    def limited_to(self, models: Sequence[Model]) -> Vision | None:
        """Return the same with only these of its models; None if none is left."""
        return Vision(models, self._prompts, pixels=self.pixels, below=self._below) if models else None

    @property
    def has_fallbacks(self) -> bool:
        """Whether more than one endpoint can be asked."""
        return len({model.provider for model in self.models}) > 1

    @property
    def reading(self) -> dict[str, object]:
        """Everything here that can change a page's text."""
        names = [model.identity for model in self.models]
        return {"models": names, "prompt": self._prompt, "pixels": self.pixels, "below": self._below}

    def wants(self, page: PageText) -> bool:
        """Say whether a page that Tesseract read is to be read by a model: all, or those that it read badly."""
        if self._below is None:
            return True
        return page.confidence is None or page.confidence < self._below or score(page.text) < GARBAGE

    def key(self, model: Model, page_key: str) -> str:
        """Return the key of one model's answer about one page: same picture, model and prompt, same key."""
        parts = json.dumps([model.identity, page_key, self._prompt, self.pixels])
        return hashlib.sha256(parts.encode()).hexdigest()

    async def ask(self, model: Model, picture: bytes, *, unanswered: Unanswered = not_counted) -> Reply:
        """Ask one model about one page, a JPEG. `unanswered` and the errors are those of `Model.ask`."""
        url = f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}"
        content = [{"type": "text", "text": self._prompt}, {"type": "image_url", "image_url": {"url": url}}]
        return await model.ask([{"role": "user", "content": content}], unanswered=unanswered)

    async def close(self) -> None:
        """Close all connections."""
        for model in self.models:
            await model.close()

    @property
    def _prompt(self) -> str:
        return self._prompts.render("vision-page.md.j2")
