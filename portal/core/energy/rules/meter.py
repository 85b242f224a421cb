"""What a meter's register says was consumed, and when: the judgement behind billing-grade energy.

One pure fold over a device's readings in the order of their own time. Energy is an integer number of
milliwatt-hours, so that sums and splits conserve exactly. The fold can be cut after any reading and continued from
the `MeterState` it left, with the same result: the answer depends on the readings alone, never on the order or the
batches in which they arrived.

A reading is judged against the *base*, the last accepted reading:

- a rise within rated power is energy; so is the new value after a reset, a fall to a value that could have been
  consumed since the base at rated power;
- any other reading is a *candidate*: no energy, and the base stays. A later reading that agrees with the base shows
  the candidates to be suspect. A candidate that does not agree with the one before it starts a new run, and the
  run before it is suspect;
- three candidates in a row that agree with each other are a meter exchange: the energy between them counts, the
  step from the old base to the first of them does not, and the third is the new base.

A negative register agrees with nothing: no register shows one. Without candidates the base is always the reading
read last, so a state without candidates says that everything up to then is final.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from math import isfinite
from typing import NamedTuple, TypedDict

from portal.core.energy.rules.registers import REGISTER_COUNT_MILLIWH, Reading
from portal.core.values.time import HOUR, floor_hour, iso_utc, parse_instant

UNKNOWN_RESET_POWER_KW = 1_000.0
UNKNOWN_RISE_POWER_KW = 100_000.0

EXCHANGE_READINGS = 3

_MICROSECOND = timedelta(microseconds=1)
# W x microseconds / this = milliwatt-hours: 3,600 s per hour, 1,000 mWh per Wh, 1,000,000 us per s.
_WATT_MICROSECONDS_PER_MILLIWH = 3_600_000


class PieceKind(StrEnum):
    """Whether the time of a piece's energy is known well enough to bill it by the hour."""

    ALLOCATED = "allocated"
    GAP = "gap"


class Piece(NamedTuple):
    """Energy of the half-open interval between two accepted readings; a GAP is longer than is guessed over."""

    start_at: datetime
    end_at: datetime
    milliwh: int
    kind: PieceKind


@dataclass(frozen=True, slots=True)
class Rules:
    """How a device's readings are judged.

    `max_gap` is the longest interval whose energy is allocated to its hours. `max_power_kw` is the device's rated
    power; None, or a figure that is not above zero, means unknown. Raises ValueError for a `max_gap` not above zero.
    """

    max_gap: timedelta
    max_power_kw: float | None = None

    def __post_init__(self) -> None:
        if self.max_gap <= timedelta(0):
            msg = f"the longest gap must be above zero, not {self.max_gap}"
            raise ValueError(msg)

    @property
    def reset_watts(self) -> int:
        """The power, in W, at which the value after a reset could have been consumed."""
        return self._watts(UNKNOWN_RESET_POWER_KW)

    @property
    def rise_watts(self) -> int:
        """The power, in W, beyond which a rise is not believed."""
        return self._watts(UNKNOWN_RISE_POWER_KW)

    def _watts(self, unknown_kw: float) -> int:
        rated = self.max_power_kw
        return round(1000 * (rated if rated is not None and isfinite(rated) and rated > 0 else unknown_kw))


StoredReading = Sequence[str | int]
"""A reading as JSON: its instant in ISO 8601, and the register in milliwatt-hours."""


class StoredState(TypedDict):
    """A state as JSON."""

    base: StoredReading | None
    candidates: list[StoredReading]


@dataclass(frozen=True, slots=True)
class MeterState:
    """All that must be remembered between two readings: the base, and the run of candidates since."""

    base: Reading | None = None
    candidates: tuple[Reading, ...] = ()

    @property
    def latest_at(self) -> datetime | None:
        """The instant of the last reading the state knows of; None before any."""
        last = self.candidates[-1] if self.candidates else self.base
        return None if last is None else last.at

    def to_json(self) -> StoredState:
        """Return the state as a small JSON object of ISO times and integers."""
        return {
            "base": None if self.base is None else _reading_to_json(self.base),
            "candidates": [_reading_to_json(reading) for reading in self.candidates],
        }

    @classmethod
    def from_json(cls, stored: StoredState | None) -> "MeterState":
        """Return the state that `to_json` wrote; None is the state before any reading."""
        if stored is None:
            return cls()
        base = stored["base"]
        return cls(
            None if base is None else _reading_from_json(base),
            tuple(_reading_from_json(reading) for reading in stored["candidates"]),
        )


class Step(NamedTuple):
    """What one reading brought: energy pieces, readings now known to be suspect, and what happened.

    `resets` and `exchanges` are 0 or 1. `suspects` may hold earlier readings: they were candidates until now.
    """

    reading: Reading
    state_after: MeterState
    pieces: tuple[Piece, ...] = ()
    suspects: tuple[Reading, ...] = ()
    resets: int = 0
    exchanges: int = 0

    @property
    def is_settled(self) -> bool:
        """Whether no reading so far is still waiting for later ones to be judged."""
        return not self.state_after.candidates


