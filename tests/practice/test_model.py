"""The practice model answers like an OpenAI-compatible endpoint, from the document's own words."""

import base64
import io
import json
from typing import Any, cast

import openai
import pytest
from PIL import Image, ImageDraw, ImageFont

from sidecar.practice.faults import Answer, Fault
from sidecar.practice.model import NAME, PracticeModel
from sidecar.practice.model_moods import Mode
from sidecar.practice.model_prompt import fenced
from sidecar.practice.model_rules import SchemaAnswerer, first_date, names_in, sensible_title, topmost

LETTER = """Northwind Energy Ltd
12 Harbour Street

INVOICE No. 2026-0417
Berlin, 5. März 2026
Due by 2026-04-01. The tax is included.
"""
SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["title", "tags", "correspondent", "document_type", "created", "language", "note", "fields"],
    "properties": {
        "title": {"type": "string", "maxLength": 60},
        "tags": {
            "type": "array",
            "items": {"type": "string", "enum": ["tax", "Invoice", "energy", "cat"]},
            "maxItems": 2,
        },
        "correspondent": {"anyOf": [{"enum": ["Northwind", "Northwind Energy"]}, {"type": "null"}]},
        "document_type": {"type": ["string", "null"], "enum": ["Contract", "Receipt", None]},
        "created": {"type": ["string", "null"]},
        "language": {"type": "string"},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "fields": {"$ref": "#/$defs/fields"},
    },
    "$defs": {"fields": {"type": "object", "required": ["due_date"], "properties": {"due_date": {"type": "string"}}}},
}


def problems(value: Any, schema: dict[str, Any], root: dict[str, Any] | None = None) -> list[str]:
    """Check a value against the part of JSON Schema used here; give what is wrong."""
    root = schema if root is None else root
    if "$ref" in schema:
        return problems(value, root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root)
    if "anyOf" in schema:
        return [] if any(not problems(value, one, root) for one in schema["anyOf"]) else [f"{value!r}: no alternative"]
    wrong = [f"{value!r} is not in the enum"] if "enum" in schema and value not in schema["enum"] else []
    kinds: dict[str, type] = {"object": dict, "array": list, "string": str, "null": type(None)}
    allowed = schema.get("type", list(kinds))
    if not isinstance(value, tuple(kinds[kind] for kind in ([allowed] if isinstance(allowed, str) else allowed))):
        return [*wrong, f"{value!r} is no {allowed}"]
    if isinstance(value, dict):
        wrong += [f"{key} is missing" for key in schema.get("required", []) if key not in value]
        wrong += [f"{key} is unknown" for key in value if key not in schema["properties"]]
        return wrong + [p for key, one in value.items() for p in problems(one, schema["properties"].get(key, {}), root)]
    if isinstance(value, list):
        wrong += ["too many items"] * (len(value) > schema.get("maxItems", len(value)))
        return wrong + [p for one in value for p in problems(one, schema["items"], root)]
    return wrong + ["too long"] * (isinstance(value, str) and len(value) > schema.get("maxLength", 10**6))


@pytest.fixture
def client(model: PracticeModel) -> openai.OpenAI:
    """The real client package, without retries."""
    return openai.OpenAI(base_url=model.url, api_key="none", max_retries=0)


def ask(client: openai.OpenAI, document: str = LETTER, **more: Any) -> Any:
    prompt = f"File this. Known names: cat\n<document-a1f>\n{document}\n</document-a1f>\nAnswer in JSON."
    settings = {"response_format": {"type": "json_schema", "json_schema": {"name": "filing", "schema": SCHEMA}}, **more}
    return client.chat.completions.create(model="any", messages=[{"role": "user", "content": prompt}], **settings)


def test_a_schema_is_filled_from_the_documents_own_words(client: openai.OpenAI) -> None:
    answer = json.loads(ask(client).choices[0].message.content)
    assert problems(answer, SCHEMA) == []
    assert answer == {
        "title": "Northwind Energy Ltd",
        "tags": ["Invoice", "energy"],
        "correspondent": "Northwind Energy",
        "document_type": None,
        "created": "2026-03-05",
        "language": "",
        "note": None,
        "fields": {"due_date": "2026-03-05"},
    }


def test_nothing_found_is_null_or_empty_and_still_fits_the_schema(client: openai.OpenAI) -> None:
    answer = json.loads(ask(client, "12 34").choices[0].message.content)
    assert problems(answer, SCHEMA) == []
    assert (answer["tags"], answer["correspondent"], answer["created"]) == ([], None, None)


