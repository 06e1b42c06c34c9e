"""Pages with the reason they were read this way and the places of their words; answers that were not accepted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("page", sa.Column("reason", sa.Text(), server_default="", nullable=False))
    op.add_column("page", sa.Column("words", sa.Text(), nullable=True))
    op.create_table(
        "rejection",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_rejection")),
    )
    op.create_index("ix_rejection_created_at", "rejection", ["created_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_rejection_created_at", table_name="rejection")
    op.drop_table("rejection")
    op.drop_column("page", "words")
    op.drop_column("page", "reason")
