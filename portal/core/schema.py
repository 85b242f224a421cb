"""All tables of one run mode on one storage engine: what its migrated database is compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import MetaData
from sqlmodel import SQLModel

# Importing a module declares its tables.
from portal.core.alerts import tables as alert
from portal.core.audit import tables as audit
from portal.core.boards import tables as board
from portal.core.brand import tables as brand
from portal.core.database.layout import LAYOUTS
from portal.core.energy import tables as rollups
from portal.core.fleet import tables as fleet
from portal.core.identity import tables as identity
from portal.core.operations import tables as operation
from portal.core.outbox import tables as push
from portal.core.readings import tables as measurement
from portal.core.reports import tables as report
from portal.core.sites import tables as site
from portal.core.tariffs import tables as tariff

if TYPE_CHECKING:
    from sqlalchemy import Table

    from portal.core.settings import RunMode

DECLARED_BY = (
    alert,
    audit,
    board,
    brand,
    fleet,
    identity,
    measurement,
    operation,
    push,
    report,
    rollups,
    site,
    tariff,
)


def tables_of(mode: RunMode, storage: str) -> MetaData:
    """Return the tables of a run mode's database; `storage` is `plain` or `timescale`."""
    found = MetaData()
    for table in SQLModel.metadata.sorted_tables:
        if _belongs(table, mode, storage):
            table.to_metadata(found)
    return found


def _belongs(table: Table, mode: RunMode, storage: str) -> bool:
    return (
        table.schema in ("app", LAYOUTS[mode].schema)
        and table.info.get("mode", mode) == mode
        and table.info.get("storage", storage) == storage
    )
