"""A board has two threads: one stores, the other sends and acknowledges."""

from __future__ import annotations

import threading

from node.ring import Ring
from tests.firmware.simulated_flash import SimulatedFlash


def test_storing_and_sending_at_once_loses_and_doubles_nothing() -> None:
    ring = Ring(SimulatedFlash(32, 512), lock=threading.Lock())  # pyright: ignore[reportArgumentType]
    ring.mount()
    frames, sent = 2000, []

    def store() -> None:
        for number in range(frames):
            base = ring.base
            while ring.sectors_waiting() > 24:  # the sender is that far behind: a full ring is another test
                pass
            ring.append(0, number.to_bytes(4, "little"), number.to_bytes(2, "little"), base)

    storing = threading.Thread(target=store)
    storing.start()
    while storing.is_alive() or ring.oldest(1):
        batch = ring.oldest(7)
        sent += [int.from_bytes(frame.payload, "little") for frame in batch]
        if batch:
            ring.acknowledge(batch[-1].at)
    storing.join()
    assert sent == list(range(frames))
    assert ring.dropped == 0
