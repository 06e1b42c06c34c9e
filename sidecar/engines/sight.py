"""Whether a model can see: it is shown a number."""

from __future__ import annotations

import base64
import io

from PIL import Image, ImageDraw, ImageFont

from sidecar.domain.errors import MisconfiguredError, PermanentError, TemporaryError
from sidecar.engines.llm import Model

#: What stands on the picture; no model says it by chance.
NUMBER = "740158"
ASKED = "Write down the number in this picture, and nothing else."
TOKENS = 300


async def check_sight(model: Model) -> None:
    """Ask the model what a small picture shows. Raises MisconfiguredError if it does not see, and others of `ask`."""
    url = f"data:image/jpeg;base64,{base64.b64encode(_picture()).decode()}"
    content = [{"type": "text", "text": ASKED}, {"type": "image_url", "image_url": {"url": url}}]
    try:
        reply = await model.ask([{"role": "user", "content": content}], max_tokens=TOKENS)
    except (PermanentError, TemporaryError) as error:
        raise MisconfiguredError(
            model.provider,
            f"{model.name} at {model.address} takes no pictures: name a model that sees in VISION_MODEL ({error})",
        ) from error
    if NUMBER not in "".join(reply.text.split()) and not reply.cut_off:
        raise MisconfiguredError(
            model.provider,
            f"{model.name} at {model.address} did not see what a picture shows: name one that does in VISION_MODEL.",
        )


def _picture() -> bytes:
    picture = Image.new("RGB", (640, 200), "white")
    ImageDraw.Draw(picture).text((120, 50), NUMBER, "black", font=ImageFont.load_default(90))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90)
    return out.getvalue()
