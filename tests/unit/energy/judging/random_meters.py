"""Meters at random, with what really flowed through them, and with the faults that boards and gateways make.

Everything is an integer: microseconds since 1970 (UTC), milliwatt-hours, watts. A row knows whether it is true, or
which fault made it; what is judged never sees that.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from math import exp, log, sin
from random import Random
from typing import NamedTuple

SECOND = 1_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
KWH = 1_000_000
BEGIN = 1_780_000_000 * SECOND  # a day in May 2026
TRUE = "true"
MUST_BE_SEEN = frozenset({"zeros", "year", "swap", "dip"})
ROLLOVER_WIDTHS = (10**4 * KWH, 10**6 * KWH, 10**8 * KWH, 10**9 * KWH)


COUNTS = (1_000, 10_000, 100_000, 1_000_000)


class Row(NamedTuple):
    """A reading as it arrives; `fault` is TRUE or the kind of its fault."""

    at: int
    shown: int
    fault: str = TRUE


@dataclass
class RandomMeter:
    """A meter's rows, ascending, and what an all-knowing reader would make of them."""

    rows: list[Row]
    rated_watts: int
    full_watts: int
    count: int
    interval: int
    width: int | None
    switches: list[tuple[int, str]] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)

    @property
    def readings(self) -> list[tuple[int, int]]:
        return [(row.at, row.shown) for row in self.rows]

    @property
    def true_energy(self) -> int:
        """The energy between the true rows, by somebody who knows of every switch."""
        true = [row for row in self.rows if row.fault == TRUE]
        return sum(self._step(before, after) for before, after in pairwise(true))

    def _step(self, before: Row, after: Row) -> int:
        kinds = [kind for at, kind in self.switches if before.at < at <= after.at]
        if not kinds:
            return after.shown - before.shown
        if kinds == ["rollover"]:
            return after.shown - before.shown + (self.width or 0)
        return after.shown if kinds[-1] == "reset" and len(kinds) == 1 else 0

    @property
    def tolerance(self) -> int:
        """Two counts and one interval of full load."""
        return 2 * self.count + self.full_watts * self.interval * 10 // 36 // SECOND


def random_meter(
    random: Random, *, faults: int = 0, switches: bool = False, crowded: bool = False, slow: bool = False
) -> RandomMeter:
    """Return a meter with so many faults, and with resets, exchanges and rollovers or without.

    It has 60 to 500 readings, or, where it is slow, up to 1,500 over weeks.
    """
    meter = _true_meter(random, switches=switches, slow=slow)
    taken: list[tuple[int, int]] = []
    for _ in range(faults):
        kind = random.choice([kind for kind in _FAULTS if kind != "year" or kind not in meter.kinds])
        at = _index_for_fault(random, meter, taken, crowded=crowded)
        if at is not None and _FAULTS[kind](random, meter, at):
            meter.kinds.append(kind)
            taken.append((at, at))
    meter.rows = sorted(set(meter.rows))
    return meter


def _index_for_fault(
    random: Random, meter: RandomMeter, taken: list[tuple[int, int]], *, crowded: bool
) -> int | None:
    """Return an index with true rows around it, away from other faults and from switches unless crowded."""
    n = len(meter.rows)
    for _ in range(20):
        i = random.randrange(2 if crowded else 12, n - (3 if crowded else 14))
        around = meter.rows[max(0, i - 11) : i + 46]
        times = [at for at, _ in meter.switches]
        is_free = all(row.fault == TRUE for row in around) and not any(
            around[0].at <= at <= around[-1].at for at in times
        )
        if is_free or (crowded and not any(around[8].at <= at <= around[-1].at for at in times)):
            return i
    return None


def _true_meter(random: Random, *, switches: bool, slow: bool) -> RandomMeter:
    full = round(1000 * exp(random.uniform(log(0.05), log(900))))
    interval = random.choice((900, 1800, 3600) if slow else (10, 30, 60, 60, 300, 900, 1800, 3600)) * SECOND
    ticking = 5 * full * interval * 10 // 36 // SECOND
    count = random.choice([count for count in COUNTS if count <= ticking] or [COUNTS[0]])
    n = random.randrange(60, 1_500 if slow else 500)
    rated = round(full * random.uniform(1, 2.5))
    meter = RandomMeter([], rated, full, count, interval, None)
    shown = random.choice(
        (0, round(KWH * exp(random.uniform(log(1), log(3e6)))), round(KWH * exp(random.uniform(0, 9))))
    )
    turns = {}
    if switches:
        turning = random.sample(range(15, n - 15, 15), random.randrange(1, 3))
        turns = {i: random.choice(("reset", "exchange", "exchange", "rollover")) for i in turning}
    _let_flow(random, meter, n, shown, turns)
    return meter


