"""Counts of failed log-ins over all accounts and over all addresses get keys that nobody can type."""

from alembic import op

revision = "shared_0005"
down_revision = "shared_0004"
branch_labels = None
depends_on = None

_UPGRADE = (
    # What was typed as `*` at the log-in was counted where all accounts are: a row that holds both becomes the one of
    # all accounts, so that a closure of an address outlives the upgrade. What is left under `*` was typed.
    "UPDATE app.login_attempts SET email = ' ANY ACCOUNT' WHERE email = '*' AND address NOT IN ('*', 'codes')",
    "DELETE FROM app.login_attempts WHERE email = '*'",
    "UPDATE app.login_attempts SET address = ' ANY ADDRESS' WHERE address = '*'",
    "UPDATE app.login_attempts SET address = ' CODES' WHERE address = 'codes'",
    # A way that closed began to count from 0 at once. Now its failures stay until it is open again.
    "UPDATE app.login_attempts SET failures = 1000000 WHERE closed_until IS NOT NULL",
)
_DOWNGRADE = (
    "UPDATE app.login_attempts SET failures = 0 WHERE closed_until IS NOT NULL",
    "UPDATE app.login_attempts SET email = '*' WHERE email = ' ANY ACCOUNT'",
    "UPDATE app.login_attempts SET address = '*' WHERE address = ' ANY ADDRESS'",
    "UPDATE app.login_attempts SET address = 'codes' WHERE address = ' CODES'",
)


def upgrade() -> None:
    """Rename the keys."""
    for statement in _UPGRADE:
        op.execute(statement)


def downgrade() -> None:
    """Name them as they were."""
    for statement in _DOWNGRADE:
        op.execute(statement)
