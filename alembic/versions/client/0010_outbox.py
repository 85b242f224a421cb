"""The readings that wait for the push are entries of an outbox, and their table is named so: Client."""

from alembic import op

revision = "client_0010"
down_revision = "client_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Rename the table and what is named after it."""
    _rename("push_arrivals", "push_outbox")


def downgrade() -> None:
    """Take the earlier names again."""
    _rename("push_outbox", "push_arrivals")


def _rename(old: str, new: str) -> None:
    op.execute(f"ALTER TABLE app.{old} RENAME TO {new}")
    op.execute(f"ALTER TABLE app.{new} RENAME CONSTRAINT {old}_pkey TO {new}_pkey")
    op.execute(f"ALTER INDEX app.ix_app_{old}_freshest RENAME TO ix_app_{new}_freshest")
    op.execute(f"ALTER SEQUENCE app.{old}_id_seq RENAME TO {new}_id_seq")
