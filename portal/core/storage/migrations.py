"""Brings a database to the current schema of one run mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from portal.core.errors import Misconfigured
from portal.core.settings import PROJECT_ROOT, RunMode

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from portal.core.db import Database

_MIGRATION_LOCK = (
    7_301_001  # any constant of our own: two processes starting at once migrate one after the other
)
_FOREIGN_TABLE = {RunMode.CLIENT: "fleet.customers", RunMode.ADMIN: "monitoring.power_measurements"}


async def migrate(database: Database, mode: RunMode) -> None:
    """Create or upgrade the schema. Raises `Misconfigured` when the database belongs to the other run mode."""
    async with database.engine.begin() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        foreign = await connection.scalar(
            text("SELECT to_regclass(:name)::text"), {"name": _FOREIGN_TABLE[mode]}
        )
        if foreign:
            message = (
                f"This database holds {foreign}, so it belongs to the other run mode: "
                f"point Database__ConnectionString of RunMode={mode} at its own database."
            )
            raise Misconfigured(message)
        await connection.execute(text("CREATE SCHEMA IF NOT EXISTS app"))
        await connection.run_sync(_upgrade, mode)


def _upgrade(connection: Connection, mode: RunMode) -> None:
    root = PROJECT_ROOT / "alembic"
    config = Config()
    config.set_main_option("script_location", str(root))
    config.set_main_option("path_separator", "os")
    locations = (root / "versions" / "shared", root / "versions" / mode.value.lower())
    config.set_main_option("version_locations", ":".join(map(str, locations)))
    config.attributes["connection"] = connection
    command.upgrade(config, "heads")


async def is_migrated(database: Database, mode: RunMode) -> bool:
    """Tell whether the database holds the schema of a run mode."""
    async with database.engine.connect() as connection:
        name = _FOREIGN_TABLE[RunMode.ADMIN if mode is RunMode.CLIENT else RunMode.CLIENT]
        return bool(await connection.scalar(text("SELECT to_regclass(:name) IS NOT NULL"), {"name": name}))
