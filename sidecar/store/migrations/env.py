"""Alembic's entry: run the wanted steps on the connection that `sidecar.store.migrate` hands over."""

from __future__ import annotations

from alembic import context

from sidecar.store.schema import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,  # ours is: every transaction is begun explicitly (see database.py)
)
with context.begin_transaction():
    context.run_migrations()
