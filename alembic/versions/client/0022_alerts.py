"""Alerts and monthly reports: what is watched, who is told, what happened: Client."""

from alembic import op

from portal.core.database.script import statements

revision = "client_0022"
down_revision = "client_0021"
branch_labels = None
depends_on = None

_UPGRADE = """
CREATE TABLE app.alert_channels (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name varchar(100) NOT NULL UNIQUE,
    kind varchar(10) NOT NULL,
    sealed_target text NOT NULL,
    shown varchar(200) NOT NULL,
    quiet_from time,
    quiet_to time,
    gets_report boolean NOT NULL DEFAULT false,
    is_active boolean NOT NULL DEFAULT true,
    last_sent_at timestamptz,
    last_error varchar(500) NOT NULL DEFAULT '',
    failures integer NOT NULL DEFAULT 0,
    next_try_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE app.alert_rules (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name varchar(100) NOT NULL UNIQUE,
    kind varchar(20) NOT NULL,
    site_id uuid REFERENCES monitoring.sites (id) ON UPDATE CASCADE ON DELETE CASCADE,
    device_id uuid REFERENCES monitoring.devices (id) ON UPDATE CASCADE ON DELETE CASCADE,
    threshold numeric(16,6),
    minutes integer,
    breaks_quiet_hours boolean NOT NULL DEFAULT false,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE app.alert_rule_channels (
    rule_id uuid REFERENCES app.alert_rules (id) ON UPDATE CASCADE ON DELETE CASCADE,
    channel_id uuid REFERENCES app.alert_channels (id) ON UPDATE CASCADE ON DELETE CASCADE,
    PRIMARY KEY (rule_id, channel_id)
);
CREATE TABLE app.alerts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rule_id uuid REFERENCES app.alert_rules (id) ON UPDATE CASCADE ON DELETE SET NULL,
    rule_name varchar(100) NOT NULL,
    kind varchar(20) NOT NULL,
    cause varchar(100) NOT NULL,
    site_id uuid,
    device_id uuid,
    subject varchar(410) NOT NULL,
    words varchar(500) NOT NULL,
    began_at timestamptz NOT NULL,
    clear_since timestamptz,
    ended_at timestamptz,
    ended_why varchar(200) NOT NULL DEFAULT '',
    acknowledged_at timestamptz,
    acknowledged_by varchar(254) NOT NULL DEFAULT '',
    note varchar(500) NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX ix_alerts_open ON app.alerts (rule_id, cause) WHERE ended_at IS NULL;
CREATE TABLE app.alert_messages (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_id bigint NOT NULL REFERENCES app.alerts (id) ON DELETE CASCADE,
    channel_id uuid NOT NULL REFERENCES app.alert_channels (id) ON UPDATE CASCADE ON DELETE CASCADE,
    event varchar(10) NOT NULL,
    due_at timestamptz NOT NULL,
    done_at timestamptz,
    is_sent boolean NOT NULL DEFAULT false
);
CREATE TABLE app.sent_reports (
    month date,
    channel_id uuid REFERENCES app.alert_channels (id) ON UPDATE CASCADE ON DELETE CASCADE,
    sent_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (month, channel_id)
);
CREATE INDEX ix_app_alert_messages_alert_id ON app.alert_messages (alert_id);
CREATE INDEX ix_alert_messages_waiting ON app.alert_messages (channel_id) WHERE done_at IS NULL;
"""


def upgrade() -> None:
    """Make the tables."""
    for statement in statements(_UPGRADE):
        op.execute(statement)


def downgrade() -> None:
    """Drop them, and with them what happened."""
    for table in (
        "sent_reports",
        "alert_messages",
        "alerts",
        "alert_rule_channels",
        "alert_rules",
        "alert_channels",
    ):
        op.execute(f"DROP TABLE app.{table}")
