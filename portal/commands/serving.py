"""`portal serve`, `portal ingest`, `portal migrate` and `portal demo`."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from socket import socket
from typing import Annotated

import typer

from portal.app import make_app
from portal.commands.output import AsJson, answer
from portal.commands.reach import require_own_password
from portal.core import energy
from portal.core.database.migrations import migrate
from portal.core.database.reader_role import prepare_readers
from portal.core.errors import PortalError
from portal.core.identity.service import accounts
from portal.core.log import configure_logging
from portal.core.readings.service import wide_readings
from portal.core.settings import Settings, check_start, load_settings
from portal.core.stack import Stack, opened_stack, uninstall
from portal.server.config import ServerConfig
from portal.server.serving import BoundedServer
from portal.server.workers import run_workers

# A worker that does not say that it runs is replaced; on a busy machine its first word takes a while.
_WORKER_SECONDS = 20
_GRACE_SECONDS = 5  # of the 10 s a stop may take: requests under way get this long


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port of pages and API.")] = 8000,
    as_json: AsJson = False,
) -> None:
    """Serve one stack as the settings say: migrate, then pages and API on one port."""
    settings = load_settings()
    configure_logging(as_json=settings.is_production)
    check_start(settings)
    asyncio.run(_serve(settings, host, port, as_json=as_json))


async def _serve(settings: Settings, host: str, port: int, *, as_json: bool) -> None:
    lost = _LostDatabase()
    async with opened_stack(settings, is_alone=True, on_database_end=lost.note) as stack:
        await migrate(stack.db, settings.run_mode)
        await prepare_to_serve(stack)
        await require_own_password(stack, host)
        try:
            config = ServerConfig(
                make_app(settings, stack), host=host, port=port, timeout_graceful_shutdown=_GRACE_SECONDS
            )
            lost.server = _StackServer(config, settings, as_json=as_json)
            await lost.server.serve()
        finally:
            uninstall()
    if lost.why:
        raise PortalError(lost.why)


async def prepare_to_serve(stack: Stack) -> None:
    """Make, in a database of the present schema, what is served from; idempotent. Raises `Misconfigured`."""
    await energy.bootstrap(stack)
    await prepare_readers(stack.db, stack.layout, stack.settings.grafana)
    await wide_readings.begin(stack)
    await accounts.ensure_first_admin(stack)


@dataclass
class _LostDatabase:
    """Ends the serving when its database is gone for good, with the reason as the last word."""

    server: "_StackServer | None" = None
    why: str = ""

    def note(self, why: str) -> None:
        """Remember why, and stop; called from another thread, so it only leaves marks."""
        self.why = why
        if self.server is not None:
            self.server.should_exit = True


class _StackServer(BoundedServer):
    """Says where the stack is served as soon as it is."""

    def __init__(self, config: ServerConfig, settings: Settings, *, as_json: bool) -> None:
        super().__init__(config)
        self._mode = settings.run_mode
        self._as_json = as_json

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            url = f"http://{self.config.host}:{self.config.port}"
            answer({"id": self._mode, "url": url}, f"{self._mode} stack at {url}", as_json=self._as_json)


def ingest(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port of the API.")] = 8010,
    workers: Annotated[int, typer.Option(min=1, help="Processes that share the work.")] = 1,
) -> None:
    """Serve the HTTP API alone, beside a `portal serve` on the same database."""
    from fleet_ingest.app import create_app  # noqa: PLC0415 - no other verb needs it

    settings = load_settings()
    check_start(settings)
    config = ServerConfig(
        partial(create_app, settings),
        factory=True,
        host=host,
        port=port,
        workers=workers,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        timeout_worker_healthcheck=_WORKER_SECONDS,
    )
    if workers > 1:
        run_workers(config)
    else:
        BoundedServer(config).run()


def migrate_database(as_json: AsJson = False) -> None:
    """Bring the database to the current schema."""
    settings = load_settings()
    configure_logging(as_json=settings.is_production)
    asyncio.run(_migrate(settings))
    words = f"The database has the current schema of RunMode={settings.run_mode}."
    answer({"id": settings.run_mode, "run_mode": settings.run_mode, "migrated": True}, words, as_json=as_json)


async def _migrate(settings: Settings) -> None:
    async with opened_stack(settings, application_name="portal-migrate") as stack:
        await migrate(stack.db, settings.run_mode)
        await energy.bootstrap(stack)
        await wide_readings.move_wide_readings(stack)
        await prepare_readers(stack.db, stack.layout, settings.grafana)
        await accounts.ensure_first_admin(stack)


def run_demo(
    port: Annotated[int, typer.Option(help="Port of the Client stack.")] = 8000,
    admin_port: Annotated[int, typer.Option(help="Port of the Admin stack.")] = 8001,
    readings: Annotated[Path | None, typer.Option(help="CSV file that one more device plays back.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run a Client and an Admin stack with simulated meters on this machine."""
    from portal.demo import run  # noqa: PLC0415 - no other verb needs it

    def announce(stacks: Sequence[object]) -> None:
        answer({"stacks": stacks}, "", as_json=True)

    run(port=port, admin_port=admin_port, readings=readings, on_ready=announce if as_json else None)
