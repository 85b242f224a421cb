"""`GET /metrics`: figures for Prometheus."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.responses import Response

from fleet_ingest import stack_figures
from fleet_ingest.answers import HEADERS
from fleet_ingest.auth import local_of
from fleet_ingest.context import metrics_of, stack_of
from portal.core.boards.service import rollouts
from portal.core.errors import Misconfigured
from portal.core.log import logger
from portal.core.operations.service import figures, health
from portal.core.settings import RunMode

if TYPE_CHECKING:
    from starlette.requests import Request

    from fleet_ingest.metrics import Metrics
    from portal.core.stack import Stack

_log = logger("figures")
_PATIENCE_SECONDS = 2


async def get_metrics(request: Request) -> Response:
    """Give the figures of this process and of its stack in Prometheus' text format."""
    await local_of(request)
    metrics = metrics_of(request)
    try:
        stack = stack_of(request)
    except Misconfigured:  # no stack is open yet: what was counted is still worth telling
        found = metrics.exposition(None)
    else:
        status = await health.status(stack)
        of_energy = b"" if status is None else stack_figures.of_energy(status)
        # Where the database has just not answered, nothing more is asked of it.
        of_push = b"" if status is None else await _of_push(stack, metrics)
        found = metrics.exposition(stack.db, of_energy, of_push)
    return Response(found, headers=HEADERS, media_type="text/plain; version=0.0.4")


async def _of_push(stack: Stack, metrics: Metrics) -> bytes:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            of_clocks = stack_figures.of_clocks(await figures.board_clocks(stack))
            if stack.settings.run_mode is RunMode.CLIENT:
                of_updates = stack_figures.of_updates(await rollouts.failed_updates(stack))
                return of_clocks + of_updates + stack_figures.of_client(await figures.client_push(stack))
            fleet = await figures.fleet(stack, with_each=metrics.is_per_customer)
    except Exception as error:  # noqa: BLE001 - whatever it is, other figures are still worth telling
        _log.warning("The push's figures were not read", reason=type(error).__name__)
        return b""
    if fleet.each is not None:
        metrics.forget_customers_but({one.code for one in fleet.each})
    return of_clocks + stack_figures.of_fleet(fleet)
