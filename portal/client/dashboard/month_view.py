"""The month in money: what the dashboard forecasts, how that is made, and how far off it has been. Pure words."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, TypedDict

from portal.client.dashboard.sentence import forecast_total
from portal.core.languages import tr
from portal.core.overview.rules.outlook import ClientOutlook
from portal.core.overview.service.overview import ClientOverview
from portal.core.words import noted
from portal.ui import formats

_HOW: Final = noted(
    "So far is what the Cost page says of this month. Still to come is what is usual: of "
    "each hour of each weekday the median of the last four, at the prices of that hour. "
    "Public holidays count as their weekday."
)


class MonthLine(TypedDict):
    """A line of the forecast: words, an amount, and where it leads."""

    label: str
    value: str
    href: str
    is_amount: bool


@dataclass(frozen=True)
class MonthShown:
    """The month in money, and line by line how it is made. Without `total` there is no forecast, but `why_not`."""

    title: str = ""
    total: str = ""
    error: str = ""
    lines: list[MonthLine] = field(default_factory=list[MonthLine])
    made: list[str] = field(default_factory=list[str])
    why_not: str = ""


def build_month(outlook: ClientOutlook, overview: ClientOverview) -> MonthShown:
    """Return the month of today in money, or why there is no forecast."""
    month, total = outlook.month, forecast_total(outlook, overview)
    title = tr("{month} in money", month=formats.month_name(month.month))
    if total is None or overview.cost_month is None:
        return MonthShown(title, why_not=_why_not(overview))
    connections = formats.counted(len(overview.sites), "{count} connection", "{count} connections")
    amounts = (
        (tr("Energy so far"), overview.cost_month, f"/cost?from={month.month}&to={outlook.today}&days=local"),
        (tr("Energy still to come"), month.to_come, ""),
        (tr("Fixed charges, {connections}", connections=connections), month.fixed, ""),
    )
    lines = [
        MonthLine(label=label, value=formats.whole_money(value, overview.currency), href=href, is_amount=True)
        for label, value, href in amounts
    ]
    lines.append(
        MonthLine(label=tr("Demand charges per kVA"), value=tr("not included"), href="", is_amount=False)
    )
    return MonthShown(
        title=title,
        total=formats.whole_money(total, overview.currency),
        error=_error(outlook),
        lines=lines,
        made=_made(outlook),
    )


def _why_not(overview: ClientOverview) -> str:
    if overview.cost_month is None:
        return tr("No tariff applies yet. Once one does, this says what the month will cost.")
    return tr(
        "Too little is known yet: a forecast needs three days of a kind of day, each with nine "
        "tenths of its hours."
    )


def _error(outlook: ClientOutlook) -> str:
    measured = outlook.month.measured
    if not measured:
        return ""
    mean = sum(abs(each.error) for each in measured) / len(measured)
    return f"\u00b1 {formats.number(Decimal(str(mean * 100)), 1)}\u00a0%"


def _made(outlook: ClientOutlook) -> list[str]:
    found = [tr(_HOW)]
    measured = outlook.month.measured
    if measured:
        each = ", ".join(f"{formats.month_name(month.month)} {_signed(month.error)}" for month in measured)
        found.append(
            tr(
                "How far the energy of a forecast made on this day of the month before would have been "
                "off: {each}.",
                each=each,
            )
        )
    else:
        found.append(
            tr(
                "Its error is not measured yet: that needs a month before this one with nearly all of "
                "its hours."
            )
        )
    if outlook.month.unknown:
        found.append(
            tr(
                "Nothing is usual yet, and so nothing to come, at {unknown}.",
                unknown=", ".join(outlook.month.unknown),
            )
        )
    return found


def _signed(error: float) -> str:
    sign = "+" if error > 0 else "\u2212"
    return f"{sign}{formats.number(abs(error) * 100, 1)}\u00a0%"
