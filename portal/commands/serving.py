"""`portal serve`, `portal migrate` and `portal demo`."""

import asyncio
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from socket import socket
from typing import Annotated

import typer
import uvicorn

from portal.asgi import build_asgi
from portal.commands.output import AsJson, answer
from portal.core.log import configure_logging
from portal.core.services import accounts
from portal.core.settings import Settings, check_start, load_settings
from portal.core.stack import install, opened_stack, uninstall
from portal.core.storage.migrations import migrate

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
    asyncio.run(_serve(settings.with_absolute_paths(), host, port, as_json=as_json))


async def _serve(settings: Settings, host: str, port: int, *, as_json: bool) -> None:
    async with opened_stack(settings) as stack:
        await migrate(stack.db, settings.run_mode)
        await stack.storage.bootstrap(stack.db)
        await accounts.ensure_first_admin(stack)
        install(stack)
        try:
            config = uvicorn.Config(
                build_asgi(settings),
                host=host,
                port=port,
                log_level="warning",
                lifespan="on",
                timeout_graceful_shutdown=_GRACE_SECONDS,
                # Who is behind a proxy is decided by Application__TrustedProxyHops (portal.auth.proxy).
                proxy_headers=False,
                server_header=False,
                date_header=False,
            )
            await _StackServer(config, settings, as_json=as_json).serve()
        finally:
            uninstall()


class _StackServer(uvicorn.Server):
    """Says where the stack is served as soon as it is, and lets the stack be closed after a signal."""

    def __init__(self, config: uvicorn.Config, settings: Settings, *, as_json: bool) -> None:
        super().__init__(config)
        self._mode = settings.run_mode
        self._as_json = as_json

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            url = f"http://{self.config.host}:{self.config.port}"
            answer({"id": self._mode, "url": url}, f"{self._mode} stack at {url}", as_json=self._as_json)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at SIGTERM and SIGINT; uvicorn's own raises them again at the end, before anything is closed."""
        before = {
            number: signal.signal(number, self.handle_exit) for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


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
        await stack.storage.bootstrap(stack.db)
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
