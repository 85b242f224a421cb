"""Starts the whole product on this machine and stops all of it again."""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType

import typer

from portal.core import energy
from portal.core.database.embedded.server import EmbeddedServer
from portal.core.database.migrations import migrate
from portal.core.errors import Conflict, Invalid, PortalError
from portal.core.log import configure_logging
from portal.core.readings.service.wide_readings import move_wide_readings
from portal.core.settings import FleetIngest, RunMode, Settings, env_name, load_settings
from portal.core.stack import close_stack, open_stack, utc_now
from portal.demo import site_plan
from portal.demo.boards import LIVE_SECONDS, boards_of
from portal.demo.children import ServedStack
from portal.demo.memory import Memory
from portal.demo.meters import Meter, recorded, recording_id, simulated
from portal.demo.poster import Poster, first_heard
from portal.demo.seeds import seed_admin, seed_client
from portal.push.task import tick_once

DEFAULT_PORT = 8000
DEFAULT_ADMIN_PORT = 8001
HISTORY = timedelta(days=35)
_PUSH_SECONDS = 3
_WATCH_SECONDS = 0.5
_DATABASES = {RunMode.CLIENT: "portal_client", RunMode.ADMIN: "portal_admin"}
_NAMES = {RunMode.CLIENT: site_plan.CLIENT_NAME, RunMode.ADMIN: site_plan.ADMIN_NAME}


@dataclass(frozen=True)
class RunningStack:
    """One of the demo's stacks, as `portal demo --json` names it."""

    id: str
    url: str
    email: str
    password: str


@dataclass(frozen=True)
class _Plan:
    """What one run is made of."""

    settings: Settings
    data: Path
    ports: Mapping[RunMode, int]
    memory: Memory
    meters: tuple[Meter, ...]
    now: datetime
    on_ready: Callable[[Sequence[RunningStack]], None] | None


