"""Numbers, money and times as people read them, in the present task's language and locale; no other module writes them.

Pure but for that: no clock, no locale of the machine.
"""

from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from typing import Final
from zoneinfo import ZoneInfo

from portal.core import languages
from portal.core.energy.rules.as_of import STILL_ADDED_UP, AsOf
from portal.core.languages import tr, trn
from portal.core.values.currencies import currency_digits
from portal.core.values.time import CLOCK_TOLERANCE

MISSING: Final = "\u2014"
_NO_BREAK: Final = "\u00a0"
_MINUS: Final = "\u2212"
_SYMBOLS: Final = {"ZAR": "R", "EUR": "\u20ac", "USD": "$", "GBP": "\u00a3"}
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_NEVER_SET: Final = timedelta(days=3650)
_names = languages.locale_data


def number(value: Decimal | float | None, decimals: int) -> str:
    """A number with thin spaces between thousands, halves rounded away from zero; a dash when there is none."""
    if value is None:
        return MISSING
    rounded = _decimal(value).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    text = languages.number_text(f"{abs(rounded):,.{decimals}f}")
    return f"{_MINUS}{text}" if rounded < 0 else text


def short_number(value: Decimal | float, most_decimals: int) -> str:
    """A number with at most so many decimals, and none that are nothing: `1 500`, `2.5`."""
    text, decimal = number(value, most_decimals), languages.separators()[1]
    return text.rstrip("0").rstrip(decimal) if most_decimals else text


def kwh(value: Decimal | None) -> str:
    """Energy as a big figure, without its unit: two decimals below a thousand kWh, then one, then none."""
    if value is None:
        return MISSING
    size = abs(value)
    return number(value, 2 if size < 1_000 else 1 if size < 100_000 else 0)


def kw(value: float | None) -> str:
    """Power without its unit: two decimals below a hundred kW."""
    if value is None:
        return MISSING
    return number(value, 2 if abs(value) < 100 else 1)


def money(value: Decimal | None, currency: str) -> str:
    """An amount with its currency in front and as many decimals as that has: `R 1 234.56`, `JPY 10 667`."""
    if value is None:
        return MISSING
    text = amount(value, currency)
    sign, digits = (_MINUS, text[1:]) if text.startswith(_MINUS) else ("", text)
    return f"{sign}{currency_symbol(currency)}{_NO_BREAK}{digits}"


def amount(value: Decimal, currency: str) -> str:
    """An amount without its currency, with as many decimals as that has."""
    return number(value, currency_digits(currency))


def whole_money(value: Decimal, currency: str) -> str:
    """An amount without its cents, for a sentence or a forecast: `R 1 235`."""
    text = number(value, 0)
    sign, digits = (_MINUS, text[1:]) if text.startswith(_MINUS) else ("", text)
    return f"{sign}{currency_symbol(currency)}{_NO_BREAK}{digits}"


def currency_symbol(currency: str) -> str:
    """The sign of an ISO 4217 code, or the code itself."""
    return _SYMBOLS.get(currency, currency)


