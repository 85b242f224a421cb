"""How far behind customers are, and the fleet every five minutes: Admin."""

from alembic import op

revision = "admin_0021"
down_revision = "admin_0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The newest reading that is known of a customer so far is the last of its last hour; the day begins now."""
    op.execute("ALTER TABLE fleet.customers ADD COLUMN newest_reading_at timestamptz")
    op.execute(
        "UPDATE fleet.customers c SET newest_reading_at = (SELECT least(max(h.last_at), now())"
        " FROM fleet.hourly_energy h WHERE h.customer_id = c.id AND h.hour >="
        " (SELECT max(l.hour) FROM fleet.hourly_energy l WHERE l.customer_id = c.id))"
    )
    op.execute(
        "CREATE TABLE fleet.samples ("
        " at timestamptz PRIMARY KEY,"
        " active integer NOT NULL,"
        " median_seconds integer,"
        " p95_seconds integer,"
        " worst_seconds integer,"
        " worst_customer uuid REFERENCES fleet.customers (id) ON DELETE SET NULL,"
        " batches integer NOT NULL,"
        " refused_batches integer NOT NULL,"
        " rows_accepted bigint NOT NULL,"
        " rows_rejected bigint NOT NULL)"
    )
    op.execute("CREATE INDEX ix_fleet_ingest_events_received ON fleet.ingest_events (received_at)")


def downgrade() -> None:
    """Forget it again."""
    op.execute("DROP INDEX fleet.ix_fleet_ingest_events_received")
    op.execute("DROP TABLE fleet.samples")
    op.execute("ALTER TABLE fleet.customers DROP COLUMN newest_reading_at")
