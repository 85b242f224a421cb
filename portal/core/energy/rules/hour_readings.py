"""What became of the readings of an hour, and the energy between them, from a judgement or what is kept of one."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from portal.core.energy.rules.judging import (
    Judgement,
    LinkKind,
    RegisterReading,
    SuspectReason,
    SwitchKind,
)
from portal.core.energy.rules.judging.decisions import Era
from portal.core.energy.rules.judging.limits import scaled
from portal.core.energy.rules.pieces import Piece, PieceKind
from portal.core.values.time import epoch_microseconds, instant_of


class JudgedReading(NamedTuple):
    """A reading and what became of it: suspect for a reason, or accepted; `link` where no plain rise leads to it."""

    at: datetime
    milliwh: int
    reason: SuspectReason | None = None
    link: LinkKind | SwitchKind | None = None


class HourReadings(NamedTuple):
    """The readings of an hour, the accepted one before it and the one behind it, and the energy between them."""

    readings: list[JudgedReading]
    pieces: list[Piece]


class Step(NamedTuple):
    """What lies between two accepted readings where it is no plain difference; as in `judging.Link`."""

    kind: LinkKind | SwitchKind
    milliwh: int
    switched_at: int | None
    milliwh_before: int


class SuspectReadings(NamedTuple):
    """Readings that are suspect: all from the first to the last, by time and value."""

    first: RegisterReading
    last: RegisterReading
    reason: SuspectReason


class KeptJudgement(NamedTuple):
    """Readings of a short time, ascending by time and value, and what is kept of their judgement.

    `steps` are named by the instant of the reading behind them; `eras` are those of the meter.
    """

    readings: Sequence[RegisterReading]
    suspects: Sequence[SuspectReadings]
    steps: Mapping[int, Step]
    eras: Sequence[Era]

    def reason_of(self, reading: RegisterReading) -> SuspectReason | None:
        """Return why a reading is suspect; None: it is accepted."""
        return next((each.reason for each in self.suspects if each.first <= reading <= each.last), None)

    def register_of(self, reading: RegisterReading) -> int:
        """Return what a reading shows in primary energy."""
        at, shown = reading
        n = bisect_right(self.eras[1:], at, key=lambda era: era.begins.at if era.begins else 0)
        return scaled(shown, self.eras[n].scale)


class _Accepted(NamedTuple):
    at: int
    register: int
    step: Step | None


def kept_hour(kept: KeptJudgement, since: datetime, until: datetime, max_gap: timedelta) -> HourReadings:
    """Return the readings from `since` to before `until`, with the accepted ones around them, and their pieces."""
    known = [(reading, kept.reason_of(reading)) for reading in kept.readings]
    first, end = epoch_microseconds(since), epoch_microseconds(until)
    around = _around([at for (at, _), reason in known if reason is None], first, end)
    shown = [
        (reading, reason) for reading, reason in known if _is_shown(reading[0], reason, around, first, end)
    ]
    accepted = [
        _Accepted(reading[0], kept.register_of(reading), kept.steps.get(reading[0]))
        for reading, reason in shown
        if reason is None
    ]
    readings = [
        JudgedReading(instant_of(at), milliwh, reason, _kind(kept.steps.get(at), reason))
        for (at, milliwh), reason in shown
    ]
    return HourReadings(readings, list(_pieces(accepted, first, end, max_gap)))


def kept_of(judgement: Judgement, eras: Sequence[Era], since: datetime, until: datetime) -> KeptJudgement:
    """Return what `kept_hour` takes of a whole judgement for a time."""
    times, spans = judgement.times, judgement.spans
    first, end = epoch_microseconds(since), epoch_microseconds(until)
    before = [span for span in spans if times[span.first] < first]
    behind = next((span for span in spans if times[span.last] >= end), None)
    begin = min(before[-1].last, bisect_left(times, first) - 1) if before else bisect_left(times, first)
    stop = max(behind.first, bisect_left(times, end)) + 1 if behind else len(times)
    return KeptJudgement(
        [(times[i], judgement.shown[i]) for i in range(begin, stop)],
        [
            SuspectReadings(
                (times[span.first], judgement.shown[span.first]),
                (times[span.last], judgement.shown[span.last]),
                span.reason,
            )
            for span in judgement.suspects
            if span.last >= begin and span.first < stop
        ],
        {
            times[link.after]: Step(link.kind, link.milliwh, link.switched_at, link.milliwh_before)
            for link in judgement.links
        },
        eras,
    )


def _around(accepted: Sequence[int], first: int, end: int) -> tuple[int, int]:
    """Return the instants of the accepted readings before and behind a time; the ends of it where there is none."""
    before, behind = bisect_left(accepted, first), bisect_left(accepted, end)
    return (
        accepted[before - 1] if before else first,
        accepted[behind] if behind < len(accepted) else end,
    )


def _is_shown(at: int, reason: SuspectReason | None, around: tuple[int, int], first: int, end: int) -> bool:
    return first <= at < end or (reason is None and at in around)


def _kind(step: Step | None, reason: SuspectReason | None) -> LinkKind | SwitchKind | None:
    return None if step is None or reason is not None or step.kind is LinkKind.RISE else step.kind


def _pieces(accepted: Sequence[_Accepted], first: int, end: int, max_gap: timedelta) -> Iterator[Piece]:
    longest = max_gap // timedelta(microseconds=1)
    for before, after in pairwise(accepted):
        step, is_gap = after.step, after.at - before.at > longest
        if step is None:
            parts = [(before.at, after.at, after.register - before.register)]
        elif step.switched_at is None:
            parts = [(before.at, after.at, step.milliwh)]
        else:
            behind = step.milliwh - step.milliwh_before
            parts = [
                (before.at, step.switched_at, step.milliwh_before),
                (step.switched_at, after.at, behind),
            ]
        for begins, ends, milliwh in parts:
            if ends > first and begins < end and ends > begins:
                kind = PieceKind.GAP if is_gap else PieceKind.ALLOCATED
                yield Piece(instant_of(begins), instant_of(ends), milliwh, kind)
