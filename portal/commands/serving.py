"""`portal serve`, `portal migrate` and `portal demo`."""

import asyncio
from pathlib import Path
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
) -> None:
    """Serve one stack as the settings say: migrate, then pages and API on one port."""
    settings = load_settings()
    configure_logging(as_json=settings.is_production)
    check_start(settings)
    asyncio.run(_serve(settings.with_absolute_paths(), host, port))


async def _serve(settings: Settings, host: str, port: int) -> None:
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
                server_header=False,
                date_header=False,
            )
            await uvicorn.Server(config).serve()
        finally:
            uninstall()


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
    readings: Annotated[
        Path | None, typer.Option(help="CSV file to replay instead of the load model.")
    ] = None,
) -> None:
    """Run a Client and an Admin stack with a simulated meter on this machine."""
    from portal.demo import run  # noqa: PLC0415 - no other verb needs it

    run(port=port, admin_port=admin_port, readings=readings)
