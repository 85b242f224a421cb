"""The ring: nothing before a cut is lost, nothing is made up, and what a full one gives up is counted."""

from node.ring import Ring, RingDamaged
from node.sectors import LEANS
from tests.firmware.checks import raises
from tests.firmware.simulated_flash import PowerCut, SimulatedFlash

# Small sectors: some frames each, so that a few dozen go round the ring and every kind of write and erase is met.
_SECTOR = 128


def _payload(number: int) -> bytes:
    return bytes((number & 255, number >> 8)) + b"reading"[: number % 7]


def _number(payload: bytes) -> int:
    return payload[0] | payload[1] << 8


def _mounted(flash: SimulatedFlash) -> Ring:
    ring = Ring(flash)
    ring.mount()
    return ring


def _pending(ring: Ring) -> "list[int]":
    return [_number(frame.payload) for frame in ring.oldest(10_000)]


def _filled(frames: int, blocks: int = 4, size: int = _SECTOR) -> "tuple[SimulatedFlash, Ring]":
    flash = SimulatedFlash(blocks, size)
    ring = _mounted(flash)
    for number in range(frames):
        ring.append(0, _payload(number))
    return flash, ring


def test_what_was_stored_comes_back_in_order() -> None:
    flash, ring = _filled(20)
    assert _pending(ring) == list(range(20))
    assert _pending(_mounted(flash)) == list(range(20))
    frames = ring.oldest(3)
    assert [frame.payload for frame in frames] == [_payload(0), _payload(1), _payload(2)]


def test_what_is_acknowledged_does_not_come_back() -> None:
    flash, ring = _filled(20)
    for count in (1, 5, 9):
        before = _pending(ring)
        ring.acknowledge(ring.oldest(count)[-1].at)
        assert _pending(ring) == before[count:]
        assert _pending(_mounted(flash)) == before[count:]
    ring.acknowledge(ring.oldest(100)[-1].at)
    assert _pending(ring) == []
    assert _pending(_mounted(flash)) == []


def test_a_full_ring_drops_the_oldest_and_counts_them() -> None:
    flash, ring = _filled(200)
    left = _pending(ring)
    assert left == list(range(200 - len(left), 200))
    assert ring.dropped == 200 - len(left)
    assert _mounted(flash).dropped == ring.dropped


def test_a_ring_says_how_many_it_holds_at_least() -> None:
    ring = _mounted(SimulatedFlash(6, _SECTOR))
    assert ring.holds() == 0
    ring.append(0, _payload(6))
    holds = ring.holds()
    assert holds > 0
    for number in range(holds):
        ring.append(0, _payload(6 + 7 * number))
    assert ring.dropped == 0
    assert ring.holds() == holds


def test_what_was_sent_is_not_counted_as_dropped() -> None:
    _, ring = _filled(0)
    for number in range(300):
        ring.append(0, _payload(number))
        ring.acknowledge(ring.oldest(1)[0].at)
    assert ring.dropped == 0


def test_a_frame_leans_on_the_first_of_its_sector_only() -> None:
    flash, ring = _filled(1)
    base = ring.base
    ring.append(0, b"in full", b"lean", base)
    ring.append(5, b"another kind")
    ring.append(0, b"in full", b"lean", b"not the base")
    frames = _mounted(flash).oldest(10)[1:]
    assert [(frame.payload, frame.base, frame.kind) for frame in frames] == [
        (b"lean", base, 0),
        (b"another kind", None, 5),
        (b"in full", None, 0),
    ]
    assert raises(ValueError, ring.append, LEANS, b"")
    assert raises(ValueError, ring.append, 0, b"x" * 255)


def test_a_leaning_frame_is_not_read_with_another_base() -> None:
    flash, ring = _filled(2)
    ring.append(0, b"full", b"lean", ring.base)
    flash.data[0][26] ^= (
        0x04  # a bit of the base goes bad: the next frame of kind 0 is none it may be read with
    )
    assert [frame.payload for frame in _mounted(flash).oldest(10)] == [_payload(1)]


def test_all_blocks_wear_alike() -> None:
    flash, _ = _filled(2000, blocks=8)
    assert max(flash.erases) - min(flash.erases) <= 2


def test_a_block_that_takes_no_data_any_more_is_left_out() -> None:
    flash, ring = _filled(8)
    flash.stuck.add(2)
    for number in range(8, 40):
        ring.append(0, _payload(number))
    left = _pending(ring)
    assert left[-1] == 39
    assert left == list(range(left[0], 40))
    assert _pending(_mounted(flash)) == left


def test_a_byte_that_goes_bad_costs_its_own_frame() -> None:
    flash, _ = _filled(8)
    flash.data[0][60] ^= 0x10
    left = _pending(_mounted(flash))
    assert len(left) == 7
    assert left == sorted(left)