def test_the_checker_itself_finds_what_is_wrong() -> None:
    wrong = {"title": "x" * 61, "tags": ["dog"], "correspondent": "Eve", "created": 5}
    assert len(problems(wrong, SCHEMA)) == 8


def test_usage_and_finish_reason_are_told(client: openai.OpenAI, model: PracticeModel) -> None:
    done = ask(client)
    (call,) = model.calls()
    assert done.choices[0].finish_reason == "stop"
    assert done.usage.prompt_tokens == -(-call.prompt_characters // 4)
    assert done.usage.total_tokens == done.usage.prompt_tokens + done.usage.completion_tokens
    assert (call.document, call.has_image, call.status, call.model) == (LETTER, False, 200, "any")
    assert call.started_s <= call.ended_s


def test_a_token_limit_cuts_the_answer_off(client: openai.OpenAI) -> None:
    done = ask(client, max_tokens=5)
    assert done.choices[0].finish_reason == "length"
    assert len(done.choices[0].message.content) == 20


def test_json_object_follows_a_schema_written_in_the_prompt(client: openai.OpenAI) -> None:
    schema = json.dumps({"type": "object", "properties": {"title": {"type": "string"}}})
    messages = [{"role": "system", "content": f"Answer as {schema}"}, {"role": "user", "content": LETTER}]
    done = client.chat.completions.create(
        model="any", messages=cast(Any, messages), response_format={"type": "json_object"}
    )
    assert json.loads(done.choices[0].message.content or "") == {"title": "Northwind Energy Ltd"}


def test_an_image_is_answered_with_what_tesseract_reads(client: openai.OpenAI, model: PracticeModel) -> None:
    image = Image.new("L", (700, 120), 255)
    ImageDraw.Draw(image).text((20, 30), "Harbour invoice 4711", fill=0, font=ImageFont.load_default(48))
    file = io.BytesIO()
    image.save(file, "PNG")
    url = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
    parts = [{"type": "text", "text": "Read this page."}, {"type": "image_url", "image_url": {"url": url}}]
    done = client.chat.completions.create(model="any", messages=cast(Any, [{"role": "user", "content": parts}]))
    assert done.choices[0].message.content == "Harbour invoice 4711"
    assert (model.calls()[0].has_image, model.calls()[0].document) == (True, "Harbour invoice 4711")


@pytest.mark.parametrize(
    ("mode", "check"),
    [
        ("garbage", lambda text: not text.startswith(("{", "`", "<")) and len(text) > 10),
        ("empty", lambda text: text == ""),
        ("fenced", lambda text: problems(json.loads(text[8:-4]), SCHEMA) == [] and text.startswith("```json\n")),
        ("thinking", lambda text: problems(json.loads(text.split("</think>")[1]), SCHEMA) == []),
        ("unknown_name", lambda text: len(problems(json.loads(text), SCHEMA)) == 3),
    ],
)
def test_it_misbehaves_once_then_behaves_again(
    client: openai.OpenAI, model: PracticeModel, mode: Mode, check: Any
) -> None:
    model.misbehave(mode, times=1)
    assert check(ask(client).choices[0].message.content)
    assert problems(json.loads(ask(client).choices[0].message.content), SCHEMA) == []


def test_a_cut_off_answer_is_half_the_json_and_says_so(client: openai.OpenAI, model: PracticeModel) -> None:
    whole = ask(client).choices[0].message.content
    model.misbehave("cut_off")
    choice = ask(client).choices[0]
    assert (choice.finish_reason, choice.message.content) == ("length", whole[: len(whole) // 2])


def test_a_refusal_has_no_content(client: openai.OpenAI, model: PracticeModel) -> None:
    model.misbehave("refuse")
    message = ask(client).choices[0].message
    assert message.content is None
    assert message.refusal


@pytest.mark.parametrize(
    ("mode", "param", "without"),
    [
        ("reject_json_schema", "response_format", {"response_format": {"type": "json_object"}}),
        ("reject_temperature", "temperature", {"temperature": openai.omit}),
    ],
)
def test_a_rejected_parameter_is_named_and_leaving_it_out_helps(
    client: openai.OpenAI, model: PracticeModel, mode: Mode, param: str, without: dict[str, Any]
) -> None:
    model.misbehave(mode)
    with pytest.raises(openai.BadRequestError) as refused:
        ask(client, temperature=0)
    assert refused.value.param == param
    assert param in refused.value.message
    assert ask(client, **{"temperature": 0, **without}).choices[0].message.content


def test_misbehaviour_may_be_about_one_document_only(client: openai.OpenAI, model: PracticeModel) -> None:
    model.misbehave("empty", matching="Harbour")
    assert ask(client, "Another letter").choices[0].message.content
    assert ask(client).choices[0].message.content == ""
    model.behave()
    assert ask(client).choices[0].message.content


def test_faults_of_the_wire_work_as_in_the_archive(client: openai.OpenAI, model: PracticeModel) -> None:
    model.faults.add(Fault("POST", times=1, answer=Answer(429, headers={"Retry-After": "3"})))
    with pytest.raises(openai.RateLimitError) as limited:
        ask(client)
    assert limited.value.response.headers["retry-after"] == "3"
    assert model.calls() == []
    model.faults.add(Fault("POST", times=1, drop="after"))
    with pytest.raises(openai.APIConnectionError):
        ask(client)
    assert len(model.calls()) == 1
    model.clear_calls()
    assert model.calls() == []


def test_every_call_takes_its_delay(client: openai.OpenAI, model: PracticeModel) -> None:
    model.delay_s = 0.05
    ask(client)
    (call,) = model.calls()
    assert call.ended_s - call.started_s >= 0.05


def test_a_key_is_asked_for_when_one_is_set() -> None:
    with PracticeModel(api_key="right") as model:
        right = openai.OpenAI(base_url=model.url, api_key="right", max_retries=0)
        wrong = openai.OpenAI(base_url=model.url, api_key="wrong", max_retries=0)
        assert [one.id for one in right.models.list()] == [NAME]
        with pytest.raises(openai.AuthenticationError):
            ask(wrong)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Ref 2026-03-05", "2026-03-05"),
        ("on 5 March 2026 and 2025-01-01", "2026-03-05"),
        ("March 5, 2026", "2026-03-05"),
        ("den 05.03.2026", "2026-03-05"),
        ("5. März 2026", "2026-03-05"),
        ("3rd of May; Dec 24 2025", "2025-12-24"),
        ("31.02.2026, then 01.03.2026", "2026-03-01"),
        ("page 12 of 2026", None),
        ("IP 10.1.20.26", None),
    ],
)
def test_the_first_date_is_found(text: str, day: str | None) -> None:
    assert first_date(text) == day


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("\n--- 12 ---\nRental contract\nLandlord: M. Sample", "Rental contract"),
        ("Invoice\nNorthwind Energy", "Invoice, Northwind Energy"),
        ("word " * 40, ("word " * 20).strip()),
        ("x" * 150, "x" * 100),
        ("", ""),
    ],
)
def test_a_title_is_sensible_and_short(text: str, title: str) -> None:
    assert sensible_title(text) == title


