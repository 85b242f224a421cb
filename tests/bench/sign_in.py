"""What a log-in and a session check cost, and what a hundred log-ins at once do to somebody with a page open.

Run it with `.venv/bin/python -m tests.bench.sign_in`: it starts a Client stack of its own; one line per figure.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx

from portal.core.access import Role
from portal.core.database.migrations import migrate
from portal.core.identity.secrets import passwords
from portal.core.identity.service import accounts, sessions
from portal.core.settings import load_settings
from portal.core.stack import Stack, close_stack, open_stack
from tests.e2e.running import PASSWORD, RunningStack
from tests.integration.databases import TestServer, running_server

_ATTEMPTS = 100
_PAGE = {"Accept": "text/html"}
_PAUSE_S = 0.05


def _say(what: str, value: float, unit: str = "ms") -> None:
    sys.stdout.write(f"{what}: {value:.2f} {unit}\n")
    sys.stdout.flush()


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


async def _hash_cost() -> None:
    known = await passwords.hash_password(PASSWORD)
    await passwords.verify(PASSWORD, known)
    spent = []
    for _ in range(20):
        before = time.process_time()
        await passwords.verify(PASSWORD, known)
        spent.append((time.process_time() - before) * 1000)
    _say("verification of a password, CPU time, median", statistics.median(spent))
    _say("verification of a password, CPU time, longest", max(spent))


async def _session_cost(stack: Stack) -> None:
    await accounts.add_user(stack, "bench@example.com", Role.USER, PASSWORD)
    token = (await sessions.sign_in(stack, "bench@example.com", PASSWORD)).token
    await sessions.session_actor(stack, token)
    spent = []
    for _ in range(500):
        before = time.perf_counter()
        await sessions.session_actor(stack, token)
        spent.append((time.perf_counter() - before) * 1000)
    _say("session check, median", statistics.median(spent))
    _say("session check, p95", _p95(spent))


async def _in_process(server: TestServer) -> None:
    await server.execute("CREATE DATABASE bench_sessions")
    stack = open_stack(load_settings({}), server.dsn("bench_sessions"))
    await migrate(stack.db, stack.settings.run_mode)
    await _hash_cost()
    await _session_cost(stack)
    await close_stack(stack)


async def _page_times(http: httpx.AsyncClient, until: asyncio.Task[None] | None, least: int) -> list[float]:
    spent: list[float] = []
    while len(spent) < least or (until is not None and not until.done()):
        before = time.perf_counter()
        (await http.get("/", headers=_PAGE)).raise_for_status()
        spent.append((time.perf_counter() - before) * 1000)
        await asyncio.sleep(_PAUSE_S)
    return spent


async def _flood(url: str) -> None:
    """A hundred people with a hundred addresses of their own: none is refused before its password is looked at."""
    limits = httpx.Limits(max_connections=_ATTEMPTS)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=120) as http:
        forms = [
            {"email": f"nobody{n}@example.com", "password": "not the password"} for n in range(_ATTEMPTS)
        ]
        await asyncio.gather(
            *(
                http.post("/auth/login", data=form, headers={"X-Forwarded-For": f"198.51.100.{n}"})
                for n, form in enumerate(forms)
            )
        )


async def _under_attack(stack: RunningStack) -> None:
    async with httpx.AsyncClient(base_url=stack.url, timeout=60) as alice:
        await alice.post("/auth/login", data={"email": "alice@example.com", "password": PASSWORD})
        _say("open page while nothing else happens, p95", _p95(await _page_times(alice, None, 40)))
        began = time.perf_counter()
        flood = asyncio.create_task(_flood(stack.url))
        _say(f"open page during {_ATTEMPTS} log-ins at once, p95", _p95(await _page_times(alice, flood, 20)))
        await flood
        _say(f"{_ATTEMPTS} log-ins at once, all answered after", time.perf_counter() - began, "s")


def main() -> None:
    """Measure everything once."""
    with running_server() as server, tempfile.TemporaryDirectory() as folder:
        asyncio.run(_in_process(server))
        asyncio.run(server.execute("CREATE DATABASE bench_pages"))
        settings = {
            "Database__ConnectionString": server.dsn("bench_pages").replace("+asyncpg", ""),
            "Storage__DataDirectory": folder,
            "Application__TrustedProxyHops": "1",
        }
        stack = RunningStack("Client", settings, Path(folder))
        stack.start()
        try:
            stack.add_user("alice@example.com", "admin")
            asyncio.run(_under_attack(stack))
        finally:
            stack.stop()


if __name__ == "__main__":
    main()
