"""Rows of the audit log end after a year, deleted by a function of the owner's: nobody else may."""

from __future__ import annotations

from alembic import op

from hub.store.tables import MAKE_PRUNE_AUDIT

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the function, on PostgreSQL."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(MAKE_PRUNE_AUDIT)
