"""Bounds on time that hold on a busy machine too: how much slower it is than an idle one is measured meanwhile."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_LOOK_S, _PAUSE_S = 0.002, 0.03


def stretched(seconds: float, took: float, worked: float, at_most: float = math.inf) -> float:
    """Return how long something may take on a machine that needs `took` seconds for `worked` seconds' work."""
    slower = max(1.0, took / worked) if worked else 1.0
    return max(seconds, min(seconds * slower, at_most))


@contextmanager
def busy() -> Iterator[Callable[..., float]]:
    """Measure meanwhile how busy the machine is: what is yielded is `stretched` by that, `seconds` and `at_most`."""
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
    try:
        yield lambda seconds, at_most=math.inf: stretched(seconds, took[0], worked[0], at_most)
    finally:
        over.set()
        looking.join()


@contextmanager
def within(seconds: float, at_most: float = math.inf) -> Iterator[None]:
    """What the block does takes no longer than that, where nothing else wants the processor.

    For what waits when it is wrong, for a time-out or for ever; `at_most` is what a busy machine does not stretch it
    beyond: less than the time-out. Figures are the matter of `tests/bench`.
    """
    began = time.monotonic()
    with busy() as allowing:
        yield
        needed = time.monotonic() - began
    allowed = allowing(seconds, at_most)
    assert needed < allowed, f"{needed:.1f} s, and on a machine as busy as this it may take {allowed:.1f} s"