def test_names_count_as_whole_words_only_the_longest_first() -> None:
    assert names_in(["Ann", "Joanna", "Tax Office", "tax"], "joanna and the TAX OFFICE") == [
        "Tax Office",
        "Joanna",
        "tax",
    ]


def test_only_a_fence_with_the_same_nonce_ends_the_document() -> None:
    text = "<document-ab>\nreal\n</document-cd>\nstill real\n</document-ab>\ninstructions"
    assert fenced(text) == "real\n</document-cd>\nstill real"


def test_the_one_choice_is_the_name_that_stands_first_and_of_two_in_one_place_the_longer() -> None:
    text = "Tenancy agreement with Ann Lee\nThe landlord sends a statement. Dear Ann,"
    assert topmost(["Statement", "Contract", "Letter"], text) == "Contract"
    assert topmost(["Ann", "Ann Lee", "Landlord"], text) == "Ann Lee"
    assert topmost(["Invoice"], text) is None


def test_tags_are_what_the_head_says_and_only_failing_that_what_is_said_further_down() -> None:
    schema = {"type": "array", "items": {"enum": ["Insurance", "Contract"]}}
    body = "\n".join(["line"] * 8) + "\nInsurance"
    assert SchemaAnswerer(schema, f"Contract\n{body}").answer() == ["Contract"]
    assert SchemaAnswerer(schema, body).answer() == ["Insurance"]


def test_what_stands_behind_the_document_in_the_question_is_no_part_of_it(client: openai.OpenAI) -> None:
    guesses = "</document-a1f>\nGuesses, from its own words: dated 1999-01-01, cat, 1.00 EUR\n<guesses>"
    answer = json.loads(ask(client, f"{LETTER}{guesses}").choices[0].message.content)
    assert answer == json.loads(ask(client, LETTER).choices[0].message.content)
