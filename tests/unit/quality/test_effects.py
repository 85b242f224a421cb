"""What an answer would change: by the hour, by the day, in money."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from portal.core.cost.rules.changed_hours import cost_of_hours
from portal.core.cost.rules.rates import Price, Segment
from portal.core.energy.rules.judging import DeclaredSwitch, RegisterFacts, SwitchKind, judge, judged_hours
from portal.core.quality.rules.effects import energy_between, hour_changes
from portal.core.quality.rules.pictures import picture_around

MINUTE = 60_000_000
HOUR = 60 * MINUTE
KWH = 1_000_000
FACTS = RegisterFacts(rated_watts=200_000)
OLD = [(n * 10 * MINUTE, 1_000 * KWH + n * KWH) for n in range(60)]
NEW = [((n + 66) * 10 * MINUTE, 500 * KWH + n * KWH) for n in range(60)]


def test_registers_that_a_person_read_are_energy_where_the_judge_had_none() -> None:
    now = judge([*OLD, *NEW], FACTS)
    said = DeclaredSwitch(
        at=NEW[0][0], kind=SwitchKind.EXCHANGE, closing_milliwh=1_064 * KWH, opening_milliwh=500 * KWH
    )
    then = judge([*OLD, *NEW], FACTS, [said])
    changes = hour_changes(judged_hours(now, 2 * HOUR), judged_hours(then, 2 * HOUR))
    assert sum(each.milliwh for each in changes) == 5 * KWH
    assert {each.hour // HOUR for each in changes} <= {9, 10}


def test_hours_without_readings_have_no_energy_rather_than_none() -> None:
    hours = judged_hours(judge(OLD, FACTS), 2 * HOUR)
    assert energy_between(hours, 0, 10 * HOUR) == Decimal(59)
    assert energy_between(hours, 20 * HOUR, 30 * HOUR) is None


def _segment(start: datetime, minutes: int, rate: str | None) -> Segment:
    price = None if rate is None else Price(1, Decimal(rate), Decimal("0.15"), None, None)
    return Segment(start, start + timedelta(minutes=minutes), price, date(2026, 5, 18))


def test_changes_cost_what_their_hours_do() -> None:
    first = datetime(2026, 5, 18, 8, tzinfo=UTC)
    second = first + timedelta(hours=1)
    segments = {
        first: [_segment(first, 60, "2.50")],
        second: [_segment(second, 30, "2.50"), _segment(second + timedelta(minutes=30), 30, "3.75")],
    }
    cost = cost_of_hours({first: 2 * KWH, second: -KWH}, segments)
    assert cost == Decimal("1.15") * (5 - Decimal("1.25") - Decimal("1.875"))


def test_without_a_price_there_is_no_money() -> None:
    hour = datetime(2026, 5, 18, 8, tzinfo=UTC)
    assert cost_of_hours({hour: KWH}, {hour: [_segment(hour, 60, None)]}) is None
    assert cost_of_hours({hour: KWH}, {}) is None


def test_the_picture_shows_both_lines_and_every_suspect_between() -> None:
    odd = [(61 * 10 * MINUTE, 0), (62 * 10 * MINUTE, 0), (63 * 10 * MINUTE, 4_294_967 * KWH)]
    judgement = judge([*OLD, *odd, *NEW], FACTS)
    picture = picture_around(judgement, OLD[-1][0], NEW[0][0], 2 * HOUR)
    old, new = picture.runs
    assert (old[-1], new[0]) == (OLD[-1], NEW[0])
    assert [point.milliwh for point in picture.suspects] == [0, 0, 4_294_967 * KWH]
    assert picture.reading_count == sum(map(len, picture.runs)) + 3
