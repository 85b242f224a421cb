"""A month of the fleet in the address of its page: `/cost?month=2026-11&sort=-total&page=2`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final
from urllib.parse import urlencode

from portal.admin.nav import FLEET_COST
from portal.core.values.time import FIRST_YEAR, LAST_YEAR

ORDERS: Final = ("name", "kwh", "total", "rate", "coverage", "unpriced")
_DEFAULT: Final = "-total"
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class MonthAsked:
    """Which month is shown, by its first day, and how its table is ordered; `page` from 1."""

    first: date
    order: str = "total"
    is_descending: bool = True
    page: int = 1


def month_in(query: Mapping[str, str], today: date) -> MonthAsked:
    """What an address asks for; the month of `today` where it names none."""
    sort, page = query.get("sort", _DEFAULT), query.get("page", "")
    order = sort.removeprefix("-")
    is_known = order in ORDERS
    return MonthAsked(
        first_of(query.get("month", "")) or today.replace(day=1),
        order if is_known else "total",
        is_descending=sort.startswith("-") if is_known else True,
        page=max(int(page), 1) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
    )


def first_of(text: str) -> date | None:
    """The first day of a month like 2026-11; None for anything else."""
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        return None
    return first if FIRST_YEAR <= first.year < LAST_YEAR else None


def month_address(asked: MonthAsked) -> str:
    """The address of a month."""
    sort = ("-" if asked.is_descending else "") + asked.order
    given = {
        "month": f"{asked.first:%Y-%m}",
        "sort": "" if sort == _DEFAULT else sort,
        "page": str(asked.page) if asked.page > 1 else "",
    }
    return f"{FLEET_COST}?{urlencode({name: value for name, value in given.items() if value})}"


def stepped_month(asked: MonthAsked, by: int) -> MonthAsked:
    """The month before (-1) or after (1), from its first page."""
    other = asked.first - _DAY if by < 0 else asked.first + 31 * _DAY
    return replace(asked, first=other.replace(day=1), page=1)


def ordered_month(asked: MonthAsked, order: str) -> MonthAsked:
    """The same in another order, or the other way round."""
    if order not in ORDERS:
        return asked
    is_descending = not asked.is_descending if order == asked.order else order != "name"
    return replace(asked, order=order, is_descending=is_descending, page=1)
