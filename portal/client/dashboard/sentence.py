"""The sentence of the dashboard: whether today is normal, and where the month is heading. Pure words."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from urllib.parse import urlencode

from portal.client.nav import COST, DASHBOARDS
from portal.core.languages import tr
from portal.core.overview.rules.comparison import BesideUsual, Cause, HowUsual
from portal.core.overview.rules.outlook import ClientOutlook
from portal.core.overview.service.overview import ClientOverview
from portal.core.values.money import kwh_from_milliwh
from portal.core.values.time import iso_utc
from portal.ui import formats

_TONES: Final = {
    HowUsual.NORMAL: "ok",
    HowUsual.MORE: "ok",
    HowUsual.LESS: "ok",
    HowUsual.MUCH_MORE: "warn",
    HowUsual.MUCH_LESS: "warn",
}
_NAMED = 3


@dataclass(frozen=True)
class Sentence:
    """The parts of the sentence, in their order; an empty one is left out."""

    tone: str = "neutral"
    opening: str = ""
    so_far: str = ""
    so_far_href: str = COST
    more: str = ""
    heading: str = ""
    forecast: str = ""
    than_before: str = ""
    cause_opening: str = ""
    cause: str = ""
    cause_href: str = ""
    left_out: str = ""


def sentence_of(outlook: ClientOutlook, overview: ClientOverview) -> Sentence:
    """Return the sentence about today; in energy where nothing has a price."""
    found = outlook.today_comparison
    weekday = formats.weekday_name(outlook.today)
    is_judged = found.how in _TONES
    is_priced = overview.cost_today is not None
    forecast = forecast_total(outlook, overview)
    return Sentence(
        tone=_TONES.get(found.how, "neutral"),
        opening=_opening(found.how, weekday),
        so_far=formats.whole_money(overview.cost_today + outlook.fixed_today, overview.currency)
        if overview.cost_today is not None
        else f"{formats.kwh(overview.energy_today_kwh)} kWh",
        so_far_href=f"{COST}?from={outlook.today}&to={outlook.today}&days=local",
        more=_more(found, overview.currency, is_priced=is_priced) if is_judged else "",
        heading=""
        if forecast is None
        else tr("{month} is heading for", month=formats.month_name(outlook.month.month)),
        forecast="" if forecast is None else formats.whole_money(forecast, overview.currency),
        than_before=_than_before(outlook, forecast, overview.currency),
        cause_opening=(tr("The extra is") if found.more_milliwh > 0 else tr("What is missing is of"))
        if found.cause
        else "",
        cause="" if found.cause is None else _cause_words(found.cause, outlook),
        cause_href="" if found.cause is None else _cause_href(found.cause),
        left_out=_left_out(found) if found.how is not HowUsual.TOO_FEW else "",
    )


def forecast_total(outlook: ClientOutlook, overview: ClientOverview) -> Decimal | None:
    """Return what the month will have cost; None where nothing has a price, or nothing is usual yet."""
    month = outlook.month
    if overview.cost_month is None or len(month.unknown) == len(outlook.sites):
        return None
    return overview.cost_month + month.to_come + month.fixed


def _opening(how: HowUsual, weekday: str) -> str:
    return {
        HowUsual.TOO_FEW: tr("Too few {weekday}s to compare", weekday=weekday),
        HowUsual.TOO_EARLY: tr("Too early to compare"),
        HowUsual.NORMAL: tr("A normal {weekday}", weekday=weekday),
        HowUsual.MORE: tr("A little more than a usual {weekday}", weekday=weekday),
        HowUsual.LESS: tr("A little less than a usual {weekday}", weekday=weekday),
        HowUsual.MUCH_MORE: tr("Much more than a usual {weekday}", weekday=weekday),
        HowUsual.MUCH_LESS: tr("Much less than a usual {weekday}", weekday=weekday),
    }[how]


def _more(found: BesideUsual, currency: str, *, is_priced: bool) -> str:
    amount = (
        formats.whole_money(abs(found.more_cost), currency)
        if is_priced
        else f"{formats.kwh(abs(kwh_from_milliwh(found.more_milliwh)))} kWh"
    )
    return (
        tr("{amount} more", amount=amount) if found.more_milliwh > 0 else tr("{amount} less", amount=amount)
    )


def _than_before(outlook: ClientOutlook, forecast: Decimal | None, currency: str) -> str:
    if forecast is None or outlook.month.compared is None:
        return ""
    month, cost = outlook.month.compared
    return _beside(
        formats.whole_money(abs(forecast - cost), currency),
        formats.month_name(month),
        is_more=forecast > cost,
    )


def _cause_words(cause: Cause, outlook: ClientOutlook) -> str:
    first, last = (at.astimezone(outlook.zone) for at in (cause.from_at, cause.to_at))
    return tr(
        "{site_name}, {first} to {last}",
        site_name=cause.site_name,
        first=f"{first:%H:%M}",
        last=f"{last:%H:%M}",
    )


def _cause_href(cause: Cause) -> str:
    query = {"sites": str(cause.site_id), "from": iso_utc(cause.from_at), "to": iso_utc(cause.to_at)}
    return f"{DASHBOARDS}?{urlencode(query, safe=':')}"


def _left_out(found: BesideUsual) -> str:
    if not found.left_out:
        return ""
    named = ", ".join(found.left_out[:_NAMED])
    more = len(found.left_out) - _NAMED
    return (
        tr("Not compared, or not all of it: {named}", named=named)
        + (tr(" and {more} more", more=more) if more > 0 else "")
        + "."
    )


def _beside(amount: str, label: str, *, is_more: bool) -> str:
    if is_more:
        return tr("{amount} more than {label}", amount=amount, label=label)
    return tr("{amount} less than {label}", amount=amount, label=label)
