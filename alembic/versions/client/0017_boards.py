"""Boards say what they run, and are told how they are to be set up: Client."""

from alembic import op

from portal.core.database.script import statements

revision = "client_0017"
down_revision = "client_0016"
branch_labels = None
depends_on = None

_UPGRADE = """
CREATE TABLE monitoring.boards (
    device_id uuid PRIMARY KEY REFERENCES monitoring.devices (id) ON UPDATE CASCADE ON DELETE CASCADE,
    running varchar(32) NOT NULL DEFAULT '',
    failed_release varchar(32) NOT NULL DEFAULT '',
    applied_version integer NOT NULL DEFAULT 0,
    signal_dbm smallint,
    heard_at timestamptz,
    settings_version integer NOT NULL DEFAULT 0,
    settings jsonb,
    pinned_release varchar(32) NOT NULL DEFAULT ''
);
CREATE TABLE monitoring.board_claims (
    device_id uuid PRIMARY KEY REFERENCES monitoring.devices (id) ON UPDATE CASCADE ON DELETE CASCADE,
    code varchar(12) NOT NULL UNIQUE,
    expires_at timestamptz NOT NULL
);
CREATE TABLE monitoring.board_releases (
    version varchar(32) PRIMARY KEY,
    bundle bytea NOT NULL,
    percent smallint NOT NULL DEFAULT 0,
    added_at timestamptz NOT NULL DEFAULT now()
);
"""


def upgrade() -> None:
    """Make the tables."""
    for statement in statements(_UPGRADE):
        op.execute(statement)


def downgrade() -> None:
    """Drop them: boards go on as they are."""
    for table in ("board_releases", "board_claims", "boards"):
        op.execute(f"DROP TABLE monitoring.{table}")
