"""Starts the embedded PostgreSQL again when it ends by itself, and gives up where that does not help.

A thread of its own: it starts the server and waits for its end, so it lives as long as the server does, which the
kernel ends with the thread that started it. Crash recovery may take minutes, and the event loop goes on meanwhile.
"""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING

from portal.core.errors import PortalError
from portal.core.log import logger

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

_log = logger("database")
# At once, and then with growing pauses: whatever ended it may take a while to pass, such as a full disk.
PAUSES_SECONDS = (0.0, 1.0, 2.0, 4.0, 8.0)
# A server that ran for so long was well: the next end is a first one again.
_WELL_SECONDS = 60.0


class Watch:
    """Keeps a server running. `launch` starts it and returns its process, or raises `PortalError`."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        launch: Callable[[], subprocess.Popen[bytes]],
        on_giving_up: Callable[[str], object],
    ) -> None:
        """`on_giving_up` is told why in one line, from the watching thread, once it is not started again."""
        self.process = process
        self._launch = launch
        self._give_up = on_giving_up
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="embedded PostgreSQL", daemon=True)
        self._thread.start()

    def let_go(self) -> None:
        """Leave the server to its end, whenever it comes."""
        self._stopping.set()

    def join(self) -> None:
        """Wait for the watching thread, once the server has ended."""
        self._thread.join()

    def _run(self) -> None:
        failures, began, why = 0, time.monotonic(), _end_of(self.process.wait())
        while not self._stopping.is_set():
            if time.monotonic() - began >= _WELL_SECONDS:
                failures = 0
            if failures == len(PAUSES_SECONDS):
                self._give_up(f"the embedded PostgreSQL ended {failures} times in a row: {why}")
                return
            _log.warning("The embedded PostgreSQL ended and is started again", reason=why)
            self._stopping.wait(PAUSES_SECONDS[failures])
            failures, began = failures + 1, time.monotonic()
            why = "" if self._stopping.is_set() else self._run_once()

    def _run_once(self) -> str:
        """Start the server and wait for its end; return why it did not start or how it ended."""
        try:
            self.process = self._launch()
        except PortalError as error:
            return error.message.strip().splitlines()[-1]
        if self._stopping.is_set():  # whoever asked for the end may have seen the server before
            self.process.send_signal(signal.SIGINT)
        else:
            _log.info("The embedded PostgreSQL runs again")
        return _end_of(self.process.wait())


def _end_of(status: int) -> str:
    if status >= 0:
        return f"it ended with status {status}"
    try:
        return f"it was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"it was ended by signal {-status}"
