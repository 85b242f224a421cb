"""A meter as a database keeps it: what is stored is mended by stretches, and never judged as a whole."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from portal.core.energy.rules.judging.anchors import (
    JudgedStretch,
    Outline,
    meeting,
    patched,
    stretch_of,
)
from portal.core.energy.rules.judging.decisions import MeterDecision
from portal.core.energy.rules.judging.judged_hours import JudgedHour, judged_hours
from portal.core.energy.rules.judging.judgement import Judgement
from portal.core.energy.rules.judging.limits import RegisterFacts
from portal.core.energy.rules.judging.prices import DAY, HOUR
from portal.core.energy.rules.judging.register_judge import RegisterReading, judge

AHEAD = (36 * HOUR, 5 * DAY, 40 * DAY, None)
MAX_GAP = 2 * HOUR


def accepted_in(
    judgement: Judgement, since: int | None = None, until: int | None = None
) -> set[RegisterReading]:
    return {
        (judgement.times[i], judgement.shown[i])
        for span in judgement.spans
        for i in range(span.first, span.last + 1)
        if (since is None or judgement.times[i] >= since) and (until is None or judgement.times[i] <= until)
    }


@dataclass
class KeptMeter:
    facts: RegisterFacts
    decisions: Sequence[MeterDecision] = ()
    readings: set[RegisterReading] = field(default_factory=set)
    accepted: set[RegisterReading] = field(default_factory=set)
    hours: dict[int, JudgedHour] = field(default_factory=dict)
    outline: Outline = field(default_factory=lambda: Outline([], []))
    looked_at: int = 0  # readings, by all stretches together

    def arrive(self, batch: Iterable[RegisterReading]) -> None:
        new = set(batch) - self.readings
        if not new:
            return
        self.readings |= new
        first, last = min(new)[0], max(new)[0]
        for ahead in AHEAD:
            stretch = stretch_of(self.outline, first, last, ahead)
            judgement = self._judged(stretch)
            meets_at = meeting(self.outline, stretch, judgement, last)
            if meets_at is not None or ahead is None:
                self._mend(stretch, judgement, meets_at)
                return

    def _judged(self, stretch: JudgedStretch) -> Judgement:
        part = [
            reading
            for reading in self.readings
            if (stretch.since is None or reading[0] >= stretch.since)
            and (stretch.until is None or reading[0] <= stretch.until)
        ]
        self.looked_at += len(part)
        return judge(part, self.facts, self.decisions, anchor_at=stretch.from_at)

    def _mend(self, stretch: JudgedStretch, judgement: Judgement, meets_at: int | None) -> None:
        since = stretch.from_at
        kept = {
            reading
            for reading in self.accepted
            if (since is not None and reading[0] < since) or (meets_at is not None and reading[0] > meets_at)
        }
        self.accepted = kept | accepted_in(judgement, since, meets_at)
        begins = None if since is None else since // HOUR * HOUR
        ends = None if meets_at is None else meets_at // HOUR * HOUR
        now = {hour.hour: hour for hour in judged_hours(judgement, MAX_GAP)}
        self.hours = {
            hour: each
            for hour, each in self.hours.items()
            if (begins is not None and hour <= begins) or (ends is not None and hour >= ends)
        } | {
            hour: each
            for hour, each in now.items()
            if (begins is None or hour > begins) and (ends is None or hour < ends)
        }
        self.outline = patched(self.outline, stretch, judgement, meets_at)
