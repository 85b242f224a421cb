"""One running stack: its settings, its pool, its storage engine and its clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from portal.core.db import Database, configured_dsn
from portal.core.errors import Misconfigured
from portal.core.storage.postgres import PostgresStorage

if TYPE_CHECKING:
    from collections.abc import Callable

    from portal.core.settings import Settings
    from portal.core.storage.engine import Storage


def utc_now() -> datetime:
    """Return the present instant, aware, UTC: the product's one clock."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Stack:
    """What every service needs."""

    settings: Settings
    db: Database
    storage: Storage
    clock: Callable[[], datetime] = field(default=utc_now)


def open_stack(settings: Settings, dsn: str | None = None, *, application_name: str = "portal") -> Stack:
    """Open a stack on `dsn` or on the database the settings name. Raises `Misconfigured` when there is none."""
    address = dsn or configured_dsn(settings)
    if address is None:
        message = "No database: set Database__ConnectionString."
        raise Misconfigured(message)
    return Stack(settings, Database(address, application_name=application_name), PostgresStorage(settings))


async def close_stack(stack: Stack) -> None:
    """Close the stack's connections."""
    await stack.db.dispose()


_installed: list[Stack] = []


def install(stack: Stack) -> None:
    """Make `stack` the one this process serves."""
    _installed[:] = [stack]


def uninstall() -> None:
    """Forget the process's stack."""
    _installed.clear()


def current() -> Stack:
    """Return the process's stack. Raises `Misconfigured` before one is installed."""
    if not _installed:
        message = "The stack is not open yet."
        raise Misconfigured(message)
    return _installed[0]
