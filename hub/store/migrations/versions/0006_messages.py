"""What a message told last, a post that began, when it is looked at again, and who has it in hand."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the columns. Nothing has written messages before."""
    with op.batch_alter_table("messages") as batch:
        batch.add_column(sa.Column("told", sa.Text(), nullable=True))
        batch.add_column(sa.Column("intent_at", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("look_at", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("token", sa.Text(), nullable=True))
        batch.add_column(sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True))
