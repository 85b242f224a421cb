"""How long a hundred open dashboards take for a beat, beside a stream of readings and a recompute that never ends.

    python -m tests.bench.dashboards [--dsn postgresql://...] [--tabs 100] [--seconds 30] [--rounds 2] [--alone]

A Client of 100 meters with a reading every quarter of an hour for a month. `portal ingest` is a process of its own and
takes batches of all meters one after the other; `portal doctor --energy --recompute` runs again and again in another.
The tabs are those of a hundred people, in one process: who is signed in is looked up, the overview and the proof are
read, and the texts of the page are made. What Reflex and the line take is not in it. Two ways take turns: as the
product does it, and as it was before, each tab for itself and after a refresh without a limit (not with `--alone`).
"Busy" is how long this process kept a processor busy for a beat of all tabs, refreshes that it made included. The first
beat of all tabs at once, which read for themselves what nobody has read since they were opened, stands apart as
"opening".
"""

import argparse
import asyncio
import multiprocessing
import os
import statistics
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple
from uuid import uuid4

import httpx

from portal.client.dashboard import state as page
from portal.client.dashboard import view
from portal.core import energy
from portal.core import stack as stacks
from portal.core.access import SESSION_LIFETIME
from portal.core.energy import energy_proof
from portal.core.exchange.batches import ENCODER
from portal.core.identity.service import sessions
from portal.core.overview.service import overview as dashboard
from portal.core.readings.wire import DeviceReading
from portal.core.settings import RunMode, load_settings
from portal.core.sites.service import sites
from portal.core.stack import Stack, close_stack, open_stack
from portal.core.tariffs.service import municipalities, tariff_imports
from portal.core.values.tokens import token_hash
from portal.web.events import loops, tabs
from portal.web.events.beats import beats
from tests.architecture.source import ROOT
from tests.bench.narrow_fill import narrow_insert
from tests.bench.rig import database, settings
from tests.integration.databases import TestServer, reachable_directory
from tests.integration.fleet_ingest.servers import serving
from tests.integration.recorder import recorded

_METERS, _DAYS, _BEAT_SECONDS = 100, 31, 5
_END = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
_TARIFF = {
    "municipality": "Town",
    "name": "TOU",
    "effectiveFrom": "2020-01-01",
    "defaultRatePerKwh": 2,
    "vatRate": 0.15,
    "periods": [
        {"name": "Peak", "daysOfWeek": 31, "startTime": "17:00", "endTime": "20:00", "ratePerKwh": 4}
    ],
}
_DEVICES = """
INSERT INTO monitoring.devices (site_id, name, external_id, token_hash, customer, meter)
SELECT s.id, 'Meter ' || n, 'm' || n, hash, 1, n
FROM (SELECT id FROM monitoring.sites LIMIT 1) s, unnest($1::text[]) WITH ORDINALITY AS t (hash, n)
"""
_READINGS = """
SELECT t AS time, d.customer, d.meter, 4 AS active_power_kw,
    extract(epoch FROM t - $1::timestamptz) / 3600 * 4 AS energy_imported_kwh, t AS received_at
FROM monitoring.devices d,
    generate_series($1::timestamptz, $2::timestamptz - interval '1 second', interval '15 minutes') t
"""
_SESSIONS = """
WITH person AS (
    INSERT INTO app.users (id, email, role, is_active) VALUES ($3::uuid, 'somebody@example.com', 'user', true)
    RETURNING id
)
INSERT INTO app.sessions (token_hash, user_id, address, agent, created_at, last_seen_at, expires_at)
SELECT hash, person.id, '', '', now(), now(), now() + $2::interval FROM person, unnest($1::text[]) AS hash
"""


async def _fill(stack: Stack, meter_tokens: list[str], people: list[str]) -> None:
    await municipalities.add_municipality(stack, "Town", "Africa/Johannesburg")
    await tariff_imports.import_tariffs(stack, [_TARIFF])
    for number in range(5):
        await sites.add_site(stack, f"Site {number}", municipality="Town")
    start = _END - timedelta(days=_DAYS)
    await stack.storage.ensure_partitions(stack.db, [start + timedelta(days=day) for day in range(_DAYS + 8)])
    connection = await stack.db.dedicated()
    try:
        hashes = [token_hash(token) for token in meter_tokens]
        await connection.execute(_DEVICES, hashes)
        stored = narrow_insert("monitoring", ("active_power_kw", "energy_imported_kwh"), _READINGS)
        await connection.execute(stored, start, _END)
        await connection.execute(
            _SESSIONS, [token_hash(token) for token in people], SESSION_LIFETIME, uuid4()
        )
        await energy.recompute(stack)
        await energy.refresh(stack)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


