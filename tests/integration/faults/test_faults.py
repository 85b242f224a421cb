"""Whatever breaks: no acknowledged row is missing, none is there twice, nothing is acknowledged that was not
committed, and the service recovers by itself. Real server processes, a real database that is killed."""

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.integration.databases import reachable_directory
from tests.integration.faults.rig import Customers, Rig, eventually, rig, rows
from tests.pace import within

BALLAST_BYTES = 40 * 1024 * 1024
DISK_MEGABYTES = 170


@pytest.fixture(scope="module")
def running() -> Iterator[Rig]:
    with reachable_directory() as directory, rig(directory, workers=2) as made:
        yield made


def ready(made: Rig) -> int:
    return httpx.get(f"{made.server.url}/health/ready", timeout=60).status_code


def test_the_database_dies_in_the_middle_of_batches(running: Rig) -> None:
    customers = Customers(running)
    with customers.posting():
        for _ in range(2):
            time.sleep(1)
            running.kill_database()
            with within(5):
                eventually(lambda: ready(running) == 503, "health says 503")
            assert httpx.get(f"{running.server.url}/health/live", timeout=60).status_code == 200
            time.sleep(0.5)
            running.postgres.start()
            eventually(lambda: ready(running) == 200, "health says 200 again")
        before = len(customers.acknowledged)
        eventually(lambda: len(customers.acknowledged) > before, "batches are taken again")
    assert 503 in customers.statuses
    customers.assert_all_there_once()


def test_workers_are_killed(running: Rig) -> None:
    customers = Customers(running)
    with customers.posting():
        for _ in range(2):
            time.sleep(1)
            workers = running.server.workers()
            assert workers, "there is no worker to kill"
            os.kill(workers[0], signal.SIGKILL)
            eventually(lambda: len(running.server.workers()) == 2, "a new worker is there")
        before = len(customers.acknowledged)
        eventually(lambda: len(customers.acknowledged) > before, "batches are taken again")
    customers.assert_all_there_once()


def test_a_worker_that_dies_without_a_database_comes_back_with_it(running: Rig) -> None:
    eventually(lambda: len(running.server.workers()) == 2, "both workers are there")
    eventually(lambda: ready(running) == 200, "one of them serves")
    running.kill_database()
    # The older one is sure to have begun to serve; what is still starting ends as well when its database goes.
    [left, dead] = sorted(running.server.workers())
    os.kill(dead, signal.SIGKILL)
    tried: set[int] = set()

    def tries_again() -> bool:
        tried.update(set(running.server.workers()) - {dead, left})
        return len(tried) > 1

    eventually(tries_again, "another one tries, cannot start, and the next one tries")
    assert running.server.process.poll() is None
    assert left in running.server.workers()
    running.postgres.start()
    eventually(lambda: ready(running) == 200, "health says 200 again")
    customers = Customers(running)
    with customers.posting():
        eventually(lambda: bool(customers.acknowledged), "batches are taken again")
    customers.assert_all_there_once()


def connect(made: Rig) -> socket.socket:
    address = urlsplit(made.server.url)
    return socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=10)


def head(made: Rig, length: int) -> bytes:
    return (
        f"POST /api/fleet/ingest HTTP/1.1\r\nHost: x\r\nX-Customer-Token: {made.token}\r\n"
        f"X-Batch-Type: measurements\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


def test_a_client_hangs_up_half_way(running: Rig) -> None:
    body = httpx.Request("POST", "http://x", json=rows(20_000_000, 50)).content
    before = len(running.seconds_of_stored_rows())
    for part in (0, 1, len(body) // 2, len(body) - 1):
        with connect(running) as client:
            client.sendall(head(running, len(body)) + body[:part])
    time.sleep(0.5)
    assert len(running.seconds_of_stored_rows()) == before
    assert running.post(rows(20_000_000, 50)).json()["accepted"] == 50
    assert len(running.seconds_of_stored_rows()) == before + 50


def test_a_client_that_hears_no_answer_repeats_without_harm(running: Rig) -> None:
    body = httpx.Request("POST", "http://x", json=rows(21_000_000, 50)).content
    with connect(running) as client:
        client.sendall(head(running, len(body)) + body)
        eventually(lambda: 21_000_000 in running.seconds_of_stored_rows(), "the batch is stored")
    assert running.post(rows(21_000_000, 50)).json() == {"accepted": 50, "rejected": 0, "errors": []}
    stored = running.seconds_of_stored_rows()
    assert len(stored) == len(set(stored))


def test_slow_clients_hold_up_nobody(running: Rig) -> None:
    body = httpx.Request("POST", "http://x", json=rows(22_000_000, 50)).content
    slow = [connect(running) for _ in range(20)]  # more than there are database connections
    try:
        for client in slow:
            client.sendall(head(running, len(body)) + body[:100])
        for number in range(5):
            with within(2):
                assert running.post(rows(23_000_000 + number * 50, 50)).status_code == 200
            for client in slow:
                client.sendall(body[100 + number : 101 + number])
    finally:
        for client in slow:
            client.close()


def test_fifty_batches_of_the_same_rows_at_once_are_stored_once(running: Rig) -> None:
    wanted = rows(24_000_000, 200)
    gate = threading.Barrier(50)

    def post(number: int) -> httpx.Response:
        turned = wanted if number % 2 else wanted[::-1]
        gate.wait()
        return running.post(turned)

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(post, range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["accepted"] for answer in answers} == {200}
    stored = [second for second in running.seconds_of_stored_rows() if second >= 24_000_000]
    assert stored == list(range(24_000_000, 24_000_200))


def test_no_token_is_in_the_log(running: Rig) -> None:
    log = running.server.text()
    assert "Accepted 50 measurements from acme" in log
    assert running.token not in log


@pytest.fixture
def small_disk() -> Iterator[Path]:
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("A FULL DISK IS NOT TESTED: only root can mount a small one")
    with reachable_directory() as directory:
        disk = directory / "disk"
        disk.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m,mode=755", "tmpfs", str(disk)],
            check=False,
        )
        if mounted.returncode:
            pytest.skip("A FULL DISK IS NOT TESTED: this machine does not let us mount a small one")
        try:
            yield disk
        finally:
            subprocess.run(["umount", "-l", str(disk)], check=True)


def test_the_disk_is_full(small_disk: Path, tmp_path: Path) -> None:
    ballast = small_disk / "ballast"
    with rig(tmp_path, data=small_disk / "postgres") as made:
        with ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, BALLAST_BYTES)
        customers = Customers(made, batch_rows=5_000)
        with customers.posting(1):
            eventually(lambda: 503 in customers.statuses, "the disk is full")
            ballast.unlink()
            before = len(customers.acknowledged)

            def goes_on() -> bool:
                if (
                    made.postgres.pid is None
                ):  # no room for its log stops a server: whoever runs it starts it again
                    made.postgres.stop()
                    made.postgres.start()
                return len(customers.acknowledged) > before

            eventually(goes_on, "batches are taken again")
        customers.assert_all_there_once()