def run(
    *,
    port: int = DEFAULT_PORT,
    admin_port: int = DEFAULT_ADMIN_PORT,
    readings: Path | None = None,
    on_ready: Callable[[Sequence[RunningStack]], None] | None = None,
) -> None:
    """Start a database, a Client, an Admin and simulated meters; return when asked to stop (SIGINT, SIGTERM).

    `readings` is a CSV file that one more device plays back; `on_ready` is told the addresses and log-ins, in
    place of people. Raises `PortalError` with one line when
    something can't be started or ends by itself; nothing is left running in any case.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    # A shell that starts this in the background has SIGINT ignored; whoever sends it still means it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # The stacks have logs of their own; here only what goes wrong is worth a line.
    configure_logging(as_json=False, level=logging.WARNING)
    _check_ports(port, admin_port)
    plan = _make_plan({RunMode.CLIENT: port, RunMode.ADMIN: admin_port}, readings, on_ready)
    with suppress(KeyboardInterrupt):
        typer.echo("Starting the database ...", err=True)
        with EmbeddedServer(plan.data / "postgres") as server:
            _run_stacks(plan, server)
    typer.echo("Stopped.", err=True)


def _interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt


def _check_ports(port: int, admin_port: int) -> None:
    if port == admin_port:
        msg = f"--port and --admin-port are both {port}: each stack needs one of its own"
        raise Invalid(msg)
    for option, number in (("--port", port), ("--admin-port", admin_port)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", number))
            except OSError:
                msg = f"port {number} is in use: stop what listens there, or choose another with {option}"
                raise Conflict(msg) from None


def _make_plan(
    ports: Mapping[RunMode, int],
    readings: Path | None,
    on_ready: Callable[[Sequence[RunningStack]], None] | None,
) -> _Plan:
    settings, now = load_settings(), utc_now()
    data = settings.storage.data_directory
    data.mkdir(parents=True, exist_ok=True)
    memory = Memory.load(data / "demo.json")
    meters = [simulated(device) for device in site_plan.DEVICES]
    if readings is not None:
        from_now = first_heard(now, HISTORY).isoformat()
        started = memory.recording_starts.setdefault(recording_id(readings), from_now)
        meters.append(recorded(readings, datetime.fromisoformat(started)))
    return _Plan(settings, data, ports, memory, tuple(meters), now, on_ready)


def _run_stacks(plan: _Plan, server: EmbeddedServer) -> None:
    last_readings = asyncio.run(_prepare(plan, server))
    stacks = {mode: _served(plan, server, mode) for mode in RunMode}
    try:
        typer.echo("Starting the Client and the Admin ...", err=True)
        asyncio.run(_serve(plan, server, stacks, last_readings))
    finally:
        typer.echo("Stopping ...", err=True)
        # The Client first: it would only find out that there is no Admin any more.
        for mode in (RunMode.CLIENT, RunMode.ADMIN):
            stacks[mode].stop()


async def _prepare(plan: _Plan, server: EmbeddedServer) -> dict[str, datetime | None]:
    last_readings: dict[str, datetime | None] = {}
    for mode, database in _DATABASES.items():
        server.ensure_database(database)
        settings = plan.settings.model_copy(
            update={"application": plan.settings.application.model_copy(update={"run_mode": mode})}
        )
        stack = open_stack(settings, server.dsn(database), application_name="portal demo")
        try:
            await migrate(stack.db, mode)
            await energy.bootstrap(stack)
            await move_wide_readings(stack)
            if mode is RunMode.CLIENT:
                last_readings = await seed_client(stack, plan.memory, [meter.plan for meter in plan.meters])
            else:
                await seed_admin(stack, plan.memory)
        finally:
            await close_stack(stack)
    return last_readings


def _served(plan: _Plan, server: EmbeddedServer, mode: RunMode) -> ServedStack:
    directory = plan.data / mode.value.lower()
    chosen = plan.settings.authentication
    settings = {
        "Application__RunMode": mode.value,
        "Application__Name": _NAMES[mode],
        "Application__TimeZone": site_plan.ZONE.key,
        "Application__PublicUrl": f"http://127.0.0.1:{plan.ports[mode]}",
        "Database__ConnectionString": server.dsn(_DATABASES[mode]),
        "Storage__DataDirectory": str(directory),
        "Authentication__DefaultAdminEmail": chosen.default_admin_email,
        "Authentication__DefaultAdminPassword": chosen.default_admin_password.get_secret_value(),
    }
    if mode is RunMode.CLIENT:
        settings["FleetIngest__Enabled"] = "true"
        settings |= {env_name("fleet_ingest", name): value for name, value in _fleet_settings(plan).items()}
    return ServedStack(mode.value, plan.ports[mode], settings, directory)


def _fleet_settings(plan: _Plan) -> dict[str, str]:
    return {
        "url": f"http://127.0.0.1:{plan.ports[RunMode.ADMIN]}/api/fleet/ingest",
        "token": plan.memory.customer_token,
        "interval_seconds": str(_PUSH_SECONDS),
    }


async def _serve(
    plan: _Plan,
    server: EmbeddedServer,
    stacks: Mapping[RunMode, ServedStack],
    last_readings: Mapping[str, datetime | None],
) -> None:
    for stack in stacks.values():
        stack.start()
    await asyncio.gather(*(stack.wait_until_ready() for stack in stacks.values()))
    await _push_now(plan, server)
    unheard = first_heard(plan.now, HISTORY)
    posted_until = {name: last or unheard for name, last in last_readings.items()}
    async with Poster(stacks[RunMode.CLIENT].url, plan.memory.device_tokens, posted_until) as poster:
        typer.echo("Filling in the readings since the meters were last heard ...", err=True)
        count = await poster.fill_in(plan.meters, utc_now())
        played = [meter for meter in plan.meters if meter.load is None]
        url = stacks[RunMode.CLIENT].url
        with boards_of(plan.meters, url, plan.memory.device_tokens, plan.data / "boards"):
            _announce(plan, stacks, count)
            await asyncio.gather(_watch(server, stacks), poster.play(played, utc_now))


async def _push_now(plan: _Plan, server: EmbeddedServer) -> None:
    """Push once although an earlier failure asks for patience: the Admin may have been ready after the Client."""
    fleet = FleetIngest.model_validate(_fleet_settings(plan) | {"enabled": True})
    settings = plan.settings.model_copy(update={"fleet_ingest": fleet})
    stack = open_stack(settings, server.dsn(_DATABASES[RunMode.CLIENT]), application_name="portal demo")
    try:
        await tick_once(stack)
    finally:
        await close_stack(stack)


async def _watch(server: EmbeddedServer, stacks: Mapping[RunMode, ServedStack]) -> None:
    """Raise `PortalError` as soon as one of the processes has ended."""
    while True:
        if server.pid is None:
            msg = f"the database ended (log: {server.home.log_file}); start again, it recovers by itself"
            raise PortalError(msg)
        for stack in stacks.values():
            stack.check()
        await asyncio.sleep(_WATCH_SECONDS)


def _announce(plan: _Plan, stacks: Mapping[RunMode, ServedStack], filled_in: int) -> None:
    chosen = plan.settings.authentication
    email, password = chosen.default_admin_email, chosen.default_admin_password.get_secret_value()
    if plan.on_ready is not None:
        plan.on_ready(
            [RunningStack(mode.value, stack.url, email, password) for mode, stack in stacks.items()]
        )
        return
    log_in = f"{email} / {password}"
    lines = ["", "The energy portal is running.", ""]
    lines += [f"  {mode.value:<8}{stack.url:<26}{log_in}" for mode, stack in stacks.items()]
    lines += [
        "",
        f"  {len(plan.meters)} meters are read every {LIVE_SECONDS} s ({filled_in} readings were filled in);",
        f"  the Client pushes to the Admin every {_PUSH_SECONDS} s. Data and logs: {plan.data}",
        "  Ctrl-C stops everything.",
        "",
    ]
    typer.echo("\n".join(lines))
