"""Customers that leave: what was handed out to them, and how far their deletion is."""

from alembic import op

from portal.core.database.script import statements

revision = "admin_0018"
down_revision = "admin_0017"
branch_labels = None
depends_on = None

DDL = """
CREATE TABLE fleet.customer_exports (
    customer_id uuid PRIMARY KEY REFERENCES fleet.customers ON DELETE CASCADE,
    finished_at timestamptz NOT NULL,
    files integer NOT NULL,
    rows bigint NOT NULL,
    manifest_sha256 varchar(64) NOT NULL
);
CREATE TABLE fleet.decommissions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    number integer NOT NULL,
    whose uuid UNIQUE,
    begun_at timestamptz NOT NULL DEFAULT now(),
    rows_deleted bigint NOT NULL DEFAULT 0,
    to_shrink jsonb NOT NULL DEFAULT '{}',
    exported_at timestamptz,
    manifest_sha256 varchar(64),
    deleted_at timestamptz,
    finished_at timestamptz
);
"""


def upgrade() -> None:
    """Make the tables."""
    for statement in statements(DDL):
        op.execute(statement)


def downgrade() -> None:
    """Drop them: a deletion that is under way goes on after the next upgrade only when it is asked for again."""
    op.execute("DROP TABLE fleet.decommissions, fleet.customer_exports")
