"""What the page with charts over the fleet lists, as texts. Pure."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Final, TypedDict
from uuid import UUID

from portal.core.fleet.service.fleet_charts import FleetRank, RankLine
from portal.core.languages import tr
from portal.core.values.money import kwh_from_milliwh
from portal.ui import formats

ROWS: Final = 25


class RankRow(TypedDict):
    """A customer or a site with its rank, its energy, its share as a bar, and how that was before."""

    id: str
    rank: str
    name: str
    code: str
    href: str
    kwh: str
    share: str
    change: str
    tone: str
    is_compared: bool


def build_rank(
    rank: FleetRank, page: int, compared: Collection[UUID], *, of_customers: bool
) -> list[RankRow]:
    """The lines of a page of a ranking as rows."""
    most = max((line.milliwh for line in rank.lines), default=0)
    first = (page - 1) * ROWS
    return [
        _row(line, first + index + 1, most, compared, of_customers=of_customers)
        for index, line in enumerate(rank.lines[first : first + ROWS])
    ]


def _row(
    line: RankLine, number: int, most: int, compared: Collection[UUID], *, of_customers: bool
) -> RankRow:
    change = line.change
    now, before = (Decimal(each) for each in (line.milliwh, line.before_milliwh))
    return {
        "id": str(line.id),
        "rank": formats.number(number, 0),
        "name": line.name,
        "code": line.code,
        "href": f"/customers/{line.id}" if of_customers else "",
        "kwh": formats.number(kwh_from_milliwh(line.milliwh), 0),
        "share": f"{line.milliwh / most * 100:.2f}%" if most > 0 and line.milliwh > 0 else "0%",
        "change": formats.change(now, before) or formats.MISSING,
        "tone": "warn" if change is not None and abs(change) >= 0.3 else "",
        "is_compared": line.id in compared,
    }


def summary(rank: FleetRank) -> str:
    """What all of a ranking used together, and how that was before."""
    now, before = (
        Decimal(sum(getattr(line, name) for line in rank.lines)) for name in ("milliwh", "before_milliwh")
    )
    change = formats.change_beside(now, before, tr("the time before"))
    beside = f", {change}" if change else ""
    days = tr("today so far") if rank.days == 1 else tr("in the {days} days before today", days=rank.days)
    return tr(
        "{now} kWh {days}{beside}, local days",
        now=formats.kwh(kwh_from_milliwh(int(now))),
        days=days,
        beside=beside,
    )


def names_of(lines: Sequence[RankLine], wanted: Sequence[UUID]) -> dict[UUID, str]:
    """What those that are compared are called, in the order in which they were chosen."""
    names = {line.id: line.name for line in lines}
    return {each: names[each] for each in wanted if each in names}
