"""Readings, and what else is kept beside them, as bytes: thirty quantities in some fifty of them.

A value is a whole number of steps, and is written as the difference from the same value of the sector's base, seven
bits a byte. Without a base it is the difference from nothing.
"""

from node.quantities import ALL, Reading

READING, CLOCK, REFUSED = 0, 1, 2
"""Kinds of frames. A reading is a ring's base kind; CLOCK dates the readings of a boot; REFUSED is a rejected row."""

_BOOT, _SAME_SET, _SAME_BOOT = 0x01, 0x02, 0x04
_DECIMALS = (1, 3, 6)


def encode(reading: Reading) -> bytes:
    """Return a reading as bytes that need nothing else."""
    return _encode(reading, None)


def lean(reading: Reading, base: "Reading | None") -> "bytes | None":
    """Return a reading as what differs from another; None where they have too little in common."""
    if base is None or base.register_decimals != reading.register_decimals:
        return None
    if base.meter != reading.meter or base.boot != reading.boot or base.guess != reading.guess:
        return None
    return _encode(reading, base)


class Bases:
    """Readings that others lean on, decoded once for all that follow each other on the same."""

    def __init__(self) -> None:
        self._last: tuple[bytes, Reading] | None = None

    def reading(self, base: "bytes | None") -> "Reading | None":
        """Return the reading of a base's bytes."""
        if base is None:
            return None
        if self._last is None or self._last[0] != base:
            self._last = base, decode(base)
        return self._last[1]


def decode(payload: bytes, leaned_on: "Reading | None" = None) -> Reading:
    """Return the reading of some bytes; `leaned_on` is the one that they are the difference from."""
    reader = _Reader(payload)
    flags, meter = reader.byte(), reader.byte()
    boot = guess = None
    if flags & _SAME_BOOT and leaned_on:
        boot, guess = leaned_on.boot, leaned_on.guess
    elif flags & _BOOT:
        boot, guess = reader.plain(), reader.plain() or None
    at = reader.signed() + (leaned_on.at if leaned_on else 0)
    is_there = _set_of(leaned_on) if flags & _SAME_SET and leaned_on else reader.plain()
    values: list[int | None] = []
    for quantity in ALL:
        if is_there >> quantity & 1:
            values.append(reader.signed() + (_value(leaned_on, quantity)))
        else:
            values.append(None)
    return Reading(at, values, _DECIMALS[flags >> 4 & 3], meter, boot, guess)


def encode_clock(boot: int, uptime_s: int, epoch_s: int) -> bytes:
    """Return the frame that says what time it was when a boot had run for so long."""
    out = bytearray()
    for number in (boot, uptime_s, epoch_s):
        _put(out, number)
    return bytes(out)


def decode_clock(payload: bytes) -> "tuple[int, int, int]":
    """Return boot, seconds since its start, and seconds since 1970 at that moment."""
    reader = _Reader(payload)
    return reader.plain(), reader.plain(), reader.plain()


def _encode(reading: Reading, base: "Reading | None") -> bytes:
    out = bytearray(2)
    is_there = _set_of(reading)
    flags = _DECIMALS.index(reading.register_decimals) << 4
    if base is not None:
        flags |= _SAME_BOOT
    elif reading.boot is not None:
        flags |= _BOOT
        _put(out, reading.boot)
        _put(out, reading.guess or 0)
    _put_signed(out, reading.at - (base.at if base else 0))
    if base is not None and _set_of(base) == is_there:
        flags |= _SAME_SET
    else:
        _put(out, is_there)
    for quantity, value in enumerate(reading.values):
        if value is not None:
            _put_signed(out, value - _value(base, quantity))
    out[0], out[1] = flags, reading.meter
    return bytes(out)


def _set_of(reading: Reading) -> int:
    found = 0
    for quantity, value in enumerate(reading.values):
        if value is not None:
            found |= 1 << quantity
    return found


def _value(reading: "Reading | None", quantity: int) -> int:
    return (reading.values[quantity] or 0) if reading is not None else 0


def _put(out: bytearray, number: int) -> None:
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)


def _put_signed(out: bytearray, number: int) -> None:
    _put(out, number << 1 if number >= 0 else (-number << 1) - 1)


class _Reader:
    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self._at = 0

    def byte(self) -> int:
        self._at += 1
        return self._payload[self._at - 1]

    def plain(self) -> int:
        number = shift = 0
        while True:
            byte = self.byte()
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number
            shift += 7

    def signed(self) -> int:
        number = self.plain()
        return -(number + 1 >> 1) if number & 1 else number >> 1
