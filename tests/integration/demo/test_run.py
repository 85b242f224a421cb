"""`portal demo` as somebody at a terminal meets it. Needs the pages built: `make setup`."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from tests.integration.databases import reachable_directory
from tests.ports import free_port

COMMAND = Path(sys.executable).with_name("portal")
READY = "Ctrl-C stops everything"
READY_PATIENCE_S, PATIENCE_S = 120, 60


@pytest.fixture
def directory() -> Iterator[Path]:
    with reachable_directory(in_memory=True) as path:
        yield path


def free_ports() -> tuple[int, int]:
    return free_port(), free_port()


class Demo:
    """One run of the demo, its output in a file."""

    def __init__(self, directory: Path, ports: tuple[int, int], *options: str) -> None:
        self.directory = directory
        self.output = directory / "output.txt"
        self.client_url, self.admin_url = (f"http://127.0.0.1:{port}" for port in ports)
        chosen = ["--port", str(ports[0]), "--admin-port", str(ports[1]), *options]
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [COMMAND, "demo", *chosen],
                cwd=directory,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment(),
            )

    def said(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def wait_until_ready(self) -> None:
        assert eventually(
            lambda: READY in self.said() or self.process.poll() is not None, READY_PATIENCE_S
        ), self.said()
        assert self.process.poll() is None, self.said()

    def children(self) -> list[int]:
        threads = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(pid) for thread in threads for pid in thread.read_text().split()]

    def count(self, database: str, table: str) -> int:
        return asyncio.run(self._count(database, table))

    async def _count(self, database: str, table: str) -> int:
        sockets = self.directory / "data" / "postgres" / "run"
        connection = await asyncpg.connect(f"postgresql://postgres@/{database}?host={sockets}")
        try:
            return await connection.fetchval(f"SELECT count(*) FROM {table}")
        finally:
            await connection.close()

    def readings(self) -> tuple[int, int]:
        """How many the Client has, and how many of them have reached the Admin."""
        return (
            self.count("portal_client", "monitoring.power_measurements"),
            self.count("portal_admin", "fleet.power_measurements"),
        )


def environment() -> dict[str, str]:
    """Without settings that somebody has set for a stack of their own."""
    return {name: value for name, value in os.environ.items() if "__" not in name}


def eventually(holds: Callable[[], bool], patience_s: float) -> bool:
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.1)
    return holds()


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def test_it_fills_both_stacks_survives_a_kill_and_stops_everything_it_started(directory: Path) -> None:
    ports = free_ports()
    demo = Demo(directory, ports)
    demo.wait_until_ready()
    logs = list((directory / "data").rglob("*.log*"))
    assert {log.name for log in logs} >= {"client.log", "admin.log", "server.log"}
    assert [log for log in logs if log.stat().st_mode & 0o077] == []
    for url in (demo.client_url, demo.admin_url):
        assert url in demo.said()
        assert httpx.get(f"{url}/health/ready").status_code == 200
    history = demo.readings()[0]
    assert history >= 4 * 35 * 96, "35 days of four meters at quarter hours"
    assert eventually(lambda: demo.readings()[0] > history, PATIENCE_S), "the meters go on"
    assert eventually(lambda: demo.readings()[1] >= history, PATIENCE_S), "and all of it reaches the Admin"

    children = demo.children()
    assert len(children) == 3, "the database and two stacks"
    demo.process.kill()
    demo.process.wait()
    assert eventually(lambda: all(map(is_gone, children)), PATIENCE_S)

    again = Demo(directory, ports)
    again.wait_until_ready()
    known = again.readings()[0]
    assert eventually(lambda: again.readings()[0] > known, PATIENCE_S)
    assert eventually(lambda: again.readings()[1] > known, PATIENCE_S), (
        "the Admin still takes the Client's token"
    )
    children = again.children()
    again.process.send_signal(signal.SIGINT)
    assert again.process.wait(PATIENCE_S) == 0, again.said()
    assert all(map(is_gone, children))


def test_a_file_is_played_by_a_device_of_its_own_and_a_stack_that_dies_ends_the_demo(directory: Path) -> None:
    file = directory / "bakery.csv"
    rows = ("time,energy_imported_kwh", "2015-10-05T06:00:00Z,100", "2015-10-05T07:00:00Z,101")
    file.write_text("\n".join(rows), encoding="utf-8")
    demo = Demo(directory, free_ports(), "--readings", "bakery.csv")
    demo.wait_until_ready()
    joined = "monitoring.power_measurements r JOIN monitoring.devices d ON d.id = r.device_id"
    assert demo.count("portal_client", f"{joined} WHERE d.name = 'bakery'") == 2

    children = demo.children()
    served = next(pid for pid in children if b"serve" in Path(f"/proc/{pid}/cmdline").read_bytes())
    os.kill(served, signal.SIGKILL)
    assert demo.process.wait(PATIENCE_S) == 1
    assert "stack ended: killed by SIGKILL" in demo.said()
    assert all(map(is_gone, children))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (
            ["--admin-port", "{taken}"],
            "port {taken} is in use: stop what listens there, or choose another with --admin-port",
        ),
        (["--admin-port", "{port}"], "--port and --admin-port are both {port}"),
        (
            ["--admin-port", "{other}", "--readings", "nowhere.csv"],
            "the readings in nowhere.csv can't be read",
        ),
    ],
)
def test_what_cannot_start_says_so_in_one_line(directory: Path, options: list[str], reason: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        free = free_ports()
        names = {"taken": taken.getsockname()[1], "port": free[0], "other": free[1]}
        chosen = [option.format(**names) for option in ["--port", "{port}", *options]]
        done = subprocess.run(
            [COMMAND, "demo", *chosen],
            check=False,
            cwd=directory,
            env=environment(),
            capture_output=True,
            text=True,
        )
    assert done.returncode == 1
    assert reason.format(**names) in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""
