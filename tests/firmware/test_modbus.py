"""Modbus RTU: what is taken for an answer, and what is not."""

from node.modbus import BadAnswer, Master, MeterRefused, NoAnswer, crc16, request
from tests.firmware.checks import raises
from tests.firmware.simulated_meter import SimulatedMeter, VirtualTicks


def _line() -> "tuple[Master, SimulatedMeter]":
    ticks = VirtualTicks()
    meter = SimulatedMeter(ticks)
    return Master(meter, ticks), meter


def test_frames_are_those_of_the_manual() -> None:
    # Of the Acuvim-L's manual, and of the register table with a CRC worked out by hand.
    assert request(0x11, 0x0130, 3) == b"\x11\x03\x01\x30\x00\x03\x06\xa8"
    assert request(7, 0x4000, 6) == b"\x07\x03\x40\x00\x00\x06\xd0\x6e"
    assert request(1, 0x4000, 0x48) == b"\x01\x03\x40\x00\x00\x48\x50\x3c"
    assert request(1, 0x4048, 0x12) == b"\x01\x03\x40\x48\x00\x12\x50\x11"
    assert crc16(b"\x11\x03\x06\x13\x88\x03\xe7\x03\xe9\x7f\x04") == 0


def test_an_answer_comes_in_pieces() -> None:
    master, meter = _line()
    assert master.read(1, 0x4000, 0x62)[:4] == b"\x42\x48\x14\x7b"  # 50.02 Hz
    assert meter.requests == [(0x4000, 0x62)]


def test_what_fails_once_is_asked_again() -> None:
    for fault in ("silent", "cut", "first byte lost", "bit", "other unit", "shorter"):
        master, meter = _line()
        good = master.read(1, 0x4000, 0x62)
        meter.faults = [fault]
        assert master.read(1, 0x4000, 0x62) == good, fault
        assert len(meter.requests) == 3, fault
        assert master.failed_attempts == 1, fault


def test_what_stands_before_an_answer_does_not_spoil_it() -> None:
    for fault in ("noise before", "echo"):
        master, meter = _line()
        meter.faults = [fault]
        master.read(1, 0x4000, 0x62)
        assert len(meter.requests) == 1, fault


def test_what_fails_three_times_is_given_up() -> None:
    master, meter = _line()
    meter.faults = ["silent"] * 3
    assert raises(NoAnswer, master.read, 1, 0x4000, 4)
    meter.faults = ["cut"] * 3
    assert raises(BadAnswer, master.read, 1, 0x4000, 4)


def test_an_exception_is_not_asked_again() -> None:
    master, meter = _line()
    meter.faults = ["busy"]
    assert raises(MeterRefused, master.read, 1, 0x4000, 4)
    assert raises(MeterRefused, master.read, 1, 0x5000, 4)
    assert len(meter.requests) == 2


def test_an_answer_that_comes_too_late_is_not_taken_for_the_next() -> None:
    """One of the ways of losing data: bytes of before lie in the buffer when the next request goes out."""
    master, meter = _line()
    frequency, before = master.read(1, 0x4000, 2), meter.ticks.now
    meter.faults = ["late"] * 3
    assert raises(NoAnswer, master.read, 1, 0x4000, 2)
    meter.registers[0x4001] += 1
    meter.ticks.sleep_ms(5000)
    assert meter.ticks.now - before < 60_000
    assert master.read(1, 0x4000, 2) != frequency


def test_a_line_that_is_never_quiet_holds_nobody_up() -> None:
    master, meter = _line()
    meter.comes(b"\x55" * 24 * 4000, 0)
    began = meter.ticks.now
    assert raises(BadAnswer, master.read, 1, 0x4000, 4)
    assert meter.ticks.now - began < 10_000
