"""The day by the hour, the month in money and the sites of the dashboard, as it shows them. Pure."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode

from portal.client.dashboard.month_view import MonthShown, build_month
from portal.client.dashboard.sentence import Sentence, sentence_of
from portal.client.nav import DASHBOARDS
from portal.core.history.rules.buckets import TimeSpan
from portal.core.languages import tr
from portal.core.overview.rules.outlook import NOT_PRICED, ClientOutlook, HourOfDay
from portal.core.overview.service.overview import ClientOverview
from portal.core.values.money import MILLIWH_PER_KWH, kwh_from_milliwh
from portal.core.values.time import HOUR, iso_utc, local_midnight
from portal.features.cost.hues import hues_of, period_rank
from portal.features.cost.time_bars import TimeBar, ValueWords, draw_bars, legend_of, scale_for, share_of_span
from portal.ui import formats, tokens
from portal.ui.plots import SIZE, Scale
from portal.ui.plotted import NO_BARS, Drawn

_DAY = timedelta(days=1)
_TWO, _NAMED = 2, 3


@dataclass(frozen=True)
class OutlookShown:
    """What the dashboard shows beside its live figures."""

    sentence: Sentence = field(default_factory=Sentence)
    subtitle: str = ""
    hours: Drawn = field(default_factory=lambda: dict(NO_BARS))
    day_title: str = ""
    day_words: str = ""
    day_before: str = ""
    day_after: str = ""
    usual_words: str = ""
    missing_words: str = ""
    peak: str = formats.MISSING
    peak_label: str = tr("Peak today")
    peak_note: str = ""
    today_note: str = ""
    month_label: str = tr("This month so far")
    month_so_far: str = formats.MISSING
    month_note: str = ""
    month: MonthShown = field(default_factory=MonthShown)


def build_outlook(
    outlook: ClientOutlook, overview: ClientOverview, now: datetime, measure: str
) -> OutlookShown:
    """Return the view of a day (`measure`: energy or cost) and of the month of today."""
    day, is_today = outlook.day, outlook.day == outlook.today
    local = now.astimezone(outlook.zone)
    return OutlookShown(
        sentence=sentence_of(outlook, overview),
        subtitle=f"{formats.weekday_name(local)} {local.day} {formats.month(local)}, {local:%H:%M}",
        hours=_hours(outlook, overview.currency, now, measure),
        day_title=tr("Today by the hour")
        if is_today
        else tr("{day} by the hour", day=formats.weekday_name(day)),
        day_words=formats.week_day(day),
        day_before=(day - _DAY).isoformat(),
        day_after="" if is_today else (day + _DAY).isoformat(),
        usual_words=tr("Usual {day}, median of the last four", day=formats.weekday_name(day))
        if _has_usual(outlook) and measure == "energy"
        else "",
        missing_words=_missing(outlook),
        peak=formats.MISSING if outlook.peak is None else formats.kw(outlook.peak.kw),
        peak_label=tr("Peak today") if is_today else tr("Peak of {day}", day=formats.week_day(day)),
        peak_note=_peak_note(outlook),
        today_note=_today_note(outlook, overview),
        month_label=tr("{month} so far", month=formats.month_name(outlook.month.month)),
        month_so_far=_month_so_far(outlook, overview),
        month_note=_month_note(outlook, overview),
        month=build_month(outlook, overview),
    )


def _today_note(outlook: ClientOutlook, overview: ClientOverview) -> str:
    if overview.cost_today is None:
        return tr("no tariff applies yet")
    total = formats.money(overview.cost_today + outlook.fixed_today, overview.currency)
    if not outlook.fixed_today:
        return tr("{total}, VAT included", total=total)
    return tr(
        "{total}, with {fixed_today} fixed",
        total=total,
        fixed_today=formats.money(outlook.fixed_today, overview.currency),
    )


def _month_so_far(outlook: ClientOutlook, overview: ClientOverview) -> str:
    if overview.cost_month is None:
        return f"{formats.kwh(overview.energy_month_kwh)} kWh"
    return formats.whole_money(overview.cost_month + outlook.month.fixed_so_far, overview.currency)


def _month_note(outlook: ClientOutlook, overview: ClientOverview) -> str:
    energy = f"{formats.kwh(overview.energy_month_kwh)} kWh"
    if overview.cost_month is None:
        return tr("no tariff applies yet")
    if not outlook.month.fixed_so_far:
        return tr("{energy}, VAT included", energy=energy)
    fixed = formats.whole_money(outlook.month.fixed_so_far, overview.currency)
    return tr("{energy}, with {fixed} of fixed charges", energy=energy, fixed=fixed)


def _has_usual(outlook: ClientOutlook) -> bool:
    return any(hour.usual_milliwh is not None for hour in outlook.hours)


def _hours(outlook: ClientOutlook, currency: str, now: datetime, measure: str) -> Drawn:
    """The hours as bars, what is usual over them, and a strip of the periods of all hours below."""
    span = TimeSpan(
        local_midnight(outlook.day, outlook.zone), local_midnight(outlook.day + _DAY, outlook.zone)
    )
    is_cost = measure == "cost"
    symbol = formats.currency_symbol(currency)
    measured = ValueWords("", f"{symbol}\u00a0") if is_cost else ValueWords()
    bars = [_bar(hour, outlook, now, is_cost=is_cost) for hour in outlook.hours if hour.milliwh_of]
    usual = [] if is_cost else [(hour.usual_milliwh or 0) / MILLIWH_PER_KWH for hour in outlook.hours]
    scale = scale_for(bars, usual)
    drawn = draw_bars(bars, span, outlook.zone, measured, scale)
    drawn["outline"] = "" if is_cost or not _has_usual(outlook) else _outline(outlook, span, scale)
    drawn["now"] = share_of_span(now, span) if span.from_at <= now < span.to_at else None
    drawn["strip"] = _strip(outlook, span, now)
    drawn["gaps"] = [
        {
            "x": share_of_span(hour.at, span),
            "w": round(HOUR / span.length, 5),
            "h": 0.04,
            "words": tr("Not all sites are known"),
        }
        for hour in outlook.hours
        if hour.missing_sites
    ]
    return drawn | {"legend": legend_of(bars)}


def _bar(hour: HourOfDay, outlook: ClientOutlook, now: datetime, *, is_cost: bool) -> TimeBar:
    first, last = (at.astimezone(outlook.zone) for at in (hour.at, hour.at + HOUR))
    energy = sum(hour.milliwh_of.values()) or 1
    values = {
        name: float(hour.cost) * milliwh / energy if is_cost else milliwh / MILLIWH_PER_KWH
        for name, milliwh in hour.milliwh_of.items()
    }
    title = tr("{first} to {last}", first=f"{first:%H:%M}", last=f"{last:%H:%M}")
    if hour.usual_milliwh is not None and not is_cost:
        title += tr(
            ", usual {usual_milliwh} kWh", usual_milliwh=formats.kwh(kwh_from_milliwh(hour.usual_milliwh))
        )
    return TimeBar(hour.at, hour.at + HOUR, values, title, iso_utc(hour.at), is_running=now < hour.at + HOUR)


def _outline(outlook: ClientOutlook, span: TimeSpan, scale: Scale) -> str:
    """The steps of what is usual."""
    path = ""
    for hour in outlook.hours:
        first, last = (round(share_of_span(at, span) * SIZE, 1) for at in (hour.at, hour.at + HOUR))
        up = round((1 - scale.up((hour.usual_milliwh or 0) / MILLIWH_PER_KWH)) * SIZE, 1)
        path += f"{'L' if path else 'M'}{first} {up}L{last} {up}"
    return path


def _strip(outlook: ClientOutlook, span: TimeSpan, now: datetime) -> list[Drawn]:
    """The hue of the period of each hour, where sites differ that of the dearest kind; nothing without prices."""
    periods = {name for hour in outlook.hours for name in hour.periods if name != NOT_PRICED}
    if len(periods) < _TWO:
        return []
    hues = hues_of(periods) | {NOT_PRICED: tokens.GRID}
    return [
        {
            "x": share_of_span(hour.at, span),
            "w": round(HOUR / span.length, 5),
            "hue": hues[max(hour.periods, key=period_rank)] if hour.periods else tokens.GRID,
            "pale": hour.at > now,
        }
        for hour in outlook.hours
    ]


def _missing(outlook: ClientOutlook) -> str:
    named = [site.name for site in outlook.sites if site.known_hours < site.over_hours]
    return (
        tr("Hours without readings: {named}", named=", ".join(named[:_NAMED]))
        + (tr(" and more") if len(named) > _NAMED else "")
        if named
        else ""
    )


def _peak_note(outlook: ClientOutlook) -> str:
    if outlook.peak is None:
        return tr("no readings yet")
    first = outlook.peak.at.astimezone(outlook.zone)
    last = first + timedelta(minutes=15)
    return tr(
        "{first} to {last}, the highest quarter of an hour", first=f"{first:%H:%M}", last=f"{last:%H:%M}"
    )


def hour_href(key: str) -> str:
    """The address of the charts of an hour, by the key of its bar."""
    begin = datetime.fromisoformat(key)
    return f"{DASHBOARDS}?{urlencode({'from': iso_utc(begin), 'to': iso_utc(begin + HOUR)}, safe=':')}"
