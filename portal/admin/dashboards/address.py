"""Charts over the fleet in their address: `/dashboards?days=30&customer=ID&with=ID,ID&page=2`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from portal.admin.nav import DASHBOARDS
from portal.core.fleet.service.fleet_charts import MOST_COMPARED

DAYS: Final = (1, 7, 30, 90)
_DEFAULT: Final = 7


@dataclass(frozen=True)
class ChartsAsked:
    """Over how many days, of which customer's sites (None: of customers), and which of them are compared."""

    days: int = _DEFAULT
    customer: UUID | None = None
    compared: tuple[UUID, ...] = ()
    page: int = 1


def charts_in(query: Mapping[str, str]) -> ChartsAsked:
    """What an address asks for; what it does not know it leaves out."""
    days, page = query.get("days", ""), query.get("page", "")
    compared = [found for part in query.get("with", "").split(",") if (found := _uuid(part)) is not None]
    return ChartsAsked(
        days=int(days) if days in {str(each) for each in DAYS} else _DEFAULT,
        customer=_uuid(query.get("customer", "")),
        compared=tuple(dict.fromkeys(compared))[:MOST_COMPARED],
        page=max(int(page), 1) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
    )


def charts_address(asked: ChartsAsked) -> str:
    """The address of what is asked."""
    given = {
        "days": "" if asked.days == _DEFAULT else str(asked.days),
        "customer": "" if asked.customer is None else str(asked.customer),
        "with": ",".join(map(str, asked.compared)),
        "page": str(asked.page) if asked.page > 1 else "",
    }
    query = urlencode({name: value for name, value in given.items() if value}, safe=",")
    return f"{DASHBOARDS}?{query}" if query else DASHBOARDS


def toggled(asked: ChartsAsked, text: str) -> ChartsAsked:
    """The same with one more, or one less, that is compared; of too many the first goes."""
    chosen = _uuid(text)
    if chosen is None:
        return asked
    if chosen in asked.compared:
        return replace(asked, compared=tuple(each for each in asked.compared if each != chosen))
    return replace(asked, compared=(*asked.compared, chosen)[-MOST_COMPARED:])


def inside(asked: ChartsAsked, text: str) -> ChartsAsked:
    """The sites of a customer; with "" all customers again."""
    return ChartsAsked(days=asked.days, customer=_uuid(text))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
