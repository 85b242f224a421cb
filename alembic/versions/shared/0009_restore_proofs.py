"""What restoring the nightly backups beside the stack showed."""

from alembic import op

revision = "shared_0009"
down_revision = "shared_0008"
branch_labels = None
depends_on = None

_TABLE = """
CREATE TABLE app.restore_proofs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    checked_at timestamptz NOT NULL,
    file varchar(500) NOT NULL,
    file_bytes bigint NOT NULL,
    row_count bigint NOT NULL,
    meter_count integer NOT NULL,
    day_count integer NOT NULL,
    problem varchar(1000) NOT NULL
)
"""


def upgrade() -> None:
    """Nothing was restored yet."""
    op.execute(_TABLE)


def downgrade() -> None:
    """Forget it."""
    op.execute("DROP TABLE app.restore_proofs")
