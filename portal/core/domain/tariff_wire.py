"""Tariffs as JSON: one shape for the import command, the rates API and the tariffs batch.

Numbers become Decimal by their shortest text, so 2.5 read as a float is exactly 2.5. Reading a tariff collects every
problem at once, each with its JSON path and in words for the person who typed it.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, time
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from portal.core.domain.tariffs import Period, Problem, Tariff, problems

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.0+)?)?")
_END_OF_DAY = time(23, 59)
# Stand-ins for fields that could not be read; they are sound, so they raise no second problem.
_NO_NUMBER, _NO_DATE, _NO_TIME = Decimal(0), date.min, time(0)


class TariffInvalid(ValueError):
    """One or more tariffs are refused; `problems` lists everything that is wrong with them."""

    def __init__(self, found: Sequence[Problem]) -> None:
        self.problems = tuple(found)
        super().__init__(
            "; ".join(f"{path}: {message}" if path else message for path, message in self.problems)
        )


def tariff_from_wire(raw: object) -> Tariff:
    """Return the tariff of one decoded JSON object; unknown fields are ignored.

    The municipality comes as a name (`municipality`), an id (`municipalityId`), or both. Raises TariffInvalid.
    """
    tariff, found = _read_tariff(raw)
    if tariff is None or found:
        raise TariffInvalid(found)
    return tariff


def tariffs_from_wire(raw: object) -> tuple[Tariff, ...]:
    """Return the tariffs of a decoded JSON array, all or none. Raises TariffInvalid with paths like `[0].vatRate`."""
    if not isinstance(raw, list):
        raise TariffInvalid([Problem("", "a JSON array of tariffs is expected")])
    tariffs: list[Tariff] = []
    found: list[Problem] = []
    for index, item in enumerate(cast("list[object]", raw)):
        tariff, its_problems = _read_tariff(item)
        found.extend(Problem(_join(f"[{index}]", path), message) for path, message in its_problems)
        if tariff is not None:
            tariffs.append(tariff)
    if found:
        raise TariffInvalid(found)
    return tuple(tariffs)


def tariff_to_wire(tariff: Tariff) -> dict[str, Any]:
    """Return a tariff as a JSON object; every sound tariff comes back from `tariff_from_wire` equal to itself."""
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
        "defaultRatePerKwh": float(tariff.default_rate_per_kwh),
        "fixedMonthlyCharge": float(tariff.fixed_monthly_charge),
        "vatRate": float(tariff.vat_rate),
        "isActive": tariff.is_active,
        "periods": [_period_to_wire(period) for period in tariff.periods],
    }


def _period_to_wire(period: Period) -> dict[str, Any]:
    return {
        "name": period.name,
        "daysOfWeek": period.days_of_week,
        "startTime": f"{period.start:%H:%M}",
        "endTime": f"{period.end:%H:%M}",
        "ratePerKwh": float(period.rate_per_kwh),
    }


def _read_tariff(raw: object) -> tuple[Tariff | None, list[Problem]]:
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
    )
    if tariff.municipality is None and tariff.municipality_id is None:
        fields.refuse("municipality", "say which municipality: its name here, or its id as municipalityId")
    unread = [problem.path for problem in fields.problems]
    return tariff, [*fields.problems, *problems(tariff, unread)]


def _read_periods(fields: "_Fields") -> tuple[Period, ...]:
    return tuple(
        Period(
            name=period.text("name"),
            days_of_week=period.integer("daysOfWeek"),
            start=period.clock("startTime"),
            end=period.clock("endTime"),
            rate_per_kwh=period.number("ratePerKwh"),
        )
        for period in fields.objects("periods")
    )


class _Fields:
    """Reads the fields of one JSON object and collects what is wrong with them, together with its parts."""

    def __init__(self, raw: Mapping[str, object], path: str, found: list[Problem] | None = None) -> None:
        self._raw = raw
        self._path = path
        self.problems: list[Problem] = [] if found is None else found

    def refuse(self, name: str, message: str) -> None:
        self.problems.append(Problem(_join(self._path, name), message))

    def text(self, name: str) -> str:
        value = self._raw.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()
        self.refuse(name, "a text is needed here")
        return "?"

    def optional_text(self, name: str) -> str | None:
        return None if self._raw.get(name) is None else self.text(name)

    def integer(self, name: str) -> int:
        value = self._raw.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        self.refuse(name, f"a whole number is needed here, not {_shown(value)}")
        return 1

    def optional_int(self, name: str) -> int | None:
        return None if self._raw.get(name) is None else self.integer(name)

    def number(self, name: str, default: Decimal | None = None) -> Decimal:
        value = self._raw.get(name)
        if value is None and default is not None:
            return default
        number = _decimal(value)
        if number is None:
            self.refuse(name, f"a number is needed here, like 2.50, not {_shown(value)}")
            return _NO_NUMBER
        return number

    def flag(self, name: str, *, default: bool) -> bool:
        value = self._raw.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.refuse(name, f"true or false is needed here, not {_shown(value)}")
            return default
        return value

    def day(self, name: str) -> date:
        value = self._raw.get(name)
        try:
            if isinstance(value, str) and _DATE.fullmatch(value):
                return date.fromisoformat(value)
        except ValueError:
            pass
        self.refuse(name, f"a date is needed here, like 2026-01-31, not {_shown(value)}")
        return _NO_DATE

    def optional_day(self, name: str) -> date | None:
        return None if self._raw.get(name) is None else self.day(name)

    def clock(self, name: str) -> time:
        value = self._raw.get(name)
        match = _TIME.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            self.refuse(
                name, f"a time of day is needed here, like 17:00 (00:00 ends a day), not {_shown(value)}"
            )
            return _NO_TIME
        read = time(int(match[1]), int(match[2]), int(match[3] or 0))
        if read.second and read.replace(second=0) != _END_OF_DAY:
            self.refuse(name, f"periods start and end on whole minutes, not at {value}")
        return read.replace(second=0)

    def objects(self, name: str) -> "list[_Fields]":
        value = self._raw.get(name)
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
        return [
            _Fields(cast("Mapping[str, object]", item), _join(self._path, path), self.problems)
            for path, item in parts
        ]


def _join(outer: str, inner: str) -> str:
    return f"{outer}.{inner}" if outer and inner else outer or inner


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        return None
    try:
        number = value if isinstance(value, Decimal) else Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    text = repr(value)
    return text if len(text) <= 40 else text[:40] + "..."
