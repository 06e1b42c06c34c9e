"""What the archive tells about itself, and the login."""

import math
import time
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from sidecar.practice.archive_errors import RefusedError, refuse
from sidecar.practice.archive_http import Call, Route, parse_json
from sidecar.practice.faults import Answer
from sidecar.practice.serving import json_answer

#: Models of Paperless whose rights exist, as ui_settings names them.
MODELS = (
    "applicationconfiguration correspondent customfield customfieldinstance document documenttype group logentry"
    " mailaccount mailrule note paperlesstask savedview sharelink sharelinkbundle storagepath tag uisettings user"
    " workflow workflowaction workflowtrigger"
)
OTHER_RIGHTS = ["view_global_statistics", "view_system_monitoring"]
ALL_RIGHTS = [f"{verb}_{model}" for model in MODELS.split() for verb in ("add", "change", "delete", "view")]

#: The state of what a real server leans on: always well.
HEALTH = {
    "redis_url": "redis://127.0.0.1:6379",
    "redis_status": "OK",
    "redis_error": None,
    "celery_status": "OK",
    "celery_url": "celery@practice",
    "celery_error": None,
    "index_status": "OK",
    "index_last_modified": "2026-01-02T00:00:00Z",
    "index_error": None,
    "classifier_status": "WARNING",
    "classifier_last_trained": None,
    "classifier_error": "No classifier training tasks found",
    "sanity_check_status": "WARNING",
    "sanity_check_last_run": None,
    "sanity_check_error": "No sanity check tasks found",
    "llmindex_status": "DISABLED",
    "llmindex_last_modified": None,
    "llmindex_error": None,
}


def token(call: Call) -> Answer:
    """Give a token for a name and password, a few times a minute."""
    if call.request.method != "POST":
        refuse(405, {"detail": f'Method "{call.request.method}" not allowed.'})
    _throttle(call)
    wanted = _form(call)
    missing = {key: ["This field is required."] for key in ("username", "password") if not wanted.get(key)}
    if missing:
        refuse(400, missing)
    row = call.state.row(
        "SELECT token, code FROM users WHERE username = ? AND password = ? AND token IS NOT NULL AND is_active",
        (wanted["username"], wanted["password"]),
    )
    if row is None:
        refuse(400, {"non_field_errors": ["Unable to log in with provided credentials."]})
    if row["code"] and row["code"] != wanted.get("code"):
        said = "Invalid MFA code" if wanted.get("code") else "MFA code is required"
        refuse(400, {"non_field_errors": [said]})
    return json_answer({"token": row["token"]})


def _throttle(call: Call) -> None:
    now = time.monotonic()
    with call.state.quiet():
        recent = [tried for tried in call.state.logins if tried > now - 60]
        if len(recent) >= call.state.logins_a_minute:
            wait_s = math.ceil(60 - (now - recent[0]))
            detail = f"Request was throttled. Expected available in {wait_s} second{'s' * (wait_s != 1)}."
            answer = json_answer({"detail": detail}, 429)
            raise RefusedError(replace(answer, headers={"Retry-After": str(wait_s)}))
        call.state.logins[:] = [*recent, now]


def _form(call: Call) -> Any:
    if call.request.header("Content-Type").startswith("application/json"):
        return parse_json(call.request.body)
    return dict(parse_qsl(call.request.body.decode()))


def ui_settings(call: Call) -> Answer:
    """Tell who asks, what they may do and a few settings."""
    user, rights = call.user, call.user.permissions
    return json_answer(
        {
            "user": {
                "id": user.id,
                "username": user.username,
                "is_staff": user.is_staff,
                "is_superuser": user.is_superuser,
                "groups": [],
            },
            "settings": {
                "update_checking": {"backend_setting": False},
                "trash_delay": 30,
                "version": "3.0.5",
                "app_title": None,
                "app_logo": None,
                "auditlog_enabled": True,
                "email_enabled": False,
                "ai_enabled": False,
            },
            "permissions": [*ALL_RIGHTS, *OTHER_RIGHTS] if rights is None else sorted(rights),
        }
    )


def status(call: Call) -> Answer:
    """Tell how the server is; the parts a monitor looks at."""
    tasks = _counts(call, "SELECT status, count(*) FROM tasks GROUP BY status")
    summary = {
        "days": 30,
        "total_count": sum(tasks.values()),
        "pending_count": tasks.get("pending", 0),
        "success_count": tasks.get("success", 0),
        "failure_count": tasks.get("failure", 0),
    }
    return json_answer(
        {
            "pngx_version": "3.0.5",
            "server_os": "practice archive",
            "install_type": "bare-metal",
            "storage": {"total": 10**11, "available": 5 * 10**10},
            "database": {
                "type": "sqlite",
                "url": "archive.sqlite3",
                "status": "OK",
                "error": None,
                "migration_status": {"latest_migration": "practice", "unapplied_migrations": []},
            },
            "tasks": {**HEALTH, "summary": summary},
        }
    )


def statistics(call: Call) -> Answer:
    """Count documents and names."""
    living = "FROM documents WHERE deleted_at IS NULL AND root_document IS NULL"
    count, characters, number = _first(
        call, f"SELECT count(*), coalesce(sum(length(content)), 0), coalesce(max(archive_serial_number), 0) {living}"
    )
    types = call.state.rows(f"SELECT mime_type, count(*) {living} GROUP BY mime_type ORDER BY 2 DESC")
    inbox = call.state.column(
        "SELECT id FROM names WHERE kind = 'tags' AND json_extract(data, '$.is_inbox_tag') ORDER BY id"
    )
    waiting = call.state.column(
        "SELECT DISTINCT document_id FROM document_tags JOIN names ON kind = 'tags' AND names.id = tag_id"
        " JOIN documents ON documents.id = document_id"
        " WHERE json_extract(data, '$.is_inbox_tag') AND deleted_at IS NULL AND root_document IS NULL"
    )
    names = _counts(call, "SELECT kind, count(*) FROM names GROUP BY kind")
    return json_answer(
        {
            "documents_total": count,
            "documents_inbox": len(waiting) if inbox else None,
            "inbox_tag": inbox[0] if inbox else None,
            "inbox_tags": inbox or None,
            "document_file_type_counts": [{"mime_type": mime, "mime_type_count": number} for mime, number in types],
            "character_count": characters,
            "tag_count": names.get("tags", 0),
            "correspondent_count": names.get("correspondents", 0),
            "document_type_count": names.get("document_types", 0),
            "storage_path_count": names.get("storage_paths", 0),
            "current_asn": number,
        }
    )


def list_speakers(call: Call) -> Answer:
    """List workflows, mail rules or saved views."""
    rows = call.state.speakers.get(call.request.path.strip("/").rpartition("/")[2], [])
    return json_answer({"count": len(rows), "next": None, "previous": None, "results": rows})


def _counts(call: Call, sql: str) -> dict[str, int]:
    return {name: count for name, count in call.state.rows(sql)}  # noqa: C416 - rows are no tuples


def _first(call: Call, sql: str) -> Any:
    return call.state.rows(sql)[0]


OPEN_ROUTES: list[Route] = [("POST", "/api/token/", token)]
ROUTES: list[Route] = [
    ("GET", "/api/ui_settings/", ui_settings),
    ("GET", "/api/status/", status),
    ("GET", "/api/statistics/", statistics),
    ("GET", "/api/(?:workflows|mail_rules|saved_views)/", list_speakers),
]
