"""People who see some of what there is, and their own rows of `app` alone."""

from alembic import op

from portal.core.database.script import statements

revision = "shared_0008"
down_revision = "shared_0007"
branch_labels = None
depends_on = None

DDL = """
ALTER TABLE app.users ADD COLUMN is_limited boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT users_limited_check CHECK (NOT is_limited OR role = 'user');
CREATE TABLE app.external_identities (
    issuer varchar(300) NOT NULL,
    subject varchar(255) NOT NULL,
    user_id uuid NOT NULL REFERENCES app.users ON DELETE CASCADE,
    linked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX ix_app_external_identities_user_id ON app.external_identities (user_id);
"""
# By table: the column that says whose a row is. The owner of the tables, whom the portal works as, is not held by it.
OWN = {
    "users": "id",
    "sessions": "user_id",
    "second_factors": "user_id",
    "recovery_codes": "user_id",
    "login_steps": "user_id",
    "password_links": "user_id",
    "external_identities": "user_id",
}
_PERSON = "nullif(current_setting('portal.person', true), '')::uuid"


def upgrade() -> None:
    """Add the flag, and let whoever is not the owner of the tables have their own rows alone."""
    for statement in statements(DDL):
        op.execute(statement)
    for table, column in OWN.items():
        op.execute(f"ALTER TABLE app.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY own_rows ON app.{table} USING ({column} = {_PERSON})")
    # The trail takes every row, and shows a person their own.
    op.execute("ALTER TABLE app.audit_events ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own_rows ON app.audit_events FOR SELECT USING (actor_id = {_PERSON})")
    op.execute("CREATE POLICY any_row ON app.audit_events FOR INSERT WITH CHECK (true)")


def downgrade() -> None:
    """Take it back; people who were limited see everything then, so none may be left."""
    op.execute("DROP POLICY any_row ON app.audit_events")
    for table in (*OWN, "audit_events"):
        op.execute(f"DROP POLICY own_rows ON app.{table}")
        op.execute(f"ALTER TABLE app.{table} DISABLE ROW LEVEL SECURITY")
    op.execute("DELETE FROM app.users WHERE is_limited")
    op.execute("DROP TABLE app.external_identities")
    op.execute("ALTER TABLE app.users DROP COLUMN is_limited")
