"""The first tables: jobs, pages, answers, write-backs, ledger, events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "answer",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("suggestion", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_answer")),
    )
    op.create_index("ix_answer_created_at", "answer", ["created_at"], unique=False)
    op.create_table(
        "event",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    op.create_index("ix_event_at", "event", ["at"], unique=False)
    op.create_index("ix_event_job", "event", ["job_id", "id"], unique=False)
    op.create_table(
        "job",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("crashes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("run_after", sa.Double(), nullable=True),
        sa.Column("lease_token", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_owner", sa.String(length=64), nullable=True),
        sa.Column("lease_until", sa.Double(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("giving_up", sa.Integer(), server_default="0", nullable=False),
        sa.Column("changed", sa.Integer(), nullable=True),
        sa.Column("base", sa.Text(), nullable=True),
        sa.Column("pages_done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("pages_total", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=True),
        sa.Column("finished_at", sa.Double(), nullable=True),
        sa.CheckConstraint("(state = 'running') = (lease_until IS NOT NULL)", name=op.f("ck_job_lease")),
        sa.CheckConstraint("(state = 'scheduled') = (run_after IS NOT NULL)", name=op.f("ck_job_run_after")),
        sa.CheckConstraint(
            "state IN ('ready', 'running', 'scheduled', 'review') OR state IN ('succeeded', 'failed', 'cancelled')",
            name=op.f("ck_job_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    op.create_index("ix_job_document", "job", ["document_id", "id"], unique=False)
    op.create_index(
        "ix_job_finished",
        "job",
        ["finished_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('succeeded', 'failed', 'cancelled')"),
        postgresql_where=sa.text("state IN ('succeeded', 'failed', 'cancelled')"),
    )
    op.create_index(
        "ix_job_ready",
        "job",
        ["kind", "priority", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'ready'"),
        postgresql_where=sa.text("state = 'ready'"),
    )
    op.create_index(
        "ix_job_running",
        "job",
        ["lease_until"],
        unique=False,
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_index(
        "ix_job_scheduled",
        "job",
        ["run_after"],
        unique=False,
        sqlite_where=sa.text("state = 'scheduled'"),
        postgresql_where=sa.text("state = 'scheduled'"),
    )
    op.create_index(
        "uq_job_unfinished",
        "job",
        ["document_id", "kind"],
        unique=True,
        sqlite_where=sa.text("state IN ('ready', 'running', 'scheduled', 'review')"),
        postgresql_where=sa.text("state IN ('ready', 'running', 'scheduled', 'review')"),
    )
    op.create_table(
        "ledger",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("input_tokens", sa.Integer(), nullable=True),
        sa.Column("output_tokens", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger")),
    )
    op.create_index("ix_ledger_created_at", "ledger", ["created_at"], unique=False)
    op.create_index("ix_ledger_job", "ledger", ["job_id"], unique=False)
    op.create_table(
        "page",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("engine", sa.String(length=64), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_page")),
    )
    op.create_index("ix_page_created_at", "page", ["created_at"], unique=False)
    op.create_index("ix_page_document", "page", ["document_id", "page"], unique=False)
    op.create_table(
        "write",
        sa.Column("job_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("lease_token", sa.Integer(), nullable=False),
        sa.Column("proposal", sa.Text(), nullable=False),
        sa.Column("old", sa.Text(), nullable=False),
        sa.Column("written", sa.Text(), nullable=False),
        sa.Column("conflicts", sa.Text(), server_default="[]", nullable=False),
        sa.Column("refused", sa.Text(), server_default="{}", nullable=False),
        sa.Column("intended_at", sa.Double(), nullable=False),
        sa.Column("verified_at", sa.Double(), nullable=True),
        sa.CheckConstraint("state IN ('intended', 'verified', 'dropped')", name=op.f("ck_write_state")),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_write")),
    )
    op.create_index("ix_write_document", "write", ["document_id", "job_id"], unique=False)
    op.create_index(
        "ix_write_intended",
        "write",
        ["job_id"],
        unique=False,
        sqlite_where=sa.text("state = 'intended'"),
        postgresql_where=sa.text("state = 'intended'"),
    )


def downgrade() -> None:
    op.drop_index(
        "ix_write_intended",
        table_name="write",
        sqlite_where=sa.text("state = 'intended'"),
        postgresql_where=sa.text("state = 'intended'"),
    )
    op.drop_index("ix_write_document", table_name="write")
    op.drop_table("write")
    op.drop_index("ix_page_document", table_name="page")
    op.drop_index("ix_page_created_at", table_name="page")
    op.drop_table("page")
    op.drop_index("ix_ledger_job", table_name="ledger")
    op.drop_index("ix_ledger_created_at", table_name="ledger")
    op.drop_table("ledger")
    op.drop_index(
        "uq_job_unfinished",
        table_name="job",
        sqlite_where=sa.text("state IN ('ready', 'running', 'scheduled', 'review')"),
        postgresql_where=sa.text("state IN ('ready', 'running', 'scheduled', 'review')"),
    )
    op.drop_index(
        "ix_job_scheduled",
        table_name="job",
        sqlite_where=sa.text("state = 'scheduled'"),
        postgresql_where=sa.text("state = 'scheduled'"),
    )
    op.drop_index(
        "ix_job_running",
        table_name="job",
        sqlite_where=sa.text("state = 'running'"),
        postgresql_where=sa.text("state = 'running'"),
    )
    op.drop_index(
        "ix_job_ready",
        table_name="job",
        sqlite_where=sa.text("state = 'ready'"),
        postgresql_where=sa.text("state = 'ready'"),
    )
    op.drop_index(
        "ix_job_finished",
        table_name="job",
        sqlite_where=sa.text("state IN ('succeeded', 'failed', 'cancelled')"),
        postgresql_where=sa.text("state IN ('succeeded', 'failed', 'cancelled')"),
    )
    op.drop_index("ix_job_document", table_name="job")
    op.drop_table("job")
    op.drop_index("ix_event_job", table_name="event")
    op.drop_index("ix_event_at", table_name="event")
    op.drop_table("event")
    op.drop_index("ix_answer_created_at", table_name="answer")
    op.drop_table("answer")