def test_what_is_acknowledged_stays_so_where_flash_takes_no_marks() -> None:
    flash, ring = _filled(20)
    flash.stuck.update(range(4))
    ring.acknowledge(ring.oldest(13)[-1].at)
    assert _pending(ring) == list(range(13, 20))
    ring.acknowledge(ring.oldest(100)[-1].at)
    assert _pending(ring) == []


def test_what_is_no_ring_is_never_erased() -> None:
    flash = SimulatedFlash(4, _SECTOR)
    flash.write(2, 50, b"somebody else's")
    before = flash.copy().data
    assert raises(RingDamaged, _mounted, flash)
    assert flash.data == before
    Ring(flash).format()
    assert _pending(_mounted(flash)) == []


def test_a_ring_that_a_person_formats_begins_anew() -> None:
    flash, ring = _filled(200)
    ring.acknowledge(ring.oldest(3)[-1].at)
    ring.format()
    assert (_pending(ring), ring.dropped) == ([], 0)
    ring.append(0, _payload(7))
    assert _pending(ring) == _pending(_mounted(flash)) == [7]


def test_a_ring_of_another_size_is_not_taken_for_one() -> None:
    flash, _ = _filled(12)
    assert raises(RingDamaged, Ring(flash, 0, 3).mount)


def _live(ring: Ring, stored: "list[int]", sent: "list[int]", steps: int) -> None:
    """Store, send and acknowledge; both lists say what has certainly come about, whenever the power goes."""
    for _ in range(steps):
        number = stored[-1] + 1 if stored else 0
        ring.append(0, _payload(number), _payload(number), ring.base)
        stored.append(number)
        if number % 5 == 4 and number % 40 < 20:
            frames = ring.oldest(6)
            sent += [_number(frame.payload) for frame in frames]
            ring.acknowledge(frames[-1].at)


def _check(flash: SimulatedFlash, stored: "list[int]", sent: "list[int]") -> Ring:
    ring = _mounted(flash)
    pending = _pending(ring)
    # In order, and once each; the one that was being written when the power went may be there or not.
    assert pending == sorted(set(pending))
    missing = set(stored) - set(sent) - set(pending)
    assert len(missing) <= ring.dropped, (sorted(missing), ring.dropped)
    if pending and missing:
        assert max(missing) < min(pending)
    invented = set(pending) - set(stored) - {stored[-1] + 1 if stored else 0}
    assert not invented
    return ring


def test_the_power_goes_at_every_write_and_erase() -> None:
    """From the first header on, through several rounds of the ring, at every single byte."""
    whole = SimulatedFlash(4, _SECTOR)
    _live(_mounted(whole), [], [], 75)
    assert min(whole.erases) >= 1
    for cut in range(whole.operations):
        flash = SimulatedFlash(4, _SECTOR)
        flash.cut_after = cut
        stored: list[int] = []
        sent: list[int] = []
        try:
            _live(_mounted(flash), stored, sent, 75)
        except PowerCut:
            pass
        else:
            raise AssertionError("no cut")
        ring = _check(flash.powered_again(), stored, sent)
        # And goes on as if nothing had been.
        pending = _pending(ring)
        ring.append(0, _payload(9999))
        assert _pending(ring)[-1] == 9999
        assert set(_pending(ring)) <= set(pending + [9999])


def test_dropped_frames_are_counted_to_the_last_over_any_cut() -> None:
    """Nothing is ever sent: what is not there any more was dropped, and counted once."""
    whole = SimulatedFlash(3, _SECTOR)
    ring = _mounted(whole)
    for number in range(40):
        ring.append(0, _payload(number))
    for cut in range(whole.operations):
        flash = SimulatedFlash(3, _SECTOR)
        flash.cut_after = cut
        stored = 0
        try:
            ring = _mounted(flash)
            for number in range(40):
                ring.append(0, _payload(number))
                stored += 1
        except PowerCut:
            pass
        ring = _mounted(flash.powered_again())
        there = len(_pending(ring)) + ring.dropped
        assert there in (stored, stored + 1), (cut, stored, there)


def test_cut_after_cut_nothing_is_lost() -> None:
    """Starts that each end in a cut, at another byte every time."""
    flash = SimulatedFlash(4, _SECTOR)
    stored: list[int] = []
    sent: list[int] = []
    for start in range(250):
        flash.cut_after = 1 + start * 37 % 173
        try:
            ring = _mounted(flash)
            number = stored[-1] + 1 if stored else 0
            if number in _pending(ring):
                stored.append(number)  # the last one did get there
            _live(ring, stored, sent, 30)
        except PowerCut:
            pass
        flash.powered_again()
        _check(flash.copy(), stored, sent)
    assert len(stored) > 250
