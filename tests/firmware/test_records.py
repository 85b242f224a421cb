"""Readings as bytes: what is read is what was written, and small."""

from node.quantities import ALL, Reading
from node.records import decode, decode_clock, encode, encode_clock, lean
from tests.firmware.checks import MOST_STEPS

_LARGEST = MOST_STEPS


def _values(first: int, step: int) -> "list[int | None]":
    return [first * (index + 1) * 37 - step * index for index in ALL]


def _same(one: Reading, other: Reading) -> bool:
    return (one.at, one.values, one.register_decimals, one.meter, one.boot, one.guess) == (
        other.at, other.values, other.register_decimals, other.meter, other.boot, other.guess,
    )  # fmt: skip


def test_a_reading_comes_back_whole() -> None:
    none: list[int | None] = [None] * len(ALL)
    negative: list[int | None] = [-each for each in _LARGEST]
    some = none[:]
    some[3], some[29] = 0, -1
    for values in (_values(1, 0), _LARGEST[:], negative, none, some):
        for decimals in (1, 3, 6):
            for boot, guess in ((None, None), (0, None), (0xFFFFFFFF, 1_800_000_000)):
                reading = Reading(1_800_014_400, values, decimals, 7, boot, guess)
                assert _same(decode(encode(reading)), reading)
                assert len(encode(reading)) <= 254


def test_a_leaning_reading_comes_back_whole() -> None:
    base = Reading(1_800_014_400, _values(3, 1))
    later = Reading(1_800_014_460, _values(3, 2))
    some = Reading(1_800_014_340, [None] + _values(2, 9)[1:])
    whole = Reading(1_800_014_520, [each + 1 for each in _LARGEST[:-1]] + [None])
    for reading in (later, some, whole):
        payload = lean(reading, base)
        assert payload is not None
        assert _same(decode(payload, base), reading)
    untimed = Reading(70, _values(3, 2), 1, 0, 77, 1_800_000_000)
    payload = lean(Reading(130, _values(3, 1), 1, 0, 77, 1_800_000_000), untimed)
    assert payload is not None
    assert _same(decode(payload, untimed), Reading(130, _values(3, 1), 1, 0, 77, 1_800_000_000))
    back = lean(later, some)
    assert back is not None
    assert _same(decode(back, some), later)


def test_what_has_too_little_in_common_does_not_lean() -> None:
    base = Reading(100, _values(3, 1))
    for other in (
        Reading(100, _values(3, 1), 3),
        Reading(100, _values(3, 1), 1, 1),
        Reading(100, _values(3, 1), 1, 0, 5),
    ):
        assert lean(other, base) is None
    assert lean(base, None) is None


def test_a_clock_frame_comes_back() -> None:
    assert decode_clock(encode_clock(0xDEADBEEF, 12, 1_800_014_400)) == (0xDEADBEEF, 12, 1_800_014_400)
