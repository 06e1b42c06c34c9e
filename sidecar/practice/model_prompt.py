"""What a chat request means to the practice model: the document in it, its images, the schema it asks for."""

import base64
import hashlib
import json
import os
import re
import subprocess
from dataclasses import dataclass
from typing import Any

FENCE = re.compile(
    r"^<document-(?P<nonce>[0-9a-fA-F]+)>\n(?P<text>.*?)\n?^</document-(?P=nonce)>", re.DOTALL | re.MULTILINE
)
TESSERACT_TIMEOUT_S = 60


@dataclass(frozen=True)
class Prompt:
    """A chat request, understood."""

    #: The fenced text of the last user message that has one, else its whole text; of images, what they say.
    document: str
    #: Characters of all text parts.
    characters: int
    has_image: bool
    #: What the answer must look like; None for plain text.
    schema: dict[str, Any] | None


def understand(body: dict[str, Any], read_image: "ImageReader") -> Prompt:
    """Read a chat-completions request."""
    messages = body.get("messages", [])
    users = [message for message in messages if message.get("role") == "user"]
    fences = [message for message in users if FENCE.search(_text(message))]  # a repair round adds one without
    parts = _parts((fences or users)[-1]) if users else []
    texts = [part["text"] for part in parts if part.get("type") == "text"]
    images = [part["image_url"]["url"] for part in parts if part.get("type") == "image_url"]
    whole = "\n".join(part.get("text", "") for message in messages for part in _parts(message))
    document = "\n".join(map(read_image.read, images)) if images else fenced("\n".join(texts))
    return Prompt(document, len(whole), bool(images), _schema(body, whole))


def fenced(text: str) -> str:
    """Give what stands between a <document-HEX> line and its end, else all."""
    found = FENCE.search(text)
    return found["text"] if found else text


def _parts(message: dict[str, Any]) -> list[dict[str, Any]]:
    content = message.get("content") or ""
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _text(message: dict[str, Any]) -> str:
    return "\n".join(part.get("text", "") for part in _parts(message))


def tool_of(body: dict[str, Any]) -> str | None:
    """Give the name of the function that is to be called."""
    return str(body["tools"][0]["function"]["name"]) if body.get("tools") else None


def _schema(body: dict[str, Any], prompt: str) -> dict[str, Any] | None:
    if body.get("tools"):
        parameters: dict[str, Any] = body["tools"][0]["function"]["parameters"]
        return parameters
    response_format = body.get("response_format")
    kind = (response_format or {}).get("type", "text")
    if response_format and kind == "json_schema":
        schema: dict[str, Any] = response_format["json_schema"]["schema"]
        return schema
    if kind == "json_object":
        return schema_in(prompt) or {
            "properties": {"title": {"type": "string"}, "created": {"type": ["string", "null"]}}
        }
    return None


def schema_in(prompt: str) -> dict[str, Any] | None:
    """Find a JSON schema written out in a prompt, as clients do for servers without json_schema."""
    decoder = json.JSONDecoder()
    for brace in re.finditer(r"\{", prompt):
        try:
            value, _ = decoder.raw_decode(prompt, brace.start())
        except ValueError:
            continue
        if isinstance(value, dict) and "properties" in value:
            return value
    return None


class ImageReader:
    """Reads images with tesseract, each only once."""

    def __init__(self, languages: str | None = None) -> None:
        self._language = ["-l", languages] if languages else []
        self._known: dict[str, str] = {}

    def read(self, data_url: str) -> str:
        """Give the text of a data URL's image; empty if it cannot be read."""
        data = base64.b64decode(data_url.partition(",")[2])
        key = hashlib.sha256(data).hexdigest()
        if key not in self._known:
            self._known[key] = self._tesseract(data)
        return self._known[key]

    def _tesseract(self, data: bytes) -> str:
        done = subprocess.run(
            ["tesseract", "stdin", "stdout", *self._language],
            input=data,
            capture_output=True,
            timeout=TESSERACT_TIMEOUT_S,
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
            check=False,
        )
        return done.stdout.decode().strip()
