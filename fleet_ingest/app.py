"""The Starlette application of the HTTP API, as a process of its own or inside the portal's."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from fleet_ingest.answers import error_answer, http_error_answer
from fleet_ingest.http_figures import HttpFigures
from fleet_ingest.metrics import Metrics
from fleet_ingest.openapi import document
from fleet_ingest.post_log import board_posts, unproven_pushes
from fleet_ingest.request_ids import RequestIds
from fleet_ingest.routes import operations, routes
from fleet_ingest.suspects import Suspects
from fleet_ingest.throttle import Throttle
from portal.core import energy
from portal.core import stack as stacks
from portal.core.log import configure_logging, logger
from portal.core.settings import RunMode, check_start, load_settings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from contextlib import AbstractAsyncContextManager

    from starlette.requests import Request
    from starlette.responses import Response

    from portal.core.settings import Settings
    from portal.core.stack import Stack

_LOOK_SECONDS = 2
_log = logger("api")


def build_app(settings: Settings, stack: Stack | None = None) -> Starlette:
    """Return the API of the settings' run mode; the other mode's routes answer 404.

    With `stack`, every request uses it. Without, requests use the process's stack, and where none is
    installed when the application's own lifespan runs, the lifespan opens and closes one. Mounted in
    the portal no lifespan runs, and the portal opens the stack.
    """
    served = operations(settings.run_mode)
    per_customer = settings.metrics.per_customer and settings.run_mode is RunMode.ADMIN
    metrics = Metrics(settings.run_mode.value, per_customer=per_customer, shared=_shared_figures())
    app = Starlette(
        routes=routes(served, settings.application.allowed_origins),
        middleware=[Middleware(RequestIds), Middleware(HttpFigures, metrics=metrics)],
        lifespan=_lifespan(settings),
        exception_handlers={HTTPException: _http_error, Exception: _unexpected},
    )
    app.state.stack = stack
    app.state.refreshing = energy.Trigger()
    app.state.throttle = Throttle(settings.rate_limit)
    app.state.suspects = Suspects()
    app.state.metrics = metrics
    app.state.posts = board_posts()
    app.state.unproven = unproven_pushes()
    app.state.openapi = document(served, settings.application.name)
    return app


def _shared_figures() -> Path | None:
    """Where the workers of one server keep their figures; None for a process by itself."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    return Path(folder) if folder else None


def create_app(settings: Settings | None = None) -> Starlette:
    """Return the API as a process of its own, by these settings; raises `Misconfigured` when it cannot work by them.

    Without, they are read from the environment, for servers of others: `uvicorn --factory fleet_ingest.app:create_app`.
    """
    settings = settings or load_settings()
    check_start(settings)
    configure_logging(as_json=settings.is_production)
    return build_app(settings)


def _lifespan(settings: Settings) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        if app.state.stack is not None:
            async with _following(app):
                yield
            return
        opened = stacks.opened_stack(settings, application_name="ingest", on_database_end=_end)
        async with opened as stack:
            app.state.stack = stack
            async with _following(app):
                yield

    return lifespan


@asynccontextmanager
async def _following(app: Starlette) -> AsyncGenerator[None]:
    """Look after hours that wait, and at the end finish what was asked for."""
    trigger: energy.Trigger = app.state.refreshing
    looking = asyncio.gather(trigger.follow(app.state.stack), _look_at_connections(app))
    try:
        yield
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        await finish(app)


async def finish(app: Starlette) -> None:
    """Do what answers left to be done: hours that wait for a refresh, and posts that are not written."""
    await app.state.refreshing.drain()
    await app.state.posts.drain()
    await app.state.unproven.drain()


async def _look_at_connections(app: Starlette) -> None:
    """Note how they are used, where another worker may be asked for the figures."""
    metrics: Metrics = app.state.metrics
    while metrics.is_shared:
        metrics.look_at(app.state.stack.db)
        await asyncio.sleep(_LOOK_SECONDS)


def _end(why: str) -> None:
    """End the process in order: its own database is gone for good."""
    _log.error(why)
    os.kill(os.getpid(), signal.SIGTERM)


async def _http_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        return await _unexpected(_, error)
    return http_error_answer(error)


async def _unexpected(_: Request, __: Exception) -> Response:
    return error_answer(500, "internal", "Something went wrong on our side; try again.")
