"""The fields of one JSON object, read one by one; what is wrong with each is collected, in words for who typed it."""

import re
from collections.abc import Callable, Mapping
from datetime import date, time
from decimal import Decimal
from typing import cast

from portal.core.tariffs.rules.tariffs import DayType, MonthDay, Problem
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


class JsonFields:
    """Reads the fields of one JSON object and collects what is wrong with them, together with its parts.

    What cannot be read is refused, and a sound stand-in is returned for it.
    """

    def __init__(self, raw: Mapping[str, object], path: str, found: list[Problem] | None = None) -> None:
        self._raw = raw
        self._path = path
        self._known: dict[str, None] = {}
        self._parts: list[JsonFields] = []
        self.problems: list[Problem] = [] if found is None else found

    def refuse(self, name: str, message: str) -> None:
        """Say what is wrong with a field."""
        self.problems.append(Problem(joined(self._path, name), message))

    def refuse_unknown(self) -> None:
        """Refuse what nobody asked for, in this object and its parts: it would be passed over without a word."""
        for name in self._raw:
            if name not in self._known:
                self.refuse(name[:_LONGEST_SHOWN], f"unknown field; known: {', '.join(self._known)}")
        for part in self._parts:
            part.refuse_unknown()

    def has(self, name: str) -> bool:
        """Whether a field is there, and not null; it is one that is known."""
        return self._get(name) is not None

    def _get(self, name: str) -> object:
        self._known[name] = None
        return self._raw.get(name)

    def text(self, name: str) -> str:
        """Read a text that is not empty, without white space around it."""
        value = self._get(name)
        if not isinstance(value, str) or is_blank(value):
            self.refuse(name, "a text is needed here")
            return "?"
        text = value.strip()
        if problem := text_problem(text):
            self.refuse(name, f"the text {problem}")
            return "?"
        return text

    def integer(self, name: str) -> int:
        """Read a whole number."""
        value = self._get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        self.refuse(name, f"a whole number is needed here, not {shown(value)}")
        return 1

    def key(self, name: str) -> int:
        """Read the number of something that is stored."""
        value = self.integer(name)
        if 0 <= value <= _LARGEST_ID:
            return value
        self.refuse(name, f"there is nothing with the number {shown(value)}")
        return 0

    def number(self, name: str) -> Decimal:
        """Read an exact number."""
        value = self._get(name)
        try:
            return exact_number(value)
        except ValueError:
            self.refuse(name, f"a number is needed here, like 2.50, not {shown(value)}")
            return _NO_NUMBER

    def flag(self, name: str) -> bool:
        """Read true or false."""
        value = self._get(name)
        if isinstance(value, bool):
            return value
        self.refuse(name, f"true or false is needed here, not {shown(value)}")
        return False

    def day(self, name: str) -> date:
        """Read a date like 2026-01-31."""
        value = self._get(name)
        try:
            if isinstance(value, str) and _DATE.fullmatch(value):
                return date.fromisoformat(value)
        except ValueError:
            pass
        self.refuse(name, f"a date is needed here, like 2026-01-31, not {shown(value)}")
        return _NO_DATE

    def month_day(self, name: str) -> MonthDay:
        """Read a day of any year like 06-01."""
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
        """Read what a holiday acts as."""
        value = self._get(name)
        if isinstance(value, str) and value in set(DayType):
            return DayType(value)
        self.refuse(name, f"a holiday acts as {', '.join(DayType)}, not as {shown(value)}")
        return DayType.HOLIDAY

    def clock(self, name: str) -> time:
        """Read a time of day like 17:00; 23:59:59 is 23:59."""
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

    def objects(self, name: str) -> "list[JsonFields]":
        """Read an array of objects, empty where there is none."""
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
            JsonFields(cast("Mapping[str, object]", item), joined(self._path, path), self.problems)
            for path, item in parts
        ]
        self._parts += made
        return made


READERS: Mapping[type, Callable[[JsonFields, str], object]] = {
    str: JsonFields.text,
    int: JsonFields.key,
    bool: JsonFields.flag,
    Decimal: JsonFields.number,
    date: JsonFields.day,
    time: JsonFields.clock,
    MonthDay: JsonFields.month_day,
    DayType: JsonFields.day_type,
}
"""How a field of each type is read."""


def joined(outer: str, inner: str) -> str:
    """Return the path of something inside of something."""
    return f"{outer}.{inner}" if outer and inner else outer or inner
