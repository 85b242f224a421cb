"""Meters above and below each other, virtual ones, tokens with grace, and the last posts: Client."""

from alembic import op

from portal.core.database.script import statements

revision = "client_0019"
down_revision = "client_0018"
branch_labels = None
depends_on = None

_UPGRADE = """
ALTER TABLE monitoring.devices
    ALTER COLUMN token_hash DROP NOT NULL,
    ADD COLUMN parent_id uuid
        REFERENCES monitoring.devices (id) ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
    ADD COLUMN kind varchar(10) NOT NULL DEFAULT 'bulk',
    ADD COLUMN formula jsonb,
    ADD COLUMN token_last4 varchar(4) NOT NULL DEFAULT '',
    ADD COLUMN token_issued_at timestamptz,
    ADD COLUMN previous_token_hash varchar(64),
    ADD COLUMN previous_token_expires_at timestamptz,
    ADD CONSTRAINT devices_kind_check CHECK (
        kind = CASE WHEN formula IS NOT NULL THEN 'virtual' WHEN parent_id IS NOT NULL THEN 'sub' ELSE 'bulk' END
    );
CREATE INDEX ix_monitoring_devices_parent_id ON monitoring.devices (parent_id);
CREATE INDEX ix_devices_previous_token_hash ON monitoring.devices (previous_token_hash);
CREATE TABLE monitoring.device_posts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id uuid REFERENCES monitoring.devices (id) ON DELETE CASCADE ON UPDATE CASCADE,
    posted_at timestamptz NOT NULL DEFAULT now(),
    status integer NOT NULL,
    body_bytes integer,
    rows integer,
    stored_rows integer NOT NULL DEFAULT 0,
    known_rows integer NOT NULL DEFAULT 0,
    refused_rows integer NOT NULL DEFAULT 0,
    reason varchar(500) NOT NULL DEFAULT '',
    address varchar(64) NOT NULL DEFAULT '',
    token_length integer,
    token_last4 varchar(4) NOT NULL DEFAULT ''
);
CREATE INDEX ix_device_posts_device ON monitoring.device_posts (device_id, id);
"""
# A virtual meter has no token, which an earlier release wants: it is given one that nobody can have.
_DOWNGRADE = """
DROP TABLE monitoring.device_posts;
UPDATE monitoring.devices SET token_hash = 'virtual:' || id WHERE token_hash IS NULL;
ALTER TABLE monitoring.devices
    DROP COLUMN parent_id, DROP COLUMN kind, DROP COLUMN formula, DROP COLUMN token_last4,
    DROP COLUMN token_issued_at, DROP COLUMN previous_token_hash, DROP COLUMN previous_token_expires_at,
    ALTER COLUMN token_hash SET NOT NULL;
"""


def upgrade() -> None:
    """Every meter there is is a bulk meter until somebody says otherwise."""
    for statement in statements(_UPGRADE):
        op.execute(statement)


def downgrade() -> None:
    """Forget what is above and below."""
    for statement in statements(_DOWNGRADE):
        op.execute(statement)
