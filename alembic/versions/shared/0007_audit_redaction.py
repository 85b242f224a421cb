"""Of a customer that has left the trail keeps what was done and by whom, not who the customer was."""

from alembic import op

revision = "shared_0007"
down_revision = "shared_0006"
branch_labels = None
depends_on = None

# A row may lose what it says about a customer, and that alone: what was done, when, by whom and from where stays.
_KEEP = """
CREATE OR REPLACE FUNCTION app.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.subject ~ '^customer [0-9]+$' AND NEW.detail = ''
        AND (OLD.action LIKE 'customer.%' OR OLD.action = 'data.exported')
        AND (NEW.id, NEW.at, NEW.action, NEW.actor_kind, NEW.actor_id, NEW.actor_name, NEW.address)
            IS NOT DISTINCT FROM
            (OLD.id, OLD.at, OLD.action, OLD.actor_kind, OLD.actor_id, OLD.actor_name, OLD.address)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'insufficient_privilege';
END $$
"""
_KEEP_ALL = """
CREATE OR REPLACE FUNCTION app.refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'insufficient_privilege'; END $$
"""


def upgrade() -> None:
    """Let a row's customer become a number."""
    op.execute(_KEEP)


def downgrade() -> None:
    """Let nothing change."""
    op.execute(_KEEP_ALL)
