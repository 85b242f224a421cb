"""Tariffs as JSON: one shape for the import command, the rates API and the tariffs batch.

Numbers become Decimal by their shortest text, so 2.5 read as a float is exactly 2.5. Reading a tariff collects every
problem at once, each with its JSON path and in words for the person who typed it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from typing import Any, cast

from portal.core.tariffs.rules.tariff_fields import REQUIRED, TariffField, members
from portal.core.tariffs.rules.tariff_json import READERS, JsonFields, joined
from portal.core.tariffs.rules.tariff_problems import currency_problems, problems
from portal.core.tariffs.rules.tariffs import (
    EVERY_DAY,
    HOLIDAY_BIT,
    DayType,
    Holiday,
    MonthDay,
    Period,
    Problem,
    Season,
    Tariff,
)

Number = Callable[[Decimal], object]


class TariffInvalid(ValueError):
    """One or more tariffs are refused; `problems` lists everything that is wrong with them."""

    def __init__(self, found: Sequence[Problem]) -> None:
        self.problems = tuple(found)
        super().__init__(
            "; ".join(f"{path}: {message}" if path else message for path, message in self.problems)
        )


def tariff_from_wire(raw: object, *, strict: bool = False) -> Tariff:
    """Return the tariff of one decoded JSON object; unknown fields are ignored, or refused where `strict`.

    The municipality comes as a name (`municipality`), an id (`municipalityId`), or both. Raises TariffInvalid.
    """
    tariff, found = _read_tariff(raw, strict=strict)
    if tariff is None or found:
        raise TariffInvalid(found)
    return tariff


def read_tariffs(raw: object, *, strict: bool = False) -> tuple[dict[int, Tariff], list[Problem]]:
    """Return the tariffs of a decoded JSON array by their index, as far as they could be read, and all problems.

    Unknown fields are ignored, or problems where `strict`. Where a field could not be read, its tariff holds a
    stand-in, and a problem has the field's path (`[0].vatRate`).
    """
    if not isinstance(raw, list):
        return {}, [Problem("", "a JSON array of tariffs is expected")]
    tariffs: dict[int, Tariff] = {}
    found: list[Problem] = []
    for index, item in enumerate(cast("list[object]", raw)):
        tariff, its_problems = _read_tariff(item, strict=strict)
        found.extend(Problem(joined(f"[{index}]", path), message) for path, message in its_problems)
        if tariff is not None:
            tariffs[index] = tariff
    return tariffs, found


def tariff_to_wire(tariff: Tariff, number: Number = float) -> dict[str, object]:
    """Return a tariff as a JSON object; every sound tariff comes back from `tariff_from_wire` equal to itself.

    `number` makes the numbers: floats by default, which keep every digit that a sound tariff has.
    """
    seasons = [
        _to_wire(season, number) | _periods_to_wire(season.periods, number) for season in tariff.seasons
    ]
    holidays = [_to_wire(holiday, number) for holiday in tariff.holidays]
    return (
        _to_wire(tariff, number)
        | _periods_to_wire(tariff.periods, number)
        | ({"seasons": seasons} if seasons else {})
        | ({"holidays": holidays} if holidays else {})
    )


def _to_wire(part: Tariff | Season | Period | Holiday, number: Number) -> dict[str, object]:
    """Return the fields of a tariff or a part; a version is made of their order, so what may be left out is first."""
    ordered = sorted(members(type(part)), key=lambda member: not member.is_left_out)
    values = ((member, getattr(part, member.name)) for member in ordered)
    return {
        member.wire: _value_to_wire(value, number)
        for member, value in values
        if member.wire is not None and member.is_written(value)
    }


def _value_to_wire(value: object, number: Number) -> object:
    match value:
        case Decimal():
            return number(value)
        case MonthDay():
            return str(value)
        case date():
            return value.isoformat()
        case time():
            return f"{value:%H:%M}"
        case DayType():
            return value.value
        case _:
            return value


def _periods_to_wire(periods: Sequence[Period], number: Number) -> dict[str, object]:
    """Return the lists of periods: those for holidays alone stand apart, where an older reader passes them by."""
    weekly = [
        _to_wire(period, number) | _days_to_wire(period.days_of_week)
        for period in periods
        if period.days_of_week & EVERY_DAY
    ]
    on_holidays = [_to_wire(period, number) for period in periods if not period.days_of_week & EVERY_DAY]
    found: dict[str, object] = {"periods": weekly}
    return found | ({"holidayPeriods": on_holidays} if on_holidays else {})


def _days_to_wire(days_of_week: int) -> dict[str, object]:
    on_holidays: dict[str, object] = {"onHolidays": True} if days_of_week & HOLIDAY_BIT else {}
    return {"daysOfWeek": days_of_week & EVERY_DAY} | on_holidays


def _read_tariff(raw: object, *, strict: bool) -> tuple[Tariff | None, list[Problem]]:
    """Return the tariff, as far as it could be read, and everything that is wrong with it."""
    if not isinstance(raw, Mapping):
        return None, [
            Problem("", "a tariff is a JSON object with name, effectiveFrom, defaultRatePerKwh, ...")
        ]
    fields = JsonFields(cast("Mapping[str, object]", raw), "")
    tariff = Tariff(
        **_read(Tariff, fields),
        periods=_read_periods(fields),
        seasons=tuple(
            Season(**_read(Season, season), periods=_read_periods(season))
            for season in fields.objects("seasons")
        ),
        holidays=tuple(Holiday(**_read(Holiday, holiday)) for holiday in fields.objects("holidays")),
    )
    if tariff.municipality is None and tariff.municipality_id is None:
        fields.refuse("municipality", "say which municipality the tariff belongs to")
    unread = [problem.path for problem in fields.problems]
    if strict:
        fields.refuse_unknown()
        fields.problems.extend(currency_problems(tariff))
    return tariff, [*fields.problems, *problems(tariff, unread)]


# Any: each value is of its field's type, since it is read by the reader of that type.
def _read(shape: type, fields: JsonFields) -> dict[str, Any]:
    """Return the fields of a tariff or a part by name, but what it is made of."""
    return {
        member.name: _read_value(member, member.wire, fields)
        for member in members(shape)
        if member.wire is not None
    }


def _read_value(member: TariffField, name: str, fields: JsonFields) -> object:
    if member.missing is REQUIRED or fields.has(name):
        return READERS[member.kind](fields, name)
    return member.missing


def _read_periods(fields: JsonFields) -> tuple[Period, ...]:
    weekly = [
        Period(days_of_week=_read_days(period), **_read(Period, period))
        for period in fields.objects("periods")
    ]
    on_holidays = [
        Period(days_of_week=HOLIDAY_BIT, **_read(Period, period))
        for period in fields.objects("holidayPeriods")
    ]
    return (*weekly, *on_holidays)


def _read_days(period: JsonFields) -> int:
    days = period.integer("daysOfWeek")
    on_holidays = period.has("onHolidays") and period.flag("onHolidays")
    # A mask that is out of bounds stays so, and is refused with the others of its tariff.
    return days | HOLIDAY_BIT if on_holidays and 0 < days <= EVERY_DAY else days if days <= EVERY_DAY else 0
