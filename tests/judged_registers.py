"""What the judge says of a register, in datetimes, for tests that are about something else."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from portal.core.energy.rules.judging import JudgedHour, Judgement, judge, judged_hours
from portal.core.energy.rules.meter_rules import facts_of
from portal.core.energy.rules.registers import Reading
from portal.core.values.time import epoch_microseconds, instant_of

MAX_GAP = timedelta(hours=2)


def judgement_of(readings: Iterable[Reading], rated_kw: float | None = None) -> Judgement:
    """Judge a register's readings, given its rated power alone."""
    rows = [(epoch_microseconds(at), shown) for at, shown in readings]
    return judge(rows, facts_of(rated_kw))


def hours_of(
    readings: Iterable[Reading], rated_kw: float | None = None, max_gap: timedelta = MAX_GAP
) -> dict[datetime, JudgedHour]:
    """Return its energy by hour."""
    hours = judged_hours(judgement_of(readings, rated_kw), max_gap // timedelta(microseconds=1))
    return {instant_of(hour.hour): hour for hour in hours}
