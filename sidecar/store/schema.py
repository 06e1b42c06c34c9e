"""The tables. Migrations make them; a test holds both to be the same.

Times are seconds since the epoch (UTC) as floating-point numbers, so that SQLite and PostgreSQL compare them alike.
Partial indexes carry the hot statements: a finished or snoozed job costs a claim nothing.
"""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

UNFINISHED = "state IN ('ready', 'running', 'scheduled', 'review')"
FINISHED = "state IN ('succeeded', 'failed', 'cancelled')"


def _partial(name: str, *columns: str, where: str, unique: bool = False) -> sa.Index:
    condition = sa.text(where)
    return sa.Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


job = sa.Table(
    "job",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("document_id", sa.Integer, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
    sa.Column("crashes", sa.Integer, nullable=False, server_default="0"),
    sa.Column("run_after", sa.Double),
    sa.Column("lease_token", sa.Integer, nullable=False, server_default="0"),
    sa.Column("lease_owner", sa.String(64)),
    sa.Column("lease_until", sa.Double),
    sa.Column("reason", sa.Text),
    sa.Column("giving_up", sa.Integer, nullable=False, server_default="0"),
    sa.Column("changed", sa.Integer),
    sa.Column("base", sa.Text),
    # What exactly is asked for, as JSON (of an undo: the jobs to be taken back); None where the kind says it all.
    sa.Column("ask", sa.Text),
    sa.Column("pages_done", sa.Integer, nullable=False, server_default="0"),
    sa.Column("pages_total", sa.Integer),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("started_at", sa.Double),
    sa.Column("finished_at", sa.Double),
    # When it came into the state it is in; None for a job of before the second schema that has not moved since.
    sa.Column("moved_at", sa.Double),
    sa.CheckConstraint(f"{UNFINISHED} OR {FINISHED}", name="state"),
    sa.CheckConstraint("(state = 'running') = (lease_until IS NOT NULL)", name="lease"),
    sa.CheckConstraint("(state = 'scheduled') = (run_after IS NOT NULL)", name="run_after"),
    _partial("ix_job_ready", "kind", "priority", "id", where="state = 'ready'"),
    _partial("ix_job_running", "lease_until", where="state = 'running'"),
    _partial("ix_job_scheduled", "run_after", where="state = 'scheduled'"),
    _partial("ix_job_scheduled_moved_at", "moved_at", where="state = 'scheduled'"),
    _partial("uq_job_unfinished", "document_id", "kind", where=UNFINISHED, unique=True),
    _partial("ix_job_finished", "finished_at", where=FINISHED),
    _partial("ix_job_failed", "id", where="state = 'failed'"),
    _partial("ix_job_review", "kind", "id", where="state = 'review'"),
    sa.Index("ix_job_document", "document_id", "id"),
)

#: Accepted pages only. The key holds everything that could change the text, so a row is true for ever.
page = sa.Table(
    "page",
    metadata,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("document_id", sa.Integer, nullable=False),
    sa.Column("page", sa.Integer, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("engine", sa.String(64), nullable=False),
    sa.Column("confidence", sa.Double),
    sa.Column("seconds", sa.Double, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    # Why it was read this way, in words; and its words with their places, as JSON.
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("words", sa.Text),
    sa.Index("ix_page_document", "document_id", "page"),
    sa.Index("ix_page_created_at", "created_at"),
)

#: Answers of vision models that were not accepted: never asked for again, and never kept.
rejection = sa.Table(
    "rejection",
    metadata,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("document_id", sa.Integer, nullable=False),
    sa.Column("page", sa.Integer, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Index("ix_rejection_created_at", "created_at"),
)

#: Model answers that were checked, by everything that went into the question.
answer = sa.Table(
    "answer",
    metadata,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("document_id", sa.Integer, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("suggestion", sa.Text, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    # The job it was asked for, and a digest of text, model, prompts and rules: names that were made since, by this very
    # job, change the question's key but not what the job has paid for.
    sa.Column("job_id", sa.Integer),
    sa.Column("about", sa.String(64)),
    sa.Index("ix_answer_created_at", "created_at"),
    sa.Index("ix_answer_job", "job_id"),
)

#: The journal: one row per job that got as far as writing, made before its first byte was sent.
write = sa.Table(
    "write",
    metadata,
    sa.Column("job_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("document_id", sa.Integer, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("lease_token", sa.Integer, nullable=False),
    sa.Column("proposal", sa.Text, nullable=False),
    sa.Column("old", sa.Text, nullable=False),
    sa.Column("written", sa.Text, nullable=False),
    sa.Column("conflicts", sa.Text, nullable=False, server_default="[]"),
    sa.Column("refused", sa.Text, nullable=False, server_default="{}"),
    # Tags that Paperless put on beside ours (parents of a child tag), as a JSON list; taken back with them.
    sa.Column("appeared", sa.Text, nullable=False, server_default="[]"),
    sa.Column("intended_at", sa.Double, nullable=False),
    sa.Column("verified_at", sa.Double),
    sa.CheckConstraint("state IN ('intended', 'verified', 'dropped')", name="state"),
    sa.Index("ix_write_document", "document_id", "job_id"),
    _partial("ix_write_intended", "job_id", where="state = 'intended'"),
)

#: One row per call to a model that may cost money, answered or not; job 0 for calls that no job made.
ledger = sa.Table(
    "ledger",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("job_id", sa.Integer, nullable=False),
    sa.Column("document_id", sa.Integer, nullable=False),
    sa.Column("purpose", sa.String(16), nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("input_tokens", sa.Integer),
    sa.Column("output_tokens", sa.Integer),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("seconds", sa.Double, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    # The endpoint that was asked; None for a call of before the fourth schema.
    sa.Column("provider", sa.Text),
    # In the currency of the price table; None where no price is set.
    sa.Column("cost", sa.Double),
    # 1 where the provider did not count and the tokens are our estimate.
    sa.Column("estimated", sa.Integer, nullable=False, server_default="0"),
    sa.Index("ix_ledger_created_at", "created_at"),
    sa.Index("ix_ledger_job", "job_id"),
)

#: Proposals that wait (or waited) for a person.
review = sa.Table(
    "review",
    metadata,
    sa.Column("job_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("document_id", sa.Integer, nullable=False),
    # As the work made it, and, apart from it, as a person changed it; None while nobody did.
    sa.Column("proposal", sa.Text, nullable=False),
    sa.Column("edited", sa.Text),
    # The words that were shown, of which an approval is one.
    sa.Column("shown", sa.Text, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    # "approved" or "rejected"; None while it waits.
    sa.Column("decision", sa.String(16)),
    sa.Column("decided_by", sa.Text),
    sa.Column("decided_at", sa.Double),
    sa.CheckConstraint("decision IN ('approved', 'rejected')", name="decision"),
    sa.Index("ix_review_document", "document_id", "job_id"),
)

#: Fields of write-backs that were taken back, each by the job that did it.
taken_back = sa.Table(
    "taken_back",
    metadata,
    sa.Column("job_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("field", sa.String(64), primary_key=True),
    sa.Column("by_job", sa.Integer, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
)

#: Names that were made in Paperless for a job, so that those left unused can be offered for removal.
made_name = sa.Table(
    "made_name",
    metadata,
    sa.Column("kind", sa.String(32), primary_key=True),
    sa.Column("name_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("job_id", sa.Integer, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Index("ix_made_name_job", "job_id"),
)

#: A job's story in sentences, for the owner.
event = sa.Table(
    "event",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("job_id", sa.Integer, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Index("ix_event_job", "job_id", "id"),
    sa.Index("ix_event_at", "at"),
)

#: Providers that are left alone, for all programs on this store.
provider = sa.Table(
    "provider",
    metadata,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("parked_until", sa.Double, nullable=False),
    sa.Column("parked_since", sa.Double, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)

#: What only so many programs may do at a time: a slot is held until it is left or its time is over.
slot = sa.Table(
    "slot",
    metadata,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("owner", sa.String(64)),
    sa.Column("held_until", sa.Double, nullable=False, server_default="0"),
)

#: People who are logged in to the dashboard. The cookie's value is nowhere in here: only its SHA-256.
web_session = sa.Table(
    "web_session",
    metadata,
    sa.Column("id_hash", sa.String(64), primary_key=True),
    sa.Column("user_id", sa.Integer, nullable=False),
    sa.Column("username", sa.Text, nullable=False),
    # 1 for who is staff in Paperless.
    sa.Column("is_staff", sa.Integer, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("seen_at", sa.Double, nullable=False),
    sa.Index("ix_web_session_seen_at", "seen_at"),
)

#: What machines log in with. The token itself is shown once and kept nowhere: only its SHA-256.
api_token = sa.Table(
    "api_token",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("token_hash", sa.String(64), nullable=False),
    sa.Column("scope", sa.String(16), nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("used_at", sa.Double),
    sa.CheckConstraint("scope IN ('metrics', 'read', 'work', 'admin')", name="scope"),
    sa.Index("uq_api_token_token_hash", "token_hash", unique=True),
)

#: Kinds of jobs of which none is claimed until somebody says so.
pause = sa.Table(
    "pause",
    metadata,
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("since", sa.Double, nullable=False),
    sa.Column("by_whom", sa.Text, nullable=False),
)
