"""Bounds on time that hold on a busy machine too: how much slower it is than an idle one is measured meanwhile."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_LOOK_S, _PAUSE_S = 0.002, 0.03


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """What the block does takes no longer than that, where nothing else wants the processor.

    For what waits when it is wrong, for a time-out or for ever; figures are the matter of `tests/bench`.
    """
    over, took, worked = threading.Event(), [0.0], [0.0]

    def look() -> None:
        while not over.wait(_PAUSE_S):
            began, own = time.perf_counter(), time.thread_time()
            while time.thread_time() - own < _LOOK_S:
                pass
            took[0] += time.perf_counter() - began
            worked[0] += time.thread_time() - own

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    began = time.monotonic()
    try:
        yield
        needed = time.monotonic() - began
    finally:
        over.set()
        looking.join()
    slower = max(1.0, took[0] / worked[0]) if worked[0] else 1.0
    assert needed < seconds * slower, (
        f"{needed:.1f} s, and the machine is {slower:.1f} times slower than idle"
    )
