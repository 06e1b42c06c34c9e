"""The description of the API: as OpenAPI for machines, and as a page of our own for people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sidecar.web.site import Here, Site
from sidecar.web.who import Reader

router = APIRouter(prefix="/api", include_in_schema=False)


@router.get("/openapi.json")
async def openapi(request: Request, here: Here, _: Reader) -> Response:
    """Return the OpenAPI document."""
    return JSONResponse(description(request, here))


@router.get("/docs")
async def docs(request: Request, here: Here, who: Reader) -> Response:
    """Show the API to people."""
    found = description(request, here)
    groups: dict[str, list[Operation]] = {}
    for operation in _operations(found):
        groups.setdefault(operation.group, []).append(operation)
    return here.shell.page(request, "api.html", who=who, here="api", groups=groups)


def description(request: Request, here: Site) -> dict[str, Any]:
    """Return the OpenAPI document: with our prefix, and errors under the type they are sent with."""
    found: dict[str, Any] = {**request.app.openapi(), "servers": [{"url": here.prefix or "/"}]}
    for path in found["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                content = response.get("content", {})
                if int(status) >= 400 and "application/json" in content:
                    content["application/problem+json"] = content.pop("application/json")
    return found


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked."""

    group: str
    method: str
    path: str
    summary: str
    #: Name, where it stands, its type in a word or two, and what it means.
    values: tuple[tuple[str, str, str, str], ...]
    answers: tuple[tuple[str, str], ...]


def _operations(found: dict[str, Any]) -> Iterator[Operation]:
    schemas = found["components"]["schemas"]
    for path, methods in found["paths"].items():
        for method, one in methods.items():
            values = [
                (value["name"], value["in"], _type(value["schema"], schemas), value["schema"].get("description", ""))
                for value in one.get("parameters", ())
            ]
            body = one.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            if body is not None:
                fields = _object(body, schemas).get("properties", {})
                values += [
                    (name, "body", _type(part, schemas), part.get("description", "")) for name, part in fields.items()
                ]
            answers = tuple((status, answer["description"]) for status, answer in one["responses"].items())
            group = next(iter(one.get("tags", ())), "")
            yield Operation(group, method.upper(), path, one.get("description", ""), tuple(values), answers)


def _object(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """Return the schema that a body means, behind references and beside null."""
    for part in schema.get("anyOf", ()):
        if part.get("type") != "null":
            return _object(part, schemas)
    reference = str(schema.get("$ref", ""))
    return dict(schemas[reference.rsplit("/", 1)[-1]]) if reference else schema


def _type(schema: dict[str, Any], schemas: dict[str, Any]) -> str:
    meant = _object(schema, schemas)
    if "enum" in meant:
        return " | ".join(map(str, meant["enum"]))
    if meant.get("type") == "array":
        return f"list of {_type(meant.get('items', {}), schemas)}"
    return str(meant.get("type", "value"))
