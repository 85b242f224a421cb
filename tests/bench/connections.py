"""What the bounds on connections cost an ingest: the API under our server and under uvicorn's own, in turns.

    python -m tests.bench.connections [--dsn postgresql://...] [--rounds 6] [--beside CHECKOUT]

With `--beside`, a prepared checkout of another release takes the place of uvicorn's own server. Each has a database of
its own on one server, and gets the same bodies over one connection. Processor time is that of the API's process.
"""

import argparse
import asyncio
import gzip
import http.client
import os
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from portal.core.exchange.batches import ENCODER
from portal.core.readings.wire import DeviceReading
from portal.core.settings import RunMode, load_settings
from portal.core.stack import open_stack
from tests.bench.rig import BATCH, START, database, note, settings
from tests.bench.single_readings import VALUES, single_now, two_devices
from tests.integration.databases import TestServer, reachable_directory
from tests.integration.fleet_ingest.servers import Server, serving

_PLAIN = "fleet_ingest.app:create_app"
_SINGLES, _BATCHES = 300, 4


def _batch(number: int) -> bytes:
    first = START + timedelta(days=1, seconds=number * BATCH)
    rows = [DeviceReading(time=first + timedelta(seconds=second), **VALUES) for second in range(BATCH)]
    return gzip.compress(ENCODER.encode(rows), 6)


def _processor_seconds(server: Server) -> float:
    fields = Path(f"/proc/{server.process.pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _post(server: Server, token: str, bodies: list[bytes], encoding: str) -> tuple[float, float]:
    """Send bodies one after the other; return seconds and processor seconds of each, on average."""
    address = urlsplit(server.url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=60)
    headers = {"Authorization": f"Bearer {token}", "Content-Encoding": encoding}
    used, begin = _processor_seconds(server), time.perf_counter()
    for body in bodies:
        connection.request("POST", "/api/ingest/measurements", body, headers)
        answer = connection.getresponse()
        said = answer.read()
        assert answer.status == http.client.OK, said
    took, used = time.perf_counter() - begin, _processor_seconds(server) - used
    connection.close()
    return took / len(bodies), used / len(bodies)


@contextmanager
def _api(server: TestServer, directory: Path, app: str, root: Path | None) -> Iterator[tuple[Server, str]]:
    given = settings(server, RunMode.CLIENT)
    token, _ = asyncio.run(two_devices(open_stack(load_settings(given))))
    with serving(directory, given | ({"PYTHONPATH": str(root)} if root else {}), app=app) as api:
        yield api, token


def compare(server: TestServer, directory: Path, rounds: int, root: Path | None) -> None:
    """Measure both in turns, round after round, so that whatever else the machine does hits both."""
    found: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    with ExitStack() as opened:
        apis = {
            "bounded": opened.enter_context(_api(server, directory, "", None)),
            "beside": opened.enter_context(_api(server, directory, _PLAIN, root)),
        }
        for number in range(rounds + 1):
            singles = [single_now() for _ in range(_SINGLES)]
            batches = [_batch(number * _BATCHES + one) for one in range(_BATCHES)]
            for name, (api, token) in apis.items():
                measured = {
                    "single readings": _post(api, token, singles, "identity"),
                    f"batches of {BATCH} in gzip": _post(api, token, batches, "gzip"),
                }
                if number:  # the first round fills caches
                    for kind, figures in measured.items():
                        found[kind, name].append(figures)
    for kind in dict.fromkeys(kind for kind, _ in found):
        for index, what in enumerate(("time", "processor time")):
            middle = {
                name: note(
                    f"{kind}, {what}, {name}",
                    statistics.median(figures[index] for figures in found[kind, name]) * 1000,
                    "ms",
                )
                for name in apis
            }
            note(f"ratio: {kind}, {what}", middle["bounded"] / middle["beside"], "")


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--dsn")
    arguments.add_argument("--rounds", type=int, default=6)
    arguments.add_argument("--beside", type=Path)
    chosen = arguments.parse_args()
    with database(chosen.dsn) as server, reachable_directory() as directory:
        compare(server, directory, chosen.rounds, chosen.beside)


if __name__ == "__main__":
    sys.exit(main())
