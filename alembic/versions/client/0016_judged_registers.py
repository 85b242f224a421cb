"""Registers are judged by the cheapest chain over their readings: Client."""

from alembic import op

from portal.core.database.script import statements

revision = "client_0016"
down_revision = "client_0015"
branch_labels = None
depends_on = None

_UPGRADE = """
ALTER TABLE monitoring.hourly_energy
    ADD last_at timestamptz,
    ADD last_milliwh bigint,
    ADD is_unbroken boolean NOT NULL DEFAULT false,
    ADD is_covered boolean NOT NULL DEFAULT false,
    ADD event_count smallint NOT NULL DEFAULT 0;
ALTER TABLE monitoring.daily_energy ADD covered_hours smallint NOT NULL DEFAULT 0;
-- A head is rewritten with every refresh: there is room for that beside it.
CREATE TABLE monitoring.meter_heads (
    device_id uuid NOT NULL,
    register smallint NOT NULL DEFAULT 0,
    last_at timestamptz,
    last_milliwh bigint,
    is_firm boolean NOT NULL,
    provisional_from timestamptz,
    learned_watts integer,
    count_milliwh bigint,
    width_milliwh bigint,
    PRIMARY KEY (device_id, register),
    FOREIGN KEY (device_id) REFERENCES monitoring.devices (id) ON DELETE CASCADE ON UPDATE CASCADE
) WITH (fillfactor = 50);
CREATE TABLE monitoring.suspect_spans (
    device_id uuid NOT NULL,
    register smallint NOT NULL DEFAULT 0,
    first_at timestamptz NOT NULL,
    first_milliwh bigint NOT NULL,
    last_at timestamptz NOT NULL,
    last_milliwh bigint NOT NULL,
    readings integer NOT NULL,
    reason smallint NOT NULL,
    PRIMARY KEY (device_id, register, first_at, first_milliwh),
    FOREIGN KEY (device_id) REFERENCES monitoring.devices (id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE TABLE monitoring.register_links (
    device_id uuid NOT NULL,
    register smallint NOT NULL DEFAULT 0,
    after_at timestamptz NOT NULL,
    before_at timestamptz NOT NULL,
    kind smallint NOT NULL,
    closing_milliwh bigint NOT NULL,
    opening_milliwh bigint NOT NULL,
    milliwh bigint NOT NULL,
    switched_at timestamptz,
    milliwh_before bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (device_id, register, after_at),
    FOREIGN KEY (device_id) REFERENCES monitoring.devices (id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE TABLE monitoring.meter_rivals (
    device_id uuid NOT NULL,
    register smallint NOT NULL DEFAULT 0,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    readings smallint NOT NULL,
    PRIMARY KEY (device_id, register, since, until),
    FOREIGN KEY (device_id) REFERENCES monitoring.devices (id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE TABLE monitoring.meter_events (
    device_id uuid NOT NULL,
    register smallint NOT NULL DEFAULT 0,
    kind smallint NOT NULL,
    at timestamptz NOT NULL,
    until timestamptz NOT NULL,
    readings integer NOT NULL,
    closing_milliwh bigint,
    opening_milliwh bigint,
    milliwh bigint NOT NULL,
    reasons smallint[] NOT NULL,
    shift interval,
    watts integer,
    proposed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (device_id, register, kind, at),
    FOREIGN KEY (device_id) REFERENCES monitoring.devices (id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE TABLE monitoring.meter_decisions (
    device_id uuid NOT NULL,
    id uuid NOT NULL,
    register smallint NOT NULL DEFAULT 0,
    event_kind smallint,
    event_at timestamptz,
    says jsonb,
    undoes uuid,
    note varchar(1000) NOT NULL,
    author varchar(254) NOT NULL,
    decided_at timestamptz NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (device_id) REFERENCES monitoring.devices (id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX ix_monitoring_meter_decisions_device ON monitoring.meter_decisions (device_id);
CREATE TABLE monitoring.restated_days (
    device_id uuid NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    day date NOT NULL,
    restated_at timestamptz NOT NULL DEFAULT now(),
    cause smallint NOT NULL,
    decision_id uuid,
    event_kind smallint,
    event_at timestamptz,
    allocated_delta bigint[],
    unallocated_delta bigint[],
    estimated_delta bigint[],
    FOREIGN KEY (device_id) REFERENCES monitoring.devices (id) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX ix_monitoring_restated_days_device_day ON monitoring.restated_days (device_id, day);
"""
_DOWNGRADE = """
DROP TABLE monitoring.restated_days, monitoring.meter_decisions, monitoring.meter_events, monitoring.meter_rivals,
    monitoring.register_links, monitoring.suspect_spans, monitoring.meter_heads;
ALTER TABLE monitoring.daily_energy DROP covered_hours;
ALTER TABLE monitoring.hourly_energy
    DROP last_at, DROP last_milliwh, DROP is_unbroken, DROP is_covered, DROP event_count;
"""


def upgrade() -> None:
    """Make the tables, and the columns of hours and days, which stay empty until energy is judged."""
    for statement in statements(_UPGRADE):
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    for statement in statements(_DOWNGRADE):
        op.execute(statement)
