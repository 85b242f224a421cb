"""Accounts, sessions, machine keys, brand: both run modes."""

from alembic import op

from portal.core.storage.script import statements

revision = "shared_0001"
down_revision = None
branch_labels = ("shared",)
depends_on = None

DDL = """
CREATE TABLE app.users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email varchar(254) NOT NULL UNIQUE CHECK (email = lower(email)),
    password_hash varchar(255) NOT NULL,
    role varchar(20) NOT NULL CHECK (role IN ('admin', 'user')),
    is_active boolean NOT NULL DEFAULT true,
    failed_attempts integer NOT NULL DEFAULT 0,
    locked_until timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    password_changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE app.sessions (
    token_hash varchar(64) PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES app.users (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX ix_app_sessions_user_id ON app.sessions (user_id);
CREATE TABLE app.api_keys (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name varchar(100) NOT NULL UNIQUE,
    key_hash varchar(64) NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    revoked_at timestamptz
);
CREATE TABLE app.branding (
    id integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    product_name varchar(80) NOT NULL,
    primary_color varchar(7) NOT NULL,
    accent_color varchar(7) NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);
"""


def upgrade() -> None:
    """Create the tables."""
    for statement in statements(DDL):
        op.execute(statement)


def downgrade() -> None:
    """Drop the tables."""
    op.execute("DROP TABLE app.branding, app.api_keys, app.sessions, app.users")