def _send(url: str, meter_tokens: list[str], over: Any, sent: Any) -> None:
    """Send minutes of every meter, one meter after the other, until it is over."""
    with httpx.Client(base_url=url, timeout=60) as http:
        number = 0
        while not over.is_set():
            at = _END + timedelta(minutes=10 * (number // len(meter_tokens)))
            rows = [
                DeviceReading(
                    time=at + timedelta(minutes=minute),
                    active_power_kw=4.0,
                    energy_imported_kwh=_DAYS * 96.0 + (at - _END).total_seconds() / 900 + minute / 15,
                )
                for minute in range(10)
            ]
            token = meter_tokens[number % len(meter_tokens)]
            answer = http.post(
                "/api/ingest/measurements",
                content=ENCODER.encode(rows),
                headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            )
            assert answer.is_success, answer.text
            sent.value += len(rows)
            number += 1
            over.wait(0.02)


@contextmanager
def _stream(url: str, meter_tokens: list[str]) -> Iterator[Any]:
    """Send readings from a process of its own, as meters would, for as long as the block takes; yields how many."""
    processes = multiprocessing.get_context("spawn")
    over, sent = processes.Event(), processes.Value("q", 0)
    process = processes.Process(target=_send, args=(url, meter_tokens, over, sent))
    process.start()
    try:
        yield sent
    finally:
        over.set()
        process.join()


@contextmanager
def _recomputes(given: dict[str, str], directory: Path) -> Any:
    """Recompute all energy, over and over, in a process of its own."""
    over, count = threading.Event(), [0]
    command = [sys.executable, "-m", "portal.cli", "doctor", "--energy", "--recompute"]
    environment = {**given, "PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}

    def run() -> None:
        while not over.is_set():
            process = subprocess.Popen(
                command, cwd=directory, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            while process.poll() is None and not over.wait(0.1):
                pass
            if process.poll() is None:
                process.terminate()
            process.wait()
            count[0] += 1

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield count
    finally:
        over.set()
        thread.join()


def _shown(overview: dashboard.ClientOverview | None) -> None:
    assert overview is not None
    now = datetime.now(UTC)
    view.build_figures(overview, now)
    view.build_sites(overview, now)


async def _as_it_is(stack: Stack, token: str, took: list[float]) -> None:
    tabs.remember(token_hash(token), token)
    state: Any = SimpleNamespace(
        router=SimpleNamespace(
            headers=SimpleNamespace(cookie=f"portal_session={token}"),
            session=SimpleNamespace(client_token=token, session_id=token),
        ),
        get_full_name=lambda: "dashboard",
    )
    async for beat in beats(state, seconds=_BEAT_SECONDS):
        found, _ = await asyncio.gather(page._view(beat), page._seal(beat))
        assert found is not None
        (_OPENED if token in _OPENING else took).append(time.monotonic() - _WOKE[token])
        _OPENING.discard(token)


async def _as_it_was(stack: Stack, token: str, took: list[float]) -> None:
    while True:
        began = time.monotonic()
        assert await sessions.session_actor(stack, token, is_use=False)
        await energy.refresh(stack)
        _shown(await dashboard.client_overview(stack))
        await energy_proof.latest_proof(stack)
        took.append(time.monotonic() - began)
        await asyncio.sleep(_BEAT_SECONDS)


_WOKE: dict[str, float] = {}
_OPENING: set[str] = set()
_OPENED: list[float] = []
_pause = loops.Loop.pause


async def _noting_pause(loop: loops.Loop, seconds: float) -> None:
    await _pause(loop, seconds)
    _WOKE[loop.tab] = time.monotonic()


class _Turn(NamedTuple):
    """The seconds of each beat, and what one of a tab took: statements, and processor time for all of them."""

    took: list[float]
    statements: float
    busy_seconds: float


async def _turn(way: Any, stack: Stack, people: list[str], seconds: float) -> _Turn:
    """Keep all tabs open for so long."""
    took: list[float] = []
    _OPENING.update(people)
    for token in people:
        _WOKE[token] = time.monotonic()
    busy = time.thread_time()
    with recorded() as statements:
        following = [asyncio.create_task(way(stack, token, took)) for token in people]
        await asyncio.sleep(seconds)
        busy = time.thread_time() - busy
        for task in following:
            task.cancel()
        ended = await asyncio.gather(*following, return_exceptions=True)
    failed = [each for each in ended if not isinstance(each, asyncio.CancelledError)]
    if failed:
        sys.stdout.write(f"  {len(failed)} tabs failed, the first by {failed[0]!r}\n")
    # What was still waiting took at least so long.
    took += [time.monotonic() - _WOKE[token] for token in people] if way is _as_it_was and not took else []
    beats_seen = len(took) + (len(people) if way is _as_it_is else 0)
    return _Turn(took, len(statements) / max(beats_seen, 1), busy * _BEAT_SECONDS / seconds)


async def _measure(stack: Stack, people: list[str], given: argparse.Namespace) -> dict[str, list[_Turn]]:
    stacks.install(stack)
    loops.Loop.pause = _noting_pause  # type: ignore[method-assign]
    tabs.is_connected = lambda *_: True  # type: ignore[assignment]
    found: dict[str, list[_Turn]] = defaultdict(list)
    ways = (("as it was", _as_it_was), ("as it is", _as_it_is))[given.alone :]
    for _ in range(given.rounds):
        for name, way in ways:
            found[name].append(await _turn(way, stack, people, given.seconds))
    found["opening"].append(_Turn(_OPENED, 0, 0))
    await close_stack(stack)
    return found


def measure(server: TestServer, directory: Path, engine: str, given: argparse.Namespace) -> None:
    """Print what a beat takes on one engine, and what it asks of the database."""
    chosen = settings(server, RunMode.CLIENT, engine)
    meter_tokens = [uuid4().hex for _ in range(_METERS)]
    people = [uuid4().hex for _ in range(given.tabs)]

    async def fill() -> None:
        stack = open_stack(load_settings(chosen), application_name="bench")
        await _fill(stack, meter_tokens, people)
        await close_stack(stack)

    asyncio.run(fill())
    with ExitStack() as beside:
        api = beside.enter_context(serving(directory, chosen))
        sent = beside.enter_context(_stream(api.url, meter_tokens))
        recomputes = beside.enter_context(_recomputes(chosen, directory))
        began = time.monotonic()
        found = asyncio.run(
            _measure(open_stack(load_settings(chosen), application_name="bench"), people, given)
        )
        rate = sent.value / (time.monotonic() - began)
    sys.stdout.write(
        f"{engine}: {given.tabs} tabs, {rate:.0f} readings/s, {recomputes[0]} recomputes beside\n"
    )
    for name, turns in found.items():
        took = [seconds for turn in turns for seconds in turn.took]
        if len(took) < 2:
            sys.stdout.write(f"  {name:10s} no beat was over in {given.seconds:.0f} s\n")
            continue
        p50, p95 = statistics.median(took), statistics.quantiles(took, n=20)[18]
        sys.stdout.write(
            f"  {name:10s} {len(took):6d} beats, p50 {p50 * 1000:7.0f} ms, p95 {p95 * 1000:7.0f} ms, "
            f"longest {max(took) * 1000:7.0f} ms, {statistics.median(turn.statements for turn in turns):5.1f} "
            f"statements a beat, {statistics.median(turn.busy_seconds for turn in turns) * 1000:5.0f} ms busy\n"
        )
    sys.stdout.flush()


def main() -> None:
    """Measure the engine the server has."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--dsn")
    arguments.add_argument("--tabs", type=int, default=100)
    arguments.add_argument("--seconds", type=float, default=30)
    arguments.add_argument("--rounds", type=int, default=2)
    arguments.add_argument("--alone", action="store_true")
    given = arguments.parse_args()
    with database(given.dsn) as server, reachable_directory() as directory, suppress(KeyboardInterrupt):
        measure(server, directory, "timescale" if given.dsn else "plain", given)


if __name__ == "__main__":
    main()
