"""Tariffs as JSON: one shape for the import command, the rates API and the tariffs batch.

Numbers become Decimal by their shortest text, so 2.5 read as a float is exactly 2.5. Reading a tariff collects every
problem at once, each with its JSON path and in words for the person who typed it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from typing import Any, cast

from portal.core.tariffs.rules.tariff_problems import problems
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
from portal.core.values.numbers import exact_number, shown
from portal.core.values.texts import is_blank, text_problem

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.0+)?)?")
_MONTH_DAY = re.compile(r"(\d{2})-(\d{2})")
_END_OF_DAY = time(23, 59)
_LEAP_YEAR = 2024
_LARGEST_ID = 2_147_483_647
_LONGEST_SHOWN = 40
# Stand-ins for fields that could not be read; they are sound, so they raise no second problem.
_NO_NUMBER, _NO_DATE, _NO_TIME = Decimal(0), date.min, time(0)


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


def tariffs_from_wire(raw: object) -> tuple[Tariff, ...]:
    """Return the tariffs of a decoded JSON array, all or none. Raises TariffInvalid with paths like `[0].vatRate`."""
    tariffs, found = read_tariffs(raw)
    if found:
        raise TariffInvalid(found)
    return tuple(tariffs.values())


def read_tariffs(raw: object, *, strict: bool = False) -> tuple[dict[int, Tariff], list[Problem]]:
    """Return the tariffs of a decoded JSON array by their place, as far as they could be read, and all problems.

    Unknown fields are ignored, or problems where `strict`. Where a field could not be read, its tariff holds a
    stand-in, and a problem has the field's path (`[0].vatRate`).
    """
    if not isinstance(raw, list):
        return {}, [Problem("", "a JSON array of tariffs is expected")]
    tariffs: dict[int, Tariff] = {}
    found: list[Problem] = []
    for index, item in enumerate(cast("list[object]", raw)):
        tariff, its_problems = _read_tariff(item, strict=strict)
        found.extend(Problem(_join(f"[{index}]", path), message) for path, message in its_problems)
        if tariff is not None:
            tariffs[index] = tariff
    return tariffs, found


def tariff_to_wire(tariff: Tariff, number: Callable[[Decimal], Any] = float) -> dict[str, Any]:
    """Return a tariff as a JSON object; every sound tariff comes back from `tariff_from_wire` equal to itself.

    `number` makes the numbers: floats by default, which keep every digit that a sound tariff has.
    """
    wire: dict[str, Any] = {
        "id": tariff.id,
        "municipalityId": tariff.municipality_id,
        "municipality": tariff.municipality,
        "currency": tariff.currency,
    }
    wire = {name: value for name, value in wire.items() if value is not None}
    return wire | {
        "name": tariff.name,
        "effectiveFrom": tariff.effective_from.isoformat(),
        "effectiveTo": None if tariff.effective_to is None else tariff.effective_to.isoformat(),
        "defaultRatePerKwh": number(tariff.default_rate_per_kwh),
        "fixedMonthlyCharge": number(tariff.fixed_monthly_charge),
        "vatRate": number(tariff.vat_rate),
        "isActive": tariff.is_active,
        **_periods_to_wire(tariff.periods, number),
        **(
            {"seasons": [_season_to_wire(season, number) for season in tariff.seasons]}
            if tariff.seasons
            else {}
        ),
        **(
            {"holidays": [_holiday_to_wire(holiday) for holiday in tariff.holidays]}
            if tariff.holidays
            else {}
        ),
    }


def _periods_to_wire(periods: Sequence[Period], number: Callable[[Decimal], Any]) -> dict[str, Any]:
    """Return the lists of periods: those for holidays alone stand apart, where an older reader passes them by."""
    weekly = [_period_to_wire(period, number) for period in periods if period.days_of_week & EVERY_DAY]
    on_holidays = [
        _clock_to_wire(period, number) for period in periods if not period.days_of_week & EVERY_DAY
    ]
    return {"periods": weekly} | ({"holidayPeriods": on_holidays} if on_holidays else {})


def _period_to_wire(period: Period, number: Callable[[Decimal], Any]) -> dict[str, Any]:
    days = {"daysOfWeek": period.days_of_week & EVERY_DAY}
    return (
        _clock_to_wire(period, number)
        | days
        | ({"onHolidays": True} if period.days_of_week & HOLIDAY_BIT else {})
    )


def _clock_to_wire(period: Period, number: Callable[[Decimal], Any]) -> dict[str, Any]:
    return {
        "name": period.name,
        "startTime": f"{period.start:%H:%M}",
        "endTime": f"{period.end:%H:%M}",
        "ratePerKwh": number(period.rate_per_kwh),
    }


def _season_to_wire(season: Season, number: Callable[[Decimal], Any]) -> dict[str, Any]:
    return {
        "name": season.name,
        "firstDay": str(season.first),
        "lastDay": str(season.last),
        "defaultRatePerKwh": number(season.default_rate_per_kwh),
        **_periods_to_wire(season.periods, number),
    }


def _holiday_to_wire(holiday: Holiday) -> dict[str, Any]:
    return {"date": holiday.on.isoformat(), "name": holiday.name, "dayType": holiday.day_type.value}


def _read_tariff(raw: object, *, strict: bool) -> tuple[Tariff | None, list[Problem]]:
    """Return the tariff, as far as it could be read, and everything that is wrong with it."""
    if not isinstance(raw, Mapping):
        return None, [
            Problem("", "a tariff is a JSON object with name, effectiveFrom, defaultRatePerKwh, ...")
        ]
    fields = _Fields(cast("Mapping[str, object]", raw), "")
    tariff = Tariff(
        id=fields.optional_int("id"),
        municipality_id=fields.optional_int("municipalityId"),
        name=fields.text("name"),
        effective_from=fields.day("effectiveFrom"),
        effective_to=fields.optional_day("effectiveTo"),
        default_rate_per_kwh=fields.number("defaultRatePerKwh"),
        fixed_monthly_charge=fields.number("fixedMonthlyCharge", default=_NO_NUMBER),
        vat_rate=fields.number("vatRate"),
        is_active=fields.flag("isActive", default=True),
        currency=fields.optional_text("currency"),
        periods=_read_periods(fields),
        municipality=fields.optional_text("municipality"),
        seasons=tuple(_read_season(season) for season in fields.objects("seasons")),
        holidays=tuple(_read_holiday(holiday) for holiday in fields.objects("holidays")),
    )
    if tariff.municipality is None and tariff.municipality_id is None:
        fields.refuse("municipality", "say which municipality the tariff belongs to")
    unread = [problem.path for problem in fields.problems]
    if strict:
        fields.refuse_unknown()
    return tariff, [*fields.problems, *problems(tariff, unread)]


def _read_season(season: "_Fields") -> Season:
    return Season(
        name=season.text("name"),
        first=season.month_day("firstDay"),
        last=season.month_day("lastDay"),
        default_rate_per_kwh=season.number("defaultRatePerKwh"),
        periods=_read_periods(season),
    )


def _read_holiday(holiday: "_Fields") -> Holiday:
    return Holiday(
        on=holiday.day("date"),
        name=holiday.optional_text("name") or "Public holiday",
        day_type=holiday.day_type("dayType"),
    )


def _read_periods(fields: "_Fields") -> tuple[Period, ...]:
    weekly = [_read_period(period, _days_of(period)) for period in fields.objects("periods")]
    on_holidays = [_read_period(period, HOLIDAY_BIT) for period in fields.objects("holidayPeriods")]
    return (*weekly, *on_holidays)


def _days_of(period: "_Fields") -> int:
    days = period.integer("daysOfWeek")
    on_holidays = period.flag("onHolidays", default=False)
    # A mask that is out of bounds stays so, and is refused with the others of its tariff.
    return days | HOLIDAY_BIT if on_holidays and 0 < days <= EVERY_DAY else days if days <= EVERY_DAY else 0


def _read_period(period: "_Fields", days_of_week: int) -> Period:
    return Period(
        name=period.text("name"),
        days_of_week=days_of_week,
        start=period.clock("startTime"),
        end=period.clock("endTime"),
        rate_per_kwh=period.number("ratePerKwh"),
    )


class _Fields:
    """Reads the fields of one JSON object and collects what is wrong with them, together with its parts."""

    def __init__(self, raw: Mapping[str, object], path: str, found: list[Problem] | None = None) -> None:
        self._raw = raw
        self._path = path
        self._known: dict[str, None] = {}
        self._parts: list[_Fields] = []
        self.problems: list[Problem] = [] if found is None else found

    def refuse(self, name: str, message: str) -> None:
        self.problems.append(Problem(_join(self._path, name), message))

    def refuse_unknown(self) -> None:
        """Refuse what nobody asked for, in this object and its parts: it would be passed over without a word."""
        for name in self._raw:
            if name not in self._known:
                self.refuse(name[:_LONGEST_SHOWN], f"unknown field; known: {', '.join(self._known)}")
        for part in self._parts:
            part.refuse_unknown()

    def _get(self, name: str) -> object:
        self._known[name] = None
        return self._raw.get(name)

    def text(self, name: str) -> str:
        value = self._get(name)
        if not isinstance(value, str) or is_blank(value):
            self.refuse(name, "a text is needed here")
            return "?"
        text = value.strip()
        if problem := text_problem(text):
            self.refuse(name, f"the text {problem}")
            return "?"
        return text

    def optional_text(self, name: str) -> str | None:
        return None if self._get(name) is None else self.text(name)

    def integer(self, name: str) -> int:
        value = self._get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        self.refuse(name, f"a whole number is needed here, not {shown(value)}")
        return 1

    def optional_int(self, name: str) -> int | None:
        if self._get(name) is None:
            return None
        value = self.integer(name)
        if 0 <= value <= _LARGEST_ID:
            return value
        self.refuse(name, f"there is nothing with the number {shown(value)}")
        return 0

    def number(self, name: str, default: Decimal | None = None) -> Decimal:
        value = self._get(name)
        if value is None and default is not None:
            return default
        try:
            return exact_number(value)
        except ValueError:
            self.refuse(name, f"a number is needed here, like 2.50, not {shown(value)}")
            return _NO_NUMBER

    def flag(self, name: str, *, default: bool) -> bool:
        value = self._get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.refuse(name, f"true or false is needed here, not {shown(value)}")
            return default
        return value

    def day(self, name: str) -> date:
        value = self._get(name)
        try:
            if isinstance(value, str) and _DATE.fullmatch(value):
                return date.fromisoformat(value)
        except ValueError:
            pass
        self.refuse(name, f"a date is needed here, like 2026-01-31, not {shown(value)}")
        return _NO_DATE

    def optional_day(self, name: str) -> date | None:
        return None if self._get(name) is None else self.day(name)

    def month_day(self, name: str) -> MonthDay:
        value = self._get(name)
        match = _MONTH_DAY.fullmatch(value) if isinstance(value, str) else None
        try:
            if match is not None:
                read = date(_LEAP_YEAR, int(match[1]), int(match[2]))
                return MonthDay(read.month, read.day)
        except ValueError:
            pass
        self.refuse(name, f"a day of the year is needed here, like 06-01 for 1 June, not {shown(value)}")
        return MonthDay(1, 1)

    def day_type(self, name: str) -> DayType:
        value = self._get(name)
        if isinstance(value, str) and value in set(DayType):
            return DayType(value)
        self.refuse(name, f"a holiday acts as {', '.join(DayType)}, not as {shown(value)}")
        return DayType.HOLIDAY

    def clock(self, name: str) -> time:
        value = self._get(name)
        match = _TIME.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            self.refuse(
                name, f"a time of day is needed here, like 17:00 (00:00 ends a day), not {shown(value)}"
            )
            return _NO_TIME
        read = time(int(match[1]), int(match[2]), int(match[3] or 0))
        if read.second and read.replace(second=0) != _END_OF_DAY:
            self.refuse(name, f"periods start and end on whole minutes, not at {value}")
        return read.replace(second=0)

    def objects(self, name: str) -> "list[_Fields]":
        value = self._get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            self.refuse(name, "a JSON array is needed here")
            return []
        items = cast("list[object]", value)
        parts = [(f"{name}[{index}]", item) for index, item in enumerate(items)]
        strange = [path for path, item in parts if not isinstance(item, Mapping)]
        for path in strange:
            self.refuse(path, "a JSON object is needed here")
        if strange:
            return []  # the positions of the others would no longer be those of the file
        made = [
            _Fields(cast("Mapping[str, object]", item), _join(self._path, path), self.problems)
            for path, item in parts
        ]
        self._parts += made
        return made


def _join(outer: str, inner: str) -> str:
    return f"{outer}.{inner}" if outer and inner else outer or inner