def fold(state: MeterState, readings: Iterable[Reading], rules: Rules) -> Iterator[Step]:
    """Yield one step per reading, starting from a state; `readings` are one device's, strictly ascending in time.

    Raises ValueError for a reading that is not later than the one before it, or than the state it continues.
    """
    latest = state.latest_at
    judge = _Judge(rules)
    for reading in readings:
        if latest is not None and reading.at <= latest:
            msg = f"readings must ascend in time: {iso_utc(reading.at)} follows {iso_utc(latest)}"
            raise ValueError(msg)
        latest = reading.at
        step = judge.step(state, reading)
        state = step.state_after
        yield step


class _Judge:
    """The rules at work, with the limits in integers."""

    def __init__(self, rules: Rules) -> None:
        self._max_gap = rules.max_gap
        self._reset_watts = rules.reset_watts
        self._rise_watts = rules.rise_watts

    def step(self, state: MeterState, reading: Reading) -> Step:
        if self._agrees(state.base, reading):
            return self._accept(state, reading)
        return self._doubt(state, reading)

    def _agrees(self, base: Reading | None, reading: Reading) -> bool:
        if base is None or reading.register_milliwh < 0:
            return reading.register_milliwh >= 0
        return self._is_rise(base, reading) or self._is_reset(base, reading)

    def _accept(self, state: MeterState, reading: Reading) -> Step:
        after = MeterState(base=reading)
        if state.base is None:
            return Step(reading, after, suspects=state.candidates)
        is_reset = reading.register_milliwh < state.base.register_milliwh
        energy = reading.register_milliwh - (0 if is_reset else state.base.register_milliwh)
        piece = self._piece(state.base.at, reading.at, energy)
        return Step(reading, after, (piece,), state.candidates, resets=int(is_reset))

    def _doubt(self, state: MeterState, reading: Reading) -> Step:
        if state.candidates and not self._is_rise(state.candidates[-1], reading):
            return Step(reading, replace(state, candidates=(reading,)), suspects=state.candidates)
        run = (*state.candidates, reading)
        if len(run) < EXCHANGE_READINGS:
            return Step(reading, replace(state, candidates=run))
        pieces = tuple(
            self._piece(before.at, after.at, after.register_milliwh - before.register_milliwh)
            for before, after in pairwise(run)
        )
        return Step(reading, MeterState(base=reading), pieces, exchanges=1)

    def _is_rise(self, before: Reading, after: Reading) -> bool:
        rise = after.register_milliwh - before.register_milliwh
        return rise >= 0 <= before.register_milliwh and _is_within(
            rise, self._rise_watts, after.at - before.at
        )

    def _is_reset(self, before: Reading, after: Reading) -> bool:
        shown = after.register_milliwh
        return shown < before.register_milliwh and _is_within(shown, self._reset_watts, after.at - before.at)

    def _piece(self, start_at: datetime, end_at: datetime, milliwh: int) -> Piece:
        is_gap = end_at - start_at > self._max_gap
        return Piece(start_at, end_at, milliwh, PieceKind.GAP if is_gap else PieceKind.ALLOCATED)


def _is_within(milliwh: int, watts: int, span: timedelta) -> bool:
    """Whether an energy, less one register count, could flow at a power within a time. Integers throughout."""
    return (milliwh - REGISTER_COUNT_MILLIWH) * _WATT_MICROSECONDS_PER_MILLIWH <= watts * (
        span // _MICROSECOND
    )


def split_by_hour(piece: Piece) -> list[tuple[datetime, int]]:
    """Return a piece's energy per UTC hour, in proportion to time; the last part takes the rounding remainder.

    The parts are integers and add up to the piece exactly. A piece that ends on the hour lies wholly before it.
    """
    first = floor_hour(piece.start_at)
    if piece.end_at <= first + HOUR:
        return [(first, piece.milliwh)]
    whole = (piece.end_at - piece.start_at) // _MICROSECOND
    parts: list[tuple[datetime, int]] = []
    left = piece.milliwh
    start_at, hour = piece.start_at, first
    while (next_hour := hour + HOUR) < piece.end_at:
        part = piece.milliwh * ((next_hour - start_at) // _MICROSECOND) // whole
        parts.append((hour, part))
        left -= part
        start_at = hour = next_hour
    parts.append((hour, left))
    return parts


def _reading_to_json(reading: Reading) -> StoredReading:
    return [iso_utc(reading.at), reading.register_milliwh]


def _reading_from_json(stored: StoredReading) -> Reading:
    at, milliwh = stored
    return Reading(parse_instant(str(at)), int(milliwh))
