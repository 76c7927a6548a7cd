"""How Alembic runs our migrations: on the connection that `hub.store.schema` hands it, in its transaction."""

from __future__ import annotations

from alembic import context

from hub.store.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
