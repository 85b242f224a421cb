"""What keeping the rollups costs an ingest: the same stream of batches with and without, in turns in one run.

    python -m tests.bench.rollups [--dsn postgresql://...] [--rounds 5] [--batches 60] [--clients 1]

Two API processes stand over two databases of one server. One is the product; in the other, readings are stored
exactly so, but no touched hour is queued and nothing is refreshed. Batches are 5,000 readings of 1,000 devices, so
that each queues a thousand hours, the most there can be. Between two turns the queue is emptied, which takes the
time shown as "left over": what the refreshes beside the stream had not got to yet.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import asyncpg
from starlette.applications import Starlette

from fleet_ingest import app as product
from portal.core import energy
from portal.core.readings.queries import ingest
from portal.core.readings.rules.same_instant import RowEffect
from portal.core.readings.wire import FleetReading
from portal.core.settings import RunMode, load_settings
from portal.core.stack import close_stack, open_stack
from tests.bench.rig import BATCH, database, fleets, over_http, settings
from tests.integration.databases import TestServer, reachable_directory
from tests.integration.fleet_ingest.servers import Server, serving

_APPS = {
    "kept": "fleet_ingest.app:create_app",
    "bare": "tests.bench.rollups:app_without_rollups",
    "queued": "tests.bench.rollups:app_without_refresh",
}


def app_without_rollups() -> Starlette:
    """Return the API that stores readings as the product does, and keeps no rollup of them."""

    async def append(
        connection: asyncpg.Connection, keys: ingest.FleetKeys, readings: Sequence[FleetReading]
    ) -> ingest.StoredRows:
        batch, _ = await ingest._of_fleet(connection, keys, readings)
        packed = await ingest._copy(connection, ingest._ADMIN, batch)
        return ingest._as_stored(packed, {RowEffect.ACCEPTED: len(packed.rows)})

    ingest.append_fleet_readings = append
    return app_without_refresh()


def app_without_refresh() -> Starlette:
    """Return the API that queues touched hours and never refreshes them."""
    energy.Trigger.__call__ = lambda *_: None  # type: ignore[method-assign]
    return product.create_app()


class Side:
    """One database, the API over it, and what was measured."""

    def __init__(
        self, opened: ExitStack, server: TestServer, directory: Path, storage: str, app: str, clients: int
    ) -> None:
        self.settings = settings(server, RunMode.ADMIN, storage)
        self.benches = fleets(self.settings, clients)
        self.api: Server = opened.enter_context(serving(directory, self.settings, app=app))

    def turn(self, batches: int) -> float:
        """Send so many batches of each client and return the seconds they took."""
        return len(self.benches) * batches * BATCH / over_http(self.benches, self.api, batches)

    def drain(self) -> float:
        """Bring the rollups up to date and return the seconds that took."""

        async def refresh() -> float:
            stack = open_stack(load_settings(self.settings), application_name="bench")
            began = time.perf_counter()
            await energy.refresh(stack)
            took = time.perf_counter() - began
            await close_stack(stack)
            return took

        return asyncio.run(refresh())


def _note(found: dict[str, list[float]], took: dict[str, float], left: float, rows: int) -> None:
    found["rows/s without"].append(rows / took["bare"])
    found["rows/s with"].append(rows / took["kept"])
    found["share of the stream"].append(1 - took["bare"] / took["kept"])
    found["share of the stream, queue alone"].append(1 - took["bare"] / took["queued"])
    found["share with what is left over"].append(1 - took["bare"] / (took["kept"] + left))
    found["seconds left over"].append(left)


def measure(server: TestServer, directory: Path, storage: str, given: argparse.Namespace) -> None:
    """Print the rates of both sides and what the difference is of the one without."""
    found: dict[str, list[float]] = defaultdict(list)
    with ExitStack() as opened:
        sides = {
            name: Side(opened, server, directory, storage, app, given.clients) for name, app in _APPS.items()
        }
        for number in range(given.rounds + 1):
            order = list(sides) if number % 2 else list(reversed(sides))
            took = {name: sides[name].turn(given.batches) for name in order}
            left = sides["kept"].drain()
            sides["queued"].drain()
            if number:  # the first is to warm up
                _note(found, took, left, given.clients * given.batches * BATCH)
                sys.stdout.write(f"round {number}: {took}, left over {left:.2f}\n")
                sys.stdout.flush()
    for name, figures in found.items():
        sys.stdout.write(
            f"{storage}, {given.clients} client: {name:30s} {statistics.median(figures):12.3f}\n"
        )


def main() -> None:
    """Measure each engine the server has."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--dsn")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--batches", type=int, default=60)
    arguments.add_argument("--clients", type=int, default=1)
    arguments.add_argument("--engine", choices=("plain", "timescale"))
    given = arguments.parse_args()
    engines = [given.engine] if given.engine else ["plain", *(["timescale"] if given.dsn else [])]
    with database(given.dsn) as server, reachable_directory() as directory:
        for engine in engines:
            measure(server, directory, engine, given)


if __name__ == "__main__":
    main()
