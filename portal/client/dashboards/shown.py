"""What the page of charts shows of a choice: words and drawings, read and made."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypedDict

from portal.client.dashboards.energy_view import WIDTH_WORDS, build_energy, build_year
from portal.client.dashboards.reading import ChartChoice, read_charts, site_names
from portal.client.dashboards.view import build_charts, has_readings
from portal.client.dashboards.words import span_in_words
from portal.core.history.rules.buckets import TimeSpan
from portal.core.history.rules.charts import CHART_KINDS
from portal.core.history.service import charts as chart_reads
from portal.core.history.service import energy as energy_reads
from portal.core.history.service import year as year_reads
from portal.core.history.service.energy import BarWidth
from portal.core.languages import tr
from portal.core.stack import Stack
from portal.ui import formats
from portal.ui.plotted import NO_CHARTS, Drawn

_MOMENT = timedelta(seconds=1)


class Offer(TypedDict):
    """Something to choose: its key and its words."""

    key: str
    words: str


@dataclass(frozen=True)
class ShownChoice:
    """What is chosen, as the page shows it."""

    things: list[Offer] = field(default_factory=list[Offer])
    kinds: list[Offer] = field(default_factory=list[Offer])
    span_name: str = "day"
    span_words: str = ""
    first_day: str = ""
    last_day: str = ""
    today: str = ""
    comparison: str = ""
    bar_width: str = ""
    bar_widths: list[Offer] = field(default_factory=list[Offer])
    year_of: str = "energy"
    query: str = ""
    zone_note: str = ""
    has_meters: bool = True


def offers_of(choice: ChartChoice) -> tuple[list[Offer], list[Offer]]:
    """Return the meters and sites, and the charts, that can be added to what is shown."""
    shown = {key for key, _, _ in choice.named}
    things = [
        Offer(key=str(meter.id), words=f"{meter.name} \u00b7 {meter.site_name}")
        for meter in choice.offered
        if str(meter.id) not in shown
    ]
    things += [
        Offer(key=key, words=tr("{name}, all meters", name=name))
        for key, name in site_names(choice.offered).items()
        if key not in shown
    ]
    kinds = [
        Offer(key=kind.key, words=kind.title)
        for kind in CHART_KINDS.values()
        if kind.key not in choice.chosen.kinds
    ]
    return things, kinds


def shown_choice(choice: ChartChoice) -> ShownChoice:
    """Return the words and keys of a choice."""
    chosen, span, zone = choice.chosen, choice.span, choice.zone
    last = (span.to_at - _MOMENT).astimezone(zone).date()
    return ShownChoice(
        things=[Offer(key=key, words=name) for key, name, _ in choice.named],
        kinds=[Offer(key=key, words=CHART_KINDS[key].title) for key in chosen.kinds],
        span_name="" if chosen.zoom else chosen.span_name,
        span_words=span_in_words(span, zone, chosen.span_name, is_zoomed=chosen.zoom is not None),
        first_day=span.from_at.astimezone(zone).date().isoformat(),
        last_day=min(last, choice.today).isoformat(),
        today=choice.today.isoformat(),
        comparison=chosen.comparison,
        bar_width=_bar_width(choice),
        bar_widths=[
            Offer(key=width, words=tr(WIDTH_WORDS[width])) for width in energy_reads.widths_for(span)
        ],
        year_of=chosen.year_of,
        query=chosen.query(),
        zone_note=tr("Times in {replace}", replace=str(zone).replace("_", " ")),
        has_meters=bool(choice.offered),
    )


def _bar_width(choice: ChartChoice) -> BarWidth:
    asked = choice.chosen.bar_width
    known = energy_reads.widths_for(choice.span)
    return BarWidth(asked) if asked in known else energy_reads.width_for(choice.span)


async def read_lines(stack: Stack, choice: ChartChoice, now: datetime) -> tuple[Drawn, str, str]:
    """Return the charts; where nothing was measured, also a sentence about it and the day of the nearest reading."""
    if not choice.meters or not choice.chosen.kinds:
        return NO_CHARTS, "", ""
    read = await read_charts(stack, choice)
    drawn = build_charts(read, choice.zone, now, is_zoomed=choice.chosen.zoom is not None)
    if has_readings(read):
        return drawn, "", ""
    nearest = await chart_reads.nearest(stack, choice.meters, choice.span)
    at = nearest.before or nearest.after
    names = ", ".join(name for _, name, _ in choice.named)
    words = tr("No readings of {names} in this time.", names=names)
    if at is None:
        return drawn, tr("{words} None has come yet: the first one appears here by itself.", words=words), ""
    day = at.astimezone(choice.zone).date()
    return drawn, tr("{words} The nearest are of {day}.", words=words, day=formats.day(day)), day.isoformat()


async def read_energy(stack: Stack, choice: ChartChoice, charts: Drawn) -> Drawn:
    """Return the bars of energy of all meters together."""
    found = await energy_reads.energy_bars(stack, choice.meters, choice.span, choice.zone, _bar_width(choice))
    length = choice.span.length
    gaps = [
        TimeSpan(choice.span.from_at + first * length, choice.span.from_at + last * length)
        for first, last in charts["gaps"]
    ]
    return build_energy(found, choice.span, choice.zone, gaps)


async def read_year(stack: Stack, choice: ChartChoice) -> Drawn:
    """Return the year of hours up to the last day that is shown."""
    last = min(choice.today, (choice.span.to_at - _MOMENT).astimezone(choice.zone).date())
    measure = choice.chosen.year_of
    found = await year_reads.year_of_hours(stack, choice.meters, last, choice.zone, measure)
    return build_year(found, measure)
