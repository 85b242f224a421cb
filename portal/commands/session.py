"""Runs a verb against the stack the settings name."""

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from typing import TypeVar

from portal.core.audit.acting import Acting, acting
from portal.core.database.migrations import require_migrated
from portal.core.errors import Misconfigured
from portal.core.log import configure_logging
from portal.core.settings import RunMode, Settings, load_settings
from portal.core.stack import Stack, opened_stack

ResultT = TypeVar("ResultT")


def with_stack(work: Callable[[Stack], Awaitable[ResultT]], *, mode: RunMode | None = None) -> ResultT:
    """Open the stack, do the work in it, close it. Raises `Misconfigured` in the other run mode."""
    settings = load_settings()
    configure_logging(as_json=settings.is_production)
    require_mode(settings, mode)
    return asyncio.run(_run(settings, work))


def with_new_database(work: Callable[[Stack], Awaitable[ResultT]], *, wait_seconds: float = 0) -> ResultT:
    """Open the stack, whose database may have no schema yet and may still be starting, do the work in it, close it."""
    settings = load_settings()
    configure_logging(as_json=settings.is_production)
    return asyncio.run(_run(settings, work, is_migrated=False, wait_seconds=wait_seconds))


def require_mode(settings: Settings, mode: RunMode | None) -> None:
    """Refuse a verb of the other run mode."""
    if mode is not None and settings.run_mode is not mode:
        message = f"This verb is for RunMode={mode}, and this stack is {settings.run_mode}."
        raise Misconfigured(message)


async def _run(
    settings: Settings,
    work: Callable[[Stack], Awaitable[ResultT]],
    *,
    is_migrated: bool = True,
    wait_seconds: float = 0,
) -> ResultT:
    opened = opened_stack(settings, application_name="portal-command", wait_seconds=wait_seconds)
    async with opened as stack:
        if is_migrated:
            await require_migrated(stack.db, settings.run_mode)
        with acting(Acting(who(), "command")):
            return await work(stack)


def who() -> str:
    """Return the account of the machine that runs the verb, as the audit trail names it."""
    try:
        return f"{getpass.getuser()} (command line)"
    except (OSError, KeyError, ImportError):  # a container may run under a number without a name
        return "command line"
