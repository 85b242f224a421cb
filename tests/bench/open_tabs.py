"""What an event takes while a hundred tabs are open, and what an open tab takes of the process that serves it.

    python -m tests.bench.open_tabs --pid PID [--url http://127.0.0.1:8000] [--tabs 100] [--rounds 10]

Against a product that runs (`make run`; `PID` is that of its `portal serve`). Half of the tabs have the dashboard open
and follow it, half the Cost page of days that are over, where in turn one presses what its bars show. A round trip ends
with the first answer; what a browser and its line take is not in it.
"""

import argparse
import asyncio
import statistics
import time
from contextlib import AsyncExitStack
from pathlib import Path

import httpx

from tests.bench.pages import say
from tests.bench.tab import Tab, opened

_SHOW = "reflex___state____state.portal___client___cost___state____cost_state.show_measure"
_OVER = "/cost?from=2026-01-01&to=2026-01-07&days=local"
_POLL_SECONDS = 0.001


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


async def _session(given: argparse.Namespace) -> str:
    async with httpx.AsyncClient(base_url=given.url) as http:
        form = {"email": given.email, "password": given.password}
        answer = await http.post("/auth/login", data=form, headers={"Origin": given.url})
        return answer.cookies["portal_session"]


async def _press(tab: Tab, measure: str) -> float:
    tab.came.clear()
    began = time.perf_counter()
    router = {"pathname": "/cost", "asPath": _OVER, "query": {}}
    call = {"name": _SHOW, "payload": {"measure": measure}, "router_data": router}
    await tab.client.emit("event", call, namespace="/_event")
    while not tab.came:  # noqa: ASYNC110 - a poll
        await asyncio.sleep(_POLL_SECONDS)
    return tab.came[0][0] - began


async def _measure(given: argparse.Namespace) -> None:
    session = await _session(given)
    async with AsyncExitStack() as closing:
        warm = await closing.enter_async_context(opened(given.url, session))
        await warm.open(_OVER)
        before = _resident_mb(given.pid)
        tabs = [await closing.enter_async_context(opened(given.url, session)) for _ in range(given.tabs)]
        await asyncio.gather(*(tab.open(_OVER if at % 2 else "/") for at, tab in enumerate(tabs)))
        after = _resident_mb(given.pid)
        say(
            f"memory of an open tab: {(after - before) / given.tabs:.2f} MB ({before:.0f}, then {after:.0f} MB)"
        )
        took = [
            await _press(tab, measure)
            for at in range(given.rounds)
            for tab, measure in ((tab, ("energy", "cost")[at % 2]) for tab in tabs[1::2])
        ]
    ordered = sorted(took)
    worst = ordered[-1 - len(ordered) // 20]
    say(
        f"round trip of an event: median {statistics.median(ordered) * 1000:.0f} ms, 95 of 100 {worst * 1000:.0f} ms, "
        f"longest {ordered[-1] * 1000:.0f} ms of {len(ordered)}"
    )


def main() -> None:
    """Open the tabs, then press."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--pid", type=int, required=True)
    arguments.add_argument("--url", default="http://127.0.0.1:8000")
    arguments.add_argument("--email", default="admin@example.com")
    arguments.add_argument("--password", default="change-me-please")
    arguments.add_argument("--tabs", type=int, default=100)
    arguments.add_argument("--rounds", type=int, default=10)
    asyncio.run(_measure(arguments.parse_args()))


if __name__ == "__main__":
    main()
