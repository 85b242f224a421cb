"""A second factor for people: the secret of their authenticator app, recovery codes, log-ins half way."""

from alembic import op

from portal.core.database.script import statements

revision = "shared_0002"
down_revision = "shared_0001"
branch_labels = None
depends_on = None

DDL = """
CREATE TABLE app.second_factors (
    user_id uuid PRIMARY KEY REFERENCES app.users (id) ON DELETE CASCADE,
    sealed_secret varchar(255) NOT NULL,
    created_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    last_step bigint
);
CREATE TABLE app.recovery_codes (
    user_id uuid NOT NULL REFERENCES app.second_factors (user_id) ON DELETE CASCADE,
    code_hash varchar(64) NOT NULL,
    PRIMARY KEY (user_id, code_hash)
);
CREATE TABLE app.login_steps (
    token_hash varchar(64) PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES app.users (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX ix_app_login_steps_user_id ON app.login_steps (user_id);
"""


def upgrade() -> None:
    """Create the tables."""
    for statement in statements(DDL):
        op.execute(statement)


def downgrade() -> None:
    """Drop the tables: every account is back to its password alone."""
    op.execute("DROP TABLE app.login_steps, app.recovery_codes, app.second_factors")
