"""What programs on several machines share: parked providers, and slots of which there are only so many.

And when a job came into its state, by which a clock that was set back is noticed.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("job", sa.Column("moved_at", sa.Double(), nullable=True))
    op.create_index(
        "ix_job_scheduled_moved_at",
        "job",
        ["moved_at"],
        unique=False,
        sqlite_where=sa.text("state = 'scheduled'"),
        postgresql_where=sa.text("state = 'scheduled'"),
    )
    op.create_table(
        "provider",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("parked_until", sa.Double(), nullable=False),
        sa.Column("parked_since", sa.Double(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_provider")),
    )
    op.create_table(
        "slot",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=True),
        sa.Column("held_until", sa.Double(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("name", "number", name=op.f("pk_slot")),
    )


def downgrade() -> None:
    op.drop_table("slot")
    op.drop_table("provider")
    op.drop_index(
        "ix_job_scheduled_moved_at",
        table_name="job",
        sqlite_where=sa.text("state = 'scheduled'"),
        postgresql_where=sa.text("state = 'scheduled'"),
    )
    op.drop_column("job", "moved_at")
