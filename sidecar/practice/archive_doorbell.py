"""Workflows as the API keeps them: listed, made, changed and deleted; those with a webhook ring for real.

Only what the sidecar makes is understood: "document added" and "document updated" triggers, with or without tags, and
webhooks with named values. The request goes out in the background, once, as Paperless's worker sends it.
"""

import json
import threading
import urllib.request
from typing import Any

from sidecar.practice.archive_documents import tags_of
from sidecar.practice.archive_errors import not_found, refuse
from sidecar.practice.archive_http import Call, Route
from sidecar.practice.archive_state import State
from sidecar.practice.faults import Answer
from sidecar.practice.serving import json_answer

ADDED, UPDATED = 2, 3
WEBHOOK = 4
TIMEOUT_S = 5.0
_TRIGGER = {"sources": [], "matching_algorithm": 0, "match": "", "filter_has_tags": [], "filter_has_not_tags": []}
_WEBHOOK = {"use_params": False, "as_json": False, "params": None, "body": "", "headers": None}


def _kept(call: Call) -> list[dict[str, Any]]:
    return call.state.speakers.setdefault("workflows", [])


def _found(call: Call) -> dict[str, Any]:
    for row in _kept(call):
        if row["id"] == call.ids[0]:
            return row
    raise not_found("Workflow")


def get_one(call: Call) -> Answer:
    """Show a workflow."""
    return json_answer(_found(call))


def create(call: Call) -> Answer:
    """Make a workflow."""
    wanted = call.json()
    missing = {key: ["This field is required."] for key in ("name", "triggers", "actions") if key not in wanted}
    if missing:
        refuse(400, missing)
    with call.state.quiet():
        _refuse_a_name_twice(call, wanted, None)
        number = max((row["id"] for row in _kept(call)), default=0) + 1
        row = {"id": number, "order": 0, "enabled": True, **_shaped(wanted, number)}
        _kept(call).append(row)
    return json_answer(row, 201)


def change(call: Call) -> Answer:
    """Change what is given; triggers and actions are replaced whole."""
    with call.state.quiet():
        row, wanted = _found(call), call.json()
        _refuse_a_name_twice(call, wanted, row["id"])
        row.update(_shaped(wanted, row["id"]))
    return json_answer(row)


def remove(call: Call) -> Answer:
    """Delete a workflow."""
    with call.state.quiet():
        _kept(call).remove(_found(call))
    return Answer(204)


def _refuse_a_name_twice(call: Call, wanted: dict[str, Any], own: int | None) -> None:
    if any(row["name"] == wanted.get("name") and row["id"] != own for row in _kept(call)):
        refuse(400, {"name": ["workflow with this name already exists."]})


def _shaped(wanted: dict[str, Any], number: int) -> dict[str, Any]:
    known = {key: value for key, value in wanted.items() if key in ("name", "order", "enabled")}
    if "triggers" in wanted:
        known["triggers"] = [
            {"id": number, **_TRIGGER, **one, "sources": [int(source) for source in one.get("sources", ())]}
            for one in wanted["triggers"]
        ]
    if "actions" in wanted:
        known["actions"] = [
            {"id": number, **one, "webhook": {"id": number, **_WEBHOOK, **one["webhook"]} if "webhook" in one else None}
            for one in wanted["actions"]
        ]
    return known


class Bells:
    """Rings the webhooks of the workflows that are kept."""

    def __init__(self, state: State) -> None:
        self._state = state
        state.on_update.append(lambda document_id, _actor: self.ring(UPDATED, document_id))
        state.on_add.append(lambda document_id: self.ring(ADDED, document_id))

    def ring(self, kind: int, document_id: int) -> None:
        """Send what the workflows of this kind of trigger say for the document."""
        tags = set(tags_of(self._state, document_id))
        for row in self._state.speakers.get("workflows", ()):
            fits = any(
                trigger.get("type") == kind and (not trigger["filter_has_tags"] or tags & {*trigger["filter_has_tags"]})
                for trigger in row.get("triggers", ())
            )
            if not (row.get("enabled") and fits):
                continue
            for action in row["actions"]:
                if action.get("type") == WEBHOOK:
                    threading.Thread(target=_send, args=(action["webhook"], document_id), daemon=True).start()


def _send(webhook: dict[str, Any], document_id: int) -> None:
    values = {name: text.replace("{{doc_id}}", str(document_id)) for name, text in (webhook["params"] or {}).items()}
    headers = {"Content-Type": "application/json", **(webhook["headers"] or {})}
    asked = urllib.request.Request(webhook["url"], json.dumps(values).encode(), headers)  # noqa: S310 - as it was set up
    try:
        urllib.request.urlopen(asked, timeout=TIMEOUT_S).close()  # noqa: S310
    except OSError:  # nobody listens, or an answer that is none: lost, as with Paperless
        return


ROUTES: list[Route] = [
    ("POST", "/api/workflows/", create),
    ("GET", r"/api/workflows/(\d+)/", get_one),
    ("PATCH", r"/api/workflows/(\d+)/", change),
    ("DELETE", r"/api/workflows/(\d+)/", remove),
]