def relative(at: datetime | None, now: datetime) -> str:
    """How long ago an instant was, coarsely: `3 min ago`. Both must be aware."""
    if at is None:
        return tr("never")
    seconds = int((now - at).total_seconds())
    if seconds < 0:
        return tr("in the future") if now + CLOCK_TOLERANCE < at else tr("just now")
    if seconds < _MINUTE:
        return tr("just now")
    if seconds < _HOUR:
        return tr("{minutes} min ago", minutes=seconds // _MINUTE)
    if seconds < _DAY:
        return tr("{hours} h ago", hours=seconds // _HOUR)
    return counted(seconds // _DAY, "{count} day ago", "{count} days ago")


def clock_skew(skew: timedelta) -> str:
    """How far a clock is ahead (negative: behind), coarsely: `15 min ahead`."""
    seconds = abs(int(skew.total_seconds()))
    if skew < -_NEVER_SET:
        return tr("not set")
    if seconds < _HOUR:
        amount = tr("{minutes} min", minutes=seconds // _MINUTE)
    elif seconds < 2 * _DAY:
        amount = tr("{hours} h", hours=seconds // _HOUR)
    else:
        amount = counted(seconds // _DAY, "{count} day", "{count} days")
    return (
        tr("{amount} ahead", amount=amount) if skew > timedelta(0) else tr("{amount} behind", amount=amount)
    )


def utc_time(at: datetime | None) -> str:
    """The instant in UTC, for hovering: `2026-05-18 08:40:00 UTC`."""
    return "" if at is None else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def near_time(at: datetime | None, zone: str | tzinfo) -> str:
    """An instant not far from now, to the minute and without its year: `18 May, 10:40`."""
    if at is None:
        return MISSING
    local = _in_zone(at, zone)
    return f"{day_of_month(local)}, {local:%H:%M}"


def as_of(reached: AsOf, zone: str | tzinfo) -> str:
    """How far figures of energy and money go: `As of 18 May, 10:40`; and that there is more, where there is."""
    words = moment_of(reached, zone)
    return words if reached.is_complete else f"{words}. {tr(STILL_ADDED_UP)}"


def moment_of(reached: AsOf, zone: str | tzinfo) -> str:
    """When figures are of, where what they lack is said elsewhere: `As of 18 May, 10:40`."""
    return tr("As of {moment}", moment=near_time(reached.at, zone))


def local_date(at: datetime | None, zone: str | tzinfo) -> str:
    """The day an instant falls on in a zone: `18 May 2026`."""
    if at is None:
        return MISSING
    return day(_in_zone(at, zone).date())


def local_time(at: datetime | None, zone: str | tzinfo) -> str:
    """The instant in a zone, to the minute: `18 May 2026, 10:40`."""
    if at is None:
        return MISSING
    local = _in_zone(at, zone)
    return f"{day(local.date())}, {local:%H:%M}"


def day(on: date) -> str:
    """A date: `18 May 2026`."""
    return f"{day_of_month(on)} {on.year}"


def day_of_month(on: date) -> str:
    """A date without its year: `18 May`."""
    return f"{on.day} {month_short(on)}"


def month(on: date) -> str:
    """The month of a date, in full: `May 2026`."""
    return f"{month_name(on)} {on.year}"


def month_name(on: date) -> str:
    """The month of a date: `May`."""
    return languages.month_name(on)


def month_short(on: date) -> str:
    """The month of a date, as short as can be: `Sep`."""
    return languages.month_short(on)


def weekday_name(on: date) -> str:
    """The day of the week of a date: `Monday`."""
    return _names(languages.present().language).days["format"]["wide"][on.weekday()]


def weekday_short(on: date) -> str:
    """The day of the week of a date, as short as can be: `Mon`."""
    return _names(languages.present().language).days["format"]["abbreviated"][on.weekday()].rstrip(".")


def week_day(on: date) -> str:
    """A date with its day of the week, for rows of days: `Mon 18 May`."""
    return f"{weekday_short(on)} {day_of_month(on)}"


def day_range(first: date, last: date) -> str:
    """Days from first to last, both included, without saying month or year twice."""
    if first == last:
        return day(first)
    if first.year != last.year:
        return f"{day(first)} \u2013 {day(last)}"
    if first.month != last.month:
        return f"{day_of_month(first)} \u2013 {day(last)}"
    return f"{first.day} \u2013 {day(last)}"


def week_mask(mask: int) -> str:
    """Days of the week of a tariff period, Monday = 1 ... Sunday = 64: `MTWTF--`."""
    names = _names(languages.present().language).days["stand-alone"]["narrow"]
    return "".join(names[index] if mask & (1 << index) else "-" for index in range(7))


def counted(amount: int, one: str, many: str, **values: object) -> str:
    """A sentence about an amount, which it names `{count}`: `1 site`, `3 sites`."""
    return trn(one, many, amount, count=number(amount, 0), **values)


def change(now: Decimal, before: Decimal) -> str:
    """How far `now` is above or below `before`, in words: `12 % more`."""
    if before == 0:
        return ""
    percent = (now - before) / before * 100
    size = number(abs(percent), 0)
    if size == "0":
        return tr("about the same")
    share = f"{size}{_NO_BREAK}%"
    return tr("{share} more", share=share) if percent > 0 else tr("{share} less", share=share)


def change_beside(now: Decimal, before: Decimal, label: str) -> str:
    """How far `now` is from what was `before`, which is called by a label: `12 % more than 4 May`."""
    if before == 0:
        return ""
    percent = (now - before) / before * 100
    size = number(abs(percent), 0)
    if size == "0":
        return tr("about the same as {label}", label=label)
    share = f"{size}{_NO_BREAK}%"
    if percent > 0:
        return tr("{share} more than {label}", share=share, label=label)
    return tr("{share} less than {label}", share=share, label=label)


def marks() -> tuple[str, str]:
    """What stands between thousands, and before decimals, for scripts that write numbers themselves."""
    return languages.separators()


def _in_zone(at: datetime, zone: str | tzinfo) -> datetime:
    return at.astimezone(ZoneInfo(zone) if isinstance(zone, str) else zone)


def _decimal(value: Decimal | float) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))
