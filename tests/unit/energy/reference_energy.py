"""A second reading of the energy rules, written to be plain instead of incremental.

It looks at all readings of a meter at once, walks by index, compares in exact fractions and shares no code with the
product. Where it and the product differ, one of them is wrong.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction

KWH = 1_000_000


@dataclass
class Answer:
    accepted: list[int] = field(default_factory=list)
    suspects: set[int] = field(default_factory=set)
    resets: set[int] = field(default_factory=set)
    exchanges: set[int] = field(default_factory=set)
    # (index of the earlier, index of the later reading) -> energy
    steps: dict[tuple[int, int], int] = field(default_factory=dict)


def could_be(milliwh: int, kw: float, span: timedelta) -> bool:
    hours = Fraction(span // timedelta(microseconds=1), 3_600_000_000)
    return Fraction(milliwh, KWH) <= Fraction(str(kw)) * hours + Fraction(1, 10)


def judge(readings: list[tuple[datetime, int]], rated_kw: float | None) -> Answer:
    answer = Answer()
    rise_kw = 100_000.0 if rated_kw is None else rated_kw
    reset_kw = 1_000.0 if rated_kw is None else rated_kw

    def rises(i: int, j: int) -> bool:
        (t0, r0), (t1, r1) = readings[i], readings[j]
        return r0 >= 0 and r1 >= r0 and could_be(r1 - r0, rise_kw, t1 - t0)

    def resets(i: int, j: int) -> bool:
        (t0, r0), (t1, r1) = readings[i], readings[j]
        return 0 <= r1 < r0 and could_be(r1, reset_kw, t1 - t0)

    base: int | None = None
    run: list[int] = []
    for i in range(len(readings)):
        if base is None and readings[i][1] >= 0:
            answer.suspects |= set(run)
            base, run = i, []
            answer.accepted.append(i)
        elif base is not None and (rises(base, i) or resets(base, i)):
            answer.suspects |= set(run)
            fell = readings[i][1] < readings[base][1]
            answer.steps[base, i] = readings[i][1] if fell else readings[i][1] - readings[base][1]
            answer.resets |= {i} if fell else set()
            answer.accepted.append(i)
            base, run = i, []
        elif run and not rises(run[-1], i):
            answer.suspects |= set(run)
            run = [i]
        else:
            run.append(i)
            if len(run) == 3:
                a, b, c = run
                answer.steps[a, b] = readings[b][1] - readings[a][1]
                answer.steps[b, c] = readings[c][1] - readings[b][1]
                answer.accepted += run
                answer.exchanges.add(c)
                base, run = c, []
    answer.suspects |= set(run)
    return answer


def by_hour(
    readings: list[tuple[datetime, int]], rated_kw: float | None, max_gap: timedelta
) -> dict[str, dict[datetime, int]]:
    """Sum the steps per hour, minute by minute of the clock in exact fractions, rounded only at the end."""
    answer = judge(readings, rated_kw)
    out: dict[str, dict[datetime, Fraction]] = {
        name: defaultdict(Fraction) for name in ("allocated", "unallocated", "estimated")
    }
    for (i, j), energy in answer.steps.items():
        start, end = readings[i][0], readings[j][0]
        is_gap = end - start > max_gap
        hour = start.replace(minute=0, second=0, microsecond=0)
        while hour < end:
            overlap = min(end, hour + timedelta(hours=1)) - max(start, hour)
            out["estimated" if is_gap else "allocated"][hour] += Fraction(overlap / (end - start)) * energy
            hour += timedelta(hours=1)
        if is_gap:
            out["unallocated"][end.replace(minute=0, second=0, microsecond=0)] += energy
    return {name: {hour: round(value) for hour, value in hours.items()} for name, hours in out.items()}
