"""A small engine of workflows: "document updated" triggers with conditions, and what they assign or remove.

As Paperless documents and does it: a change through the API runs them before its answer is sent (though the answer
shows the document as it was before them), a bulk edit runs them in its background task, a note runs none. What a
workflow changes runs no workflow. Its entries in the audit log carry the actor of the request, in a task none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sidecar.practice.archive_documents import tags_of
from sidecar.practice.archive_names import COLUMNS, ancestors, descendants, ensure_name, get_name
from sidecar.practice.archive_patch import set_tags, write_columns
from sidecar.practice.archive_state import State, User


@dataclass(frozen=True)
class Workflow:
    """One workflow. Names are made on demand, as a person picks from what there is."""

    #: Runs only if the document has one of these tags; empty for every document.
    has_tags: tuple[str, ...] = ()
    #: Does not run if the document has one of these.
    has_not_tags: tuple[str, ...] = ()
    assign_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    #: Columns to set; correspondent, document_type and storage_path by name. A title may hold {{ doc_title }}.
    assign: Mapping[str, Any] = field(default_factory=dict)


class Workflows:
    """The workflows of one archive, in their order."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._all: list[Workflow] = []
        #: How often one of them ran.
        self.runs = 0
        state.on_update.append(self.run)

    def replace(self, workflows: Iterable[Workflow]) -> None:
        """Put these in place of all."""
        self._all = list(workflows)

    def run(self, document_id: int, actor: User | None) -> None:
        """Run what an update of the document triggers."""
        for workflow in self._all:
            tags = tags_of(self._state, document_id)
            if self._matches(workflow, set(tags)):
                self.runs += 1
                self._apply(workflow, document_id, set(tags), actor)

    def _matches(self, workflow: Workflow, tags: set[int]) -> bool:
        wanted, unwanted = self._ids(workflow.has_tags), self._ids(workflow.has_not_tags)
        return (not wanted or bool(wanted & tags)) and not unwanted & tags

    def _ids(self, names: Iterable[str]) -> set[int]:
        return {ensure_name(self._state, "tags", name) for name in names}

    def _apply(self, workflow: Workflow, document_id: int, tags: set[int], actor: User | None) -> None:
        adding, removing = self._ids(workflow.assign_tags), self._ids(workflow.remove_tags)
        after = (tags | adding | ancestors(self._state, adding)) - removing - descendants(self._state, removing)
        if after != tags:
            set_tags(self._state, document_id, sorted(after), actor)
        row = self._state.row("SELECT * FROM documents WHERE id = ?", (document_id,))
        if row is not None and workflow.assign:
            write_columns(self._state, row, self._columns(workflow, row), actor)

    def _columns(self, workflow: Workflow, row: Any) -> dict[str, Any]:
        kinds = {column: kind for kind, column in COLUMNS.items()}
        columns = dict(workflow.assign)
        for key, value in columns.items():
            if key in kinds and value is not None:
                columns[key] = ensure_name(self._state, kinds[key], value)
        if "title" in columns:
            known = get_name(self._state, "correspondents", row["correspondent"])
            columns["title"] = (
                str(columns["title"])
                .replace("{{ doc_title }}", row["title"])
                .replace("{{ correspondent }}", known["name"] if known else "")
            )[:128]
        return columns
