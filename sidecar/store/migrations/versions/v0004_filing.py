"""Filing that is reviewed, taken back and paid for: proposals, what was taken back, names made, costs of calls."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

NEW_COLUMNS: tuple[tuple[str, sa.Column[object]], ...] = (
    ("job", sa.Column("ask", sa.Text(), nullable=True)),
    ("answer", sa.Column("job_id", sa.Integer(), nullable=True)),
    ("answer", sa.Column("about", sa.String(length=64), nullable=True)),
    ("write", sa.Column("appeared", sa.Text(), server_default="[]", nullable=False)),
    ("ledger", sa.Column("provider", sa.Text(), nullable=True)),
    ("ledger", sa.Column("cost", sa.Double(), nullable=True)),
    ("ledger", sa.Column("estimated", sa.Integer(), server_default="0", nullable=False)),
)


def upgrade() -> None:
    for table, column in NEW_COLUMNS:
        op.add_column(table, column)
    op.create_index("ix_answer_job", "answer", ["job_id"], unique=False)
    op.create_table(
        "review",
        sa.Column("job_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("proposal", sa.Text(), nullable=False),
        sa.Column("edited", sa.Text(), nullable=True),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("decision", sa.String(length=16), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.Double(), nullable=True),
        sa.CheckConstraint("decision IN ('approved', 'rejected')", name=op.f("ck_review_decision")),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_review")),
    )
    op.create_index("ix_review_document", "review", ["document_id", "job_id"], unique=False)
    op.create_table(
        "taken_back",
        sa.Column("job_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("field", sa.String(length=64), nullable=False),
        sa.Column("by_job", sa.Integer(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "field", name=op.f("pk_taken_back")),
    )
    op.create_table(
        "made_name",
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("name_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "name_id", name=op.f("pk_made_name")),
    )
    op.create_index("ix_made_name_job", "made_name", ["job_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_made_name_job", table_name="made_name")
    op.drop_table("made_name")
    op.drop_table("taken_back")
    op.drop_index("ix_review_document", table_name="review")
    op.drop_table("review")
    op.drop_index("ix_answer_job", table_name="answer")
    for table, column in reversed(NEW_COLUMNS):
        op.drop_column(table, column.name)
