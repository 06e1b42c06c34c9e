"""Tags, correspondents, document types, storage paths and custom fields: what they are, and their tree."""

import json
import re
import sqlite3
from typing import Any

from sidecar.practice.archive_state import State, User, marks

#: Kind as in the URL -> (model as in a 404, name as in a validation error).
KINDS = {
    "tags": ("Tag", "tag"),
    "correspondents": ("Correspondent", "correspondent"),
    "document_types": ("DocumentType", "document type"),
    "storage_paths": ("StoragePath", "storage path"),
    "custom_fields": ("CustomField", "custom field"),
}

#: Kind -> the document's column that holds its id.
COLUMNS = {
    "correspondents": "correspondent",
    "document_types": "document_type",
    "storage_paths": "storage_path",
}

_MATCHING = {"match": "", "matching_algorithm": 1, "is_insensitive": True}
DEFAULTS: dict[str, dict[str, Any]] = {
    "tags": {"color": "#a6cee3", **_MATCHING, "is_inbox_tag": False},
    "correspondents": _MATCHING,
    "document_types": _MATCHING,
    "storage_paths": {"path": "{{ title }}", **_MATCHING},
    "custom_fields": {"data_type": "string", "extra_data": None},
}


def create_name(state: State, kind: str, name: str, owner: int | None = None, **attributes: Any) -> int:
    """Store a new name and give its id; nothing is checked."""
    parent = attributes.pop("parent", None)
    data = {key: attributes.get(key, value) for key, value in DEFAULTS[kind].items()}
    with state.transaction():
        row = state.row("SELECT coalesce(max(id), 0) + 1 FROM names WHERE kind = ?", (kind,))
        new_id = int(row[0]) if row else 1
        state.rows(
            "INSERT INTO names (kind, id, name, owner, parent, data) VALUES (?, ?, ?, ?, ?, ?)",
            (kind, new_id, name, owner, parent, json.dumps(data)),
        )
    return new_id


def id_of_name(state: State, kind: str, name: str) -> int | None:
    """Find the lowest id with exactly this name."""
    row = state.row("SELECT min(id) FROM names WHERE kind = ? AND name = ?", (kind, name))
    return row[0] if row else None


def ensure_name(state: State, kind: str, name: str) -> int:
    """Find a name's id, creating it unowned if missing."""
    return id_of_name(state, kind, name) or create_name(state, kind, name)


def get_name(state: State, kind: str, name_id: Any) -> sqlite3.Row | None:
    """Read one name's row."""
    return state.row("SELECT * FROM names WHERE kind = ? AND id = ?", (kind, name_id))


def known_ids(state: State, kind: str, ids: list[int]) -> set[int]:
    """Say which of the ids exist."""
    return set(state.column(f"SELECT id FROM names WHERE kind = ? AND id IN ({marks(ids)})", (kind, *ids)))  # noqa: S608


def ancestors(state: State, tag_ids: set[int]) -> set[int]:
    """Give all parents of the tags, up to the roots, without the tags themselves."""
    return _walk(state, tag_ids, "SELECT parent FROM names WHERE kind = 'tags' AND id = ?")


def descendants(state: State, tag_ids: set[int]) -> set[int]:
    """Give all children of the tags, down to the leaves, without the tags themselves."""
    return _walk(state, tag_ids, "SELECT id FROM names WHERE kind = 'tags' AND parent = ?")


def _walk(state: State, tag_ids: set[int], step: str) -> set[int]:
    found: set[int] = set()
    waiting = list(tag_ids)
    while waiting:
        reached = [tag for tag in state.column(step, (waiting.pop(),)) if tag is not None and tag not in found]
        found.update(reached)
        waiting.extend(reached)
    return found


def name_answer(state: State, kind: str, name_id: int, viewer: User, *, full_perms: bool = False) -> dict[str, Any]:
    """Shape a name as GET answers it, a tag with its children nested."""
    row = get_name(state, kind, name_id)
    assert row is not None  # noqa: S101 - callers looked it up
    data = json.loads(row["data"])
    if kind == "custom_fields":
        return {"id": row["id"], "name": row["name"], **data, "document_count": _count(state, kind, name_id)}
    answer: dict[str, Any] = {"id": row["id"], "slug": slug(row["name"]), "name": row["name"]}
    if kind == "tags":
        color = data.pop("color")
        answer |= {"color": color, "text_color": text_color(color)}
    answer |= data | {"document_count": _count(state, kind, name_id), "owner": row["owner"]}
    if full_perms:
        answer["permissions"] = no_permissions()
    else:
        answer["user_can_change"] = viewer.is_superuser or row["owner"] in (None, viewer.id)
    if kind == "tags":
        children = state.column(
            "SELECT id FROM names WHERE kind = 'tags' AND parent = ? ORDER BY lower(name), id", (name_id,)
        )
        answer["parent"] = row["parent"]
        answer["children"] = [name_answer(state, kind, child, viewer, full_perms=full_perms) for child in children]
    return answer


def _count(state: State, kind: str, name_id: int) -> int:
    statements = {
        "tags": "SELECT count(*) FROM document_tags JOIN documents ON id = document_id WHERE tag_id = ?",
        "custom_fields": "SELECT count(*) FROM custom_values JOIN documents d ON d.id = document_id WHERE field_id = ?",
        "correspondents": "SELECT count(*) FROM documents WHERE correspondent = ?",
        "document_types": "SELECT count(*) FROM documents WHERE document_type = ?",
        "storage_paths": "SELECT count(*) FROM documents WHERE storage_path = ?",
    }
    row = state.row(statements[kind] + " AND deleted_at IS NULL", (name_id,))
    return int(row[0]) if row else 0


def no_permissions() -> dict[str, Any]:
    """Give the permissions of an object shared with nobody."""
    return {
        "view": {"users": [], "groups": []},
        "change": {"users": [], "groups": []},
    }


def slug(name: str) -> str:
    """Make a name fit for a URL."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def text_color(color: str) -> str:
    """Choose black or white text for a background, by Paperless's luminance rule."""
    red, green, blue = (int(color[start : start + 2], 16) for start in (1, 3, 5))
    luminance = (0.299 * red**2 + 0.587 * green**2 + 0.114 * blue**2) ** 0.5 / 255
    return "#ffffff" if luminance < 0.53 else "#000000"
