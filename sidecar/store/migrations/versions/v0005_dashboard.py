"""What the dashboard keeps: who is logged in, what machines log in with, and which kinds of jobs are paused."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_FAILED = sa.text("state = 'failed'")
_REVIEW = sa.text("state = 'review'")


def upgrade() -> None:
    op.create_table(
        "web_session",
        sa.Column("id_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("is_staff", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("seen_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id_hash", name=op.f("pk_web_session")),
    )
    op.create_index("ix_web_session_seen_at", "web_session", ["seen_at"], unique=False)
    op.create_table(
        "api_token",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("scope", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("used_at", sa.Double(), nullable=True),
        sa.CheckConstraint("scope IN ('metrics', 'read', 'work', 'admin')", name=op.f("ck_api_token_scope")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
    )
    op.create_index("uq_api_token_token_hash", "api_token", ["token_hash"], unique=True)
    op.create_table(
        "pause",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.Column("by_whom", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_pause")),
    )
    op.create_index("ix_job_failed", "job", ["id"], unique=False, sqlite_where=_FAILED, postgresql_where=_FAILED)
    op.create_index("ix_job_review", "job", ["kind", "id"], sqlite_where=_REVIEW, postgresql_where=_REVIEW)


def downgrade() -> None:
    op.drop_index("ix_job_review", table_name="job")
    op.drop_index("ix_job_failed", table_name="job")
    op.drop_table("pause")
    op.drop_index("uq_api_token_token_hash", table_name="api_token")
    op.drop_table("api_token")
    op.drop_index("ix_web_session_seen_at", table_name="web_session")
    op.drop_table("web_session")
