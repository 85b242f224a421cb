"""The supervisor of several processes waits for none that has ended."""

import multiprocessing
import time

from portal.server.config import ServerConfig
from portal.server.workers import _Worker
from tests.integration.server.conftest import Application
from tests.pace import within


def test_a_worker_that_ends_while_it_is_asked_is_not_waited_for() -> None:
    worker = _Worker(ServerConfig(Application()), [])
    # It is there when it is asked, says nothing, and ends: as one does that starts and finds no database.
    worker.process = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(0.5,))
    worker.start()
    with within(10, at_most=25):
        assert not worker.ping(timeout=30)
    worker.join()
