"""Whether a tariff is sound, as a whole and beside its neighbours; every problem in a clerk's words."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from typing import NamedTuple

from portal.core.tariffs.rules.tariff_fields import amounts
from portal.core.tariffs.rules.tariffs import (
    ANY_DAY,
    DAY_NAMES,
    DAYS_PER_WEEK,
    EVERY_DAY,
    HOLIDAY_BIT,
    LONGEST_NOT_INCLUDED,
    LONGEST_PERIOD_NAME,
    MINUTES_PER_DAY,
    Period,
    Problem,
    Season,
    Tariff,
    period_minutes,
)
from portal.core.values.currencies import is_currency
from portal.core.values.texts import LONGEST_NAME

_MINUTES_PER_WEEK = MINUTES_PER_DAY * DAYS_PER_WEEK
_MAX_DECIMALS = 6
_A_LEAP_YEAR = date(2024, 1, 1)
_DAY = timedelta(days=1)


class UncoveredDays(NamedTuple):
    """Local dates, both included, that no tariff of a municipality covers; `last` None is for ever."""

    first: date
    last: date | None


class _Span(NamedTuple):
    """Where a period lies in a week of minutes that starts on Monday 00:00; holidays come after Sunday."""

    start: int
    end: int
    period_index: int


def problems(tariff: Tariff, unread: Iterable[str] = ()) -> list[Problem]:
    """Return everything that is wrong with a tariff as a whole, with JSON paths; empty when it is sound.

    `unread` are paths whose values could not be read: nothing more is said of them.
    """
    silent = set(unread)
    found = [*_heading_problems(tariff), *_all_period_problems(tariff.periods, "", silent)]
    for index, season in enumerate(tariff.seasons):
        found.extend(_season_problems(season, f"seasons[{index}].", silent))
    if not any(path.startswith("seasons") for path in silent):
        found.extend(_season_overlaps(tariff.seasons))
    found.extend(_holiday_problems(tariff))
    return [problem for problem in found if problem.path not in silent]


def neighbour_problems(tariffs: Mapping[int, Tariff], stored: Iterable[Tariff] = ()) -> list[Problem]:
    """Return which tariffs begin on the same day as another of their municipality, with paths from the array on.

    `tariffs` are by their index in the array; `stored` are those that will still be there beside them. Only active
    tariffs compete.
    """
    first_with: dict[tuple[int | None, str | None, date], Tariff] = {
        _start_key(tariff): tariff for tariff in stored if tariff.is_active
    }
    found: list[Problem] = []
    for index, tariff in tariffs.items():
        if not tariff.is_active:
            continue
        other = first_with.setdefault(_start_key(tariff), tariff)
        if other is not tariff:
            message = (
                f"tariff {tariff.name!r} starts on {tariff.effective_from} like {other.name!r} of the same"
                " municipality, so nobody can tell which of them holds: change a first day or make one inactive"
            )
            found.append(Problem(f"[{index}].effectiveFrom", message))
    return found


def _start_key(tariff: Tariff) -> tuple[int | None, str | None, date]:
    index = tariff.municipality if tariff.municipality_id is None else None
    return tariff.municipality_id, index, tariff.effective_from


def uncovered_days(tariffs: Iterable[Tariff]) -> list[UncoveredDays]:
    """Return the days from the first tariff of a municipality on that no active one covers, in order."""
    windows = sorted((t.effective_from, t.effective_to or date.max) for t in tariffs if t.is_active)
    found: list[UncoveredDays] = []
    covered_to: date | None = None
    for first, last in windows:
        if covered_to is not None and first > covered_to + _DAY:
            found.append(UncoveredDays(covered_to + _DAY, first - _DAY))
        if last == date.max:
            return found
        covered_to = last if covered_to is None else max(covered_to, last)
    if covered_to is not None:
        found.append(UncoveredDays(covered_to + _DAY, None))
    return found


def _heading_problems(tariff: Tariff) -> Iterator[Problem]:
    if not tariff.name.strip():
        yield Problem("name", "the tariff needs a name")
    if len(tariff.name) > LONGEST_NAME:
        yield Problem("name", f"the tariff's name has at most {LONGEST_NAME} characters")
    if tariff.effective_to is not None and tariff.effective_to < tariff.effective_from:
        yield Problem(
            "effectiveTo",
            f"the last day {tariff.effective_to} is before the first day {tariff.effective_from}",
        )
    if len(tariff.default_name or "") > LONGEST_PERIOD_NAME:
        yield Problem(
            "defaultName", f"the name of the default rate has at most {LONGEST_PERIOD_NAME} characters"
        )
    if len(tariff.not_included or "") > LONGEST_NOT_INCLUDED:
        yield Problem("notIncluded", f"what is not included has at most {LONGEST_NOT_INCLUDED} characters")
    yield from _amount_problems(tariff)
    if tariff.currency is not None and not _is_currency_code(tariff.currency):
        yield Problem(
            "currency", f"{tariff.currency!r} is not a currency code of three capital letters, like ZAR"
        )


def currency_problems(tariff: Tariff) -> list[Problem]:
    """Say of a currency's code that there is no such currency. A peer's tariff is taken all the same."""
    code = tariff.currency
    if code is None or is_currency(code) or not _is_currency_code(code):
        return []
    return [Problem("currency", f"there is no currency {code!r}: codes are those of ISO 4217, like ZAR")]


def _is_currency_code(code: str) -> bool:
    return len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()


def _amount_problems(part: Tariff | Season | Period, prefix: str = "", of: str = "") -> Iterator[Problem]:
    """Say what is wrong with the amounts of a tariff, or of a part of it at `prefix` that is called `of`."""
    for member, amount in amounts(part):
        what = f"the {member.about.words}{' rate' if member.about.is_share else ''}{of and f' of {of}'}"
        about = member.about
        if problem := _amount_problem(amount, about.below, what, may_be_negative=about.may_be_negative):
            yield Problem(f"{prefix}{member.wire}", problem)
        if about.is_share and amount.is_finite() and 1 < amount < about.below:
            words = f"{what} is a fraction from 0 to 1 (15 % is 0.15), not {amount}"
            yield Problem(f"{prefix}{member.wire}", words)


def _amount_problem(amount: Decimal, below: Decimal, what: str, *, may_be_negative: bool) -> str | None:
    if not amount.is_finite():
        return f"{what} must be a number, not {amount}"
    if amount < 0 and not may_be_negative:
        return f"{what} must not be negative, but is {amount}"
    if amount <= -below:
        return f"{what} must be above -{below:,}, but is {amount}"
    if amount >= below:
        return f"{what} must be below {below:,}, but is {amount}"
    if amount != round(amount, _MAX_DECIMALS):
        return f"{what} may have at most {_MAX_DECIMALS} decimals, but is {amount}"
    return None


def _season_problems(season: Season, prefix: str, silent: set[str]) -> Iterator[Problem]:
    label = f"season {season.name!r}" if season.name.strip() else "the season"
    if not season.name.strip():
        yield Problem(f"{prefix}name", "the season needs a name")
    yield from _amount_problems(season, prefix, label)
    yield from _all_period_problems(season.periods, prefix, silent)


def _season_overlaps(seasons: Sequence[Season]) -> Iterator[Problem]:
    year = [_A_LEAP_YEAR + day * _DAY for day in range(366)]
    for second, later in enumerate(seasons):
        for earlier in seasons[:second]:
            both = next((day for day in year if earlier.covers(day) and later.covers(day)), None)
            if both is not None:
                yield Problem(
                    f"seasons[{second}]",
                    f"season {later.name!r} overlaps season {earlier.name!r} on {both.day} {both:%B}",
                )


def _holiday_problems(tariff: Tariff) -> Iterator[Problem]:
    seen: set[date] = set()
    for index, holiday in enumerate(tariff.holidays):
        if holiday.on_date in seen:
            yield Problem(f"holidays[{index}].date", f"{holiday.on_date} is in the list of holidays twice")
        seen.add(holiday.on_date)


def _all_period_problems(periods: Sequence[Period], prefix: str, silent: set[str]) -> Iterator[Problem]:
    paths = period_paths(periods, prefix)
    found = [
        problem
        for path, period in zip(paths, periods, strict=True)
        for problem in _period_problems(period, path)
    ]
    yield from found
    bad = silent | {problem.path for problem in found}
    sound = [
        index
        for index, path in enumerate(paths)
        if not any(unsound.startswith(f"{path}.") for unsound in bad)
    ]
    yield from _overlap_problems(periods, sound, paths)


def period_paths(periods: Sequence[Period], prefix: str) -> list[str]:
    """Return where each period stands in the JSON: those for holidays alone have a list of their own."""
    counts = {"periods": 0, "holidayPeriods": 0}
    paths: list[str] = []
    for period in periods:
        listed = "holidayPeriods" if period.days_of_week == HOLIDAY_BIT else "periods"
        paths.append(f"{prefix}{listed}[{counts[listed]}]")
        counts[listed] += 1
    return paths


def _period_problems(period: Period, path: str) -> Iterator[Problem]:
    label = f"period {period.name!r}" if period.name.strip() else "the period"
    if not period.name.strip():
        yield Problem(f"{path}.name", "the period needs a name")
    if not 1 <= period.days_of_week <= ANY_DAY:
        yield Problem(
            f"{path}.daysOfWeek",
            f"{label} needs at least one day: add up Monday 1, Tuesday 2, Wednesday"
            f" 4, Thursday 8, Friday 16, Saturday 32, Sunday 64 (1 to {EVERY_DAY})",
        )
    if period.start_time == period.end_time and period.start_time != time(0):
        yield Problem(
            f"{path}.endTime",
            f"{label} starts and ends at {period.start_time:%H:%M}, so it has no length;"
            " the whole day is 00:00 to 00:00",
        )
    yield from _amount_problems(period, f"{path}.", label)


def _overlap_problems(
    periods: Sequence[Period], sound: Sequence[int], paths: Sequence[str]
) -> Iterator[Problem]:
    reported: set[tuple[int, int]] = set()
    for earlier, later in _overlapping_spans(periods, sound):
        first, second = sorted((earlier.period_index, later.period_index))
        if (first, second) not in reported:
            reported.add((first, second))
            yield Problem(
                paths[second],
                f"period {periods[second].name!r} overlaps period {periods[first].name!r} on"
                f" {_weekday_and_time(later.start)}",
            )


def _overlapping_spans(periods: Sequence[Period], sound: Sequence[int]) -> Iterator[tuple[_Span, _Span]]:
    spans = sorted(span for index in sound for span in _week_spans(index, periods[index]))
    for position, earlier in enumerate(spans):
        for later in spans[position + 1 :]:
            if later.start >= earlier.end:
                break
            yield earlier, later


def _week_spans(index: int, period: Period) -> Iterator[_Span]:
    start, end = period_minutes(period)
    for weekday in range(DAYS_PER_WEEK):
        if not period.days_of_week >> weekday & 1:
            continue
        first, last = weekday * MINUTES_PER_DAY + start, weekday * MINUTES_PER_DAY + end
        yield _Span(first, min(last, _MINUTES_PER_WEEK), index)
        if last > _MINUTES_PER_WEEK:  # Sunday night reaches into Monday morning
            yield _Span(0, last - _MINUTES_PER_WEEK, index)
    if period.days_of_week & HOLIDAY_BIT:
        yield _Span(_MINUTES_PER_WEEK + start, _MINUTES_PER_WEEK + min(end, MINUTES_PER_DAY), index)


def _weekday_and_time(minute_of_week: int) -> str:
    weekday, minute = divmod(minute_of_week, MINUTES_PER_DAY)
    day = (*DAY_NAMES, "holidays")[weekday]
    return f"{day} at {minute // 60:02}:{minute % 60:02}"
