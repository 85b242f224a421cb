"""Accounts, sessions, machine keys, audit trail, brand: both run modes."""

from alembic import op

from portal.core.database.script import statements

revision = "shared_0001"
down_revision = None
branch_labels = ("shared",)
depends_on = None

DDL = """
CREATE TABLE app.users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email varchar(254) NOT NULL UNIQUE CHECK (email = lower(email)),
    password_hash varchar(255),
    role varchar(20) NOT NULL CHECK (role IN ('admin', 'user')),
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    password_changed_at timestamptz NOT NULL DEFAULT now(),
    last_sign_in_at timestamptz
);
CREATE TABLE app.login_attempts (
    email varchar(254) NOT NULL,
    address varchar(64) NOT NULL,
    failures integer NOT NULL DEFAULT 0,
    window_at timestamptz NOT NULL,
    closed_until timestamptz,
    succeeded_at timestamptz,
    PRIMARY KEY (email, address)
);
CREATE TABLE app.password_links (
    token_hash varchar(64) PRIMARY KEY,
    user_id uuid NOT NULL UNIQUE REFERENCES app.users (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE TABLE app.sessions (
    token_hash varchar(64) PRIMARY KEY,
    id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES app.users (id) ON DELETE CASCADE,
    address varchar(64) NOT NULL DEFAULT '',
    agent varchar(200) NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX ix_app_sessions_user_id ON app.sessions (user_id);
CREATE TABLE app.api_keys (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name varchar(100) NOT NULL,
    key_hash varchar(64) NOT NULL UNIQUE,
    scope varchar(20) NOT NULL DEFAULT 'manage' CHECK (scope IN ('read', 'manage')),
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    revoked_at timestamptz
);
CREATE UNIQUE INDEX ix_app_api_keys_name ON app.api_keys (name) WHERE revoked_at IS NULL;
CREATE TABLE app.branding (
    id integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    product_name varchar(80) NOT NULL,
    primary_color varchar(7) NOT NULL,
    accent_color varchar(7) NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE app.brand_images (
    kind varchar(10) PRIMARY KEY CHECK (kind IN ('logo', 'icon')),
    content bytea NOT NULL,
    media_type varchar(30) NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE app.audit_events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    action varchar(60) NOT NULL,
    actor_kind varchar(20) NOT NULL,
    actor_id uuid,
    actor_name varchar(254) NOT NULL,
    address varchar(64) NOT NULL,
    subject varchar(254) NOT NULL DEFAULT '',
    detail varchar(500) NOT NULL DEFAULT ''
);
CREATE FUNCTION app.refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit trail is append-only' USING ERRCODE = 'insufficient_privilege'; END $$;
CREATE TRIGGER audit_events_keep BEFORE UPDATE OR DELETE ON app.audit_events
    FOR EACH ROW EXECUTE FUNCTION app.refuse_change();
CREATE TRIGGER audit_events_keep_all BEFORE TRUNCATE ON app.audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION app.refuse_change();
"""


def upgrade() -> None:
    """Create the tables."""
    for statement in statements(DDL):
        op.execute(statement)


def downgrade() -> None:
    """Drop the tables."""
    op.execute(
        "DROP TABLE app.audit_events, app.brand_images, app.branding, app.api_keys, app.sessions, "
        "app.password_links, app.login_attempts, app.users"
    )
    op.execute("DROP FUNCTION app.refuse_change()")