def _let_flow(random: Random, meter: RandomMeter, n: int, shown: int, turns: dict[int, str]) -> None:
    at = BEGIN + random.randrange(86_400) * SECOND
    phase, level, fine = random.random() * 7, random.random(), shown
    if "rollover" in turns.values():
        meter.width = random.choice([width for width in ROLLOVER_WIDTHS if width > 20 * n * meter.tolerance])
        fine %= meter.width
    sleeps = {
        random.randrange(5, n): random.choice((3, 9, 30, 200, 900))
        for _ in range(random.choice((0, 0, 1, 2)))
    }
    for i in range(n):
        steps = sleeps.get(i, 1)
        jitter = random.randrange(-meter.interval, meter.interval) // (8 * SECOND) * SECOND
        span = meter.interval * steps + jitter
        at += span
        if random.random() < 0.05:
            level = random.choice((0, random.random(), 1))
        watts = meter.full_watts * level * (0.6 + 0.4 * sin(phase + at / DAY * 6.28))
        fine += int(watts * span * 10 // 36 // SECOND)
        fine = _turned(random, meter, turns.get(i), at - span, at, fine, watts, span)
        meter.rows.append(Row(at, fine // meter.count * meter.count))


def _turned(
    random: Random,
    meter: RandomMeter,
    turn: str | None,
    since: int,
    at: int,
    fine: int,
    watts: float,
    span: int,
) -> int:
    since_turn = int(watts * span * 10 // 36 // SECOND * random.random())
    before = meter.rows[-1].shown if meter.rows else 0
    if turn == "reset" and before > 20 * max(since_turn, meter.count):
        meter.switches.append((at, "reset"))
        return since_turn
    if turn == "exchange" and (other := _other_meter(random, meter, at)) is not None:
        meter.switches.append((at, "exchange"))
        return other
    if meter.width and fine >= meter.width:
        meter.switches.append((at, "rollover"))
        return fine - meter.width
    if turn == "rollover" and meter.width and not meter.switches and before:
        # From here on near the end: the rows before are lifted, so that the register turns over here.
        lift = meter.width - before - meter.count
        meter.rows[:] = [Row(row.at, row.shown + lift, row.fault) for row in meter.rows]
        if meter.rows[0].shown < 0 or fine - before < 2 * meter.count:
            meter.rows[:] = [Row(row.at, row.shown - lift, row.fault) for row in meter.rows]
            return fine
        meter.switches.append((at, "rollover"))
        return fine + lift - meter.width
    return fine


def _other_meter(random: Random, meter: RandomMeter, at: int) -> int | None:
    """Return what another meter shows: new, or far from where any line before could be at 1,000 kW by now."""
    is_new = random.random() < 0.3
    other = (
        random.randrange(3) * meter.count if is_new else round(KWH * exp(random.uniform(log(1), log(1e6))))
    )
    watts = max(meter.rated_watts, 1_000_000) * 3 // 2
    if any(
        abs(other - row.shown) < watts * (at - row.at) * 10 // 36 // SECOND + row.shown // 8
        for row in meter.rows
    ):
        return None
    is_like_a_reset = not is_new and other * 8 < meter.rows[-1].shown
    is_too_wide = meter.width is not None and other >= meter.width
    return None if is_like_a_reset or is_too_wide else other


# The faults. Each returns whether anything came of it.


def _dip(random: Random, meter: RandomMeter, i: int) -> bool:
    """A wobble: one count less, for one to three readings."""
    before, rows = meter.rows[i - 1].shown, meter.rows
    fall = meter.count * random.choice((1, 1, 1, 2))
    if before < 20 * fall:
        return False
    for j in range(i, i + random.randrange(1, 4)):
        if rows[j].fault == TRUE:
            rows[j] = Row(rows[j].at, before - fall, "dip")
    return True


def _zeros(random: Random, meter: RandomMeter, i: int) -> bool:
    if meter.rows[i - 1].shown < 50 * meter.count:
        return False
    for j in range(i, min(len(meter.rows) - 8, i + random.choice((1, 1, 3, 12, 30)))):
        meter.rows[j] = Row(meter.rows[j].at, 0, "zeros")
    return True


def _spike(random: Random, meter: RandomMeter, i: int) -> bool:
    row = meter.rows[i]
    height = max(meter.tolerance, KWH) // meter.count * meter.count
    meter.rows[i] = Row(row.at, row.shown + random.choice((5, 40, 1_000)) * height, "spike")
    return True


def _spike_down(random: Random, meter: RandomMeter, i: int) -> bool:
    row = meter.rows[i]
    shown = int(row.shown * random.uniform(0.01, 0.8)) // meter.count * meter.count
    if meter.rows[i - 1].shown - shown <= 2 * meter.count:
        return False
    meter.rows[i] = Row(row.at, shown, "spike down")
    return True


def _stuck(random: Random, meter: RandomMeter, i: int) -> bool:
    """A register that shows nothing new for a while, and then all of it."""
    shown, end = meter.rows[i - 1].shown, min(len(meter.rows) - 8, i + random.choice((2, 5, 15)))
    if any(row.fault != TRUE for row in meter.rows[i : end + 1]):
        return False
    stuck = [j for j in range(i, end) if meter.rows[j].shown != shown]
    for j in stuck:
        meter.rows[j] = Row(meter.rows[j].at, shown, "stuck")
    return bool(stuck)


def _wrong_register(random: Random, meter: RandomMeter, i: int) -> bool:
    """Readings of another register of the same meter, which rises by itself."""
    other = round(KWH * exp(random.uniform(0, log(1e6)))) // meter.count * meter.count
    length = random.choice((1, 2, 4, 7))
    if abs(other - meter.rows[i].shown) < 10 * meter.tolerance + meter.rows[i].shown // 8:
        return False
    for j in range(i, min(len(meter.rows) - 9, i + length)):
        meter.rows[j] = Row(meter.rows[j].at, other, "wrong register")
        other += random.randrange(3) * meter.count
    return True


def _repeated_block(random: Random, meter: RandomMeter, i: int) -> bool:
    length, later = random.randrange(2, 12), random.randrange(1, 25)
    block = meter.rows[i : i + length]
    if i + length + later >= len(meter.rows) - 2:
        return False
    shift = meter.rows[i + length - 1 + later].at - block[0].at + SECOND
    meter.rows += [Row(row.at + shift, row.shown, "repeated") for row in block if row.fault == TRUE]
    meter.rows.sort()
    return True


def _hours_back(random: Random, meter: RandomMeter, i: int) -> bool:
    """Rows stamped some hours back."""
    shift = random.randrange(1, 24) * HOUR + random.randrange(3_600) * SECOND
    if meter.rows[i].at - shift < meter.rows[10].at:
        return False
    for j in range(i, min(len(meter.rows), i + random.choice((1, 1, 2, 5)))):
        row = meter.rows[j]
        if row.fault == TRUE:
            meter.rows[j] = Row(row.at - shift, row.shown, "hours back")
    meter.rows.sort()
    return True


def _other_year(random: Random, meter: RandomMeter, i: int) -> bool:
    """One or two rows stamped in another year: before everything, as the ingest lets through."""
    years = random.choice((1, 6, 16))
    for j in range(i, i + random.randrange(1, 3)):
        row = meter.rows[j]
        if row.fault == TRUE:
            meter.rows[j] = Row(row.at - years * 365 * DAY, row.shown, "year")
    meter.rows.sort()
    return True


def _swap(random: Random, meter: RandomMeter, i: int) -> bool:
    one, other = meter.rows[i], meter.rows[i + 1]
    if one.shown == other.shown or {one.fault, other.fault} != {TRUE}:
        return False
    meter.rows[i] = Row(one.at, other.shown, "swap")
    meter.rows[i + 1] = Row(other.at, one.shown, "swap")
    return True


def _two_values(random: Random, meter: RandomMeter, i: int) -> bool:
    row = meter.rows[i]
    other = row.shown + random.choice((-3, -1, 2, 50)) * (
        max(meter.count, meter.tolerance) // meter.count * meter.count
    )
    if other < 0:
        return False
    meter.rows.append(Row(row.at, other, "two values"))
    meter.rows.sort()
    return True


_FAULTS: dict[str, Callable[[Random, RandomMeter, int], bool]] = {
    "dip": _dip,
    "zeros": _zeros,
    "spike": _spike,
    "spike down": _spike_down,
    "stuck": _stuck,
    "wrong register": _wrong_register,
    "repeated": _repeated_block,
    "hours back": _hours_back,
    "year": _other_year,
    "swap": _swap,
    "two values": _two_values,
}
