"""What the page of charts and its files read for what an address chooses."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from portal.client.dashboards.address import Chosen
from portal.client.dashboards.lines import LineSource
from portal.client.dashboards.view import ChartsOf, kinds_named, quantities_of
from portal.core.history.rules.buckets import TimeSpan
from portal.core.history.service import charts
from portal.core.history.service.charts import ChartedMeter, History
from portal.core.stack import Stack


@dataclass(frozen=True)
class ChartChoice:
    """An address beside what there is: the meters of each thing that is shown, the span, and whose days these are."""

    chosen: Chosen
    offered: tuple[ChartedMeter, ...]
    named: tuple[tuple[str, str, tuple[ChartedMeter, ...]], ...]
    zone: ZoneInfo
    today: date
    span: TimeSpan

    @property
    def meters(self) -> tuple[ChartedMeter, ...]:
        """All meters that are read, each once."""
        return tuple(dict.fromkeys(meter for _, _, meters in self.named for meter in meters))


async def choice_of(stack: Stack, chosen: Chosen) -> ChartChoice:
    """Find what an address chooses; without any meter or site that is there, the first meter."""
    offered = await charts.charted_meters(stack)
    named: list[tuple[str, str, tuple[ChartedMeter, ...]]] = [
        (str(meter.id), meter.name, (meter,))
        for wanted in chosen.meters
        for meter in offered
        if meter.id == wanted
    ]
    for wanted in chosen.sites:
        its = tuple(meter for meter in offered if meter.site_id == wanted and meter.is_bulk)
        if its:
            named.append((str(wanted), its[0].site_name, its))
    if not named and offered:
        named.append((str(offered[0].id), offered[0].name, offered[:1]))
    meters = [meter for _, _, its in named for meter in its]
    zone = charts.zone_of(meters, stack.settings.application.time_zone)
    now = stack.clock()
    today = now.astimezone(zone).date()
    is_known = {each.id for each in meters} | {each.site_id for each in meters}
    kept = replace(
        chosen,
        meters=tuple(each for each in chosen.meters if each in is_known),
        sites=tuple(each for each in chosen.sites if each in is_known),
    )
    return ChartChoice(kept, offered, tuple(named), zone, today, kept.span(today, zone))


async def read_charts(stack: Stack, choice: ChartChoice) -> ChartsOf:
    """Read the lines of all that is chosen, and of the stretch of time it is compared with."""
    kinds = kinds_named(choice.chosen.kinds)
    quantities = quantities_of(kinds)
    zone = str(choice.zone)
    found = await charts.history(stack, choice.meters, quantities, choice.span, zone)
    before = choice.chosen.earlier(choice.span, choice.zone)
    earlier = None
    if before is not None:
        was = await charts.history(stack, choice.meters, quantities, before, zone)
        earlier = (_sources(choice, was), before)
    return ChartsOf(kinds, _sources(choice, found), found, earlier)


def _sources(choice: ChartChoice, found: History) -> tuple[LineSource, ...]:
    by_meter = {each.meter.id: each for each in found.meters}
    return tuple(
        LineSource(name, tuple(by_meter[meter.id] for meter in meters)) for _, name, meters in choice.named
    )


def is_running(span: TimeSpan, now: datetime) -> bool:
    """Tell whether a span goes on."""
    return span.from_at <= now < span.to_at


def site_names(offered: Sequence[ChartedMeter]) -> dict[str, str]:
    """The sites that have several meters, by their ids."""
    counts: dict[str, list[str]] = {}
    for meter in offered:
        counts.setdefault(str(meter.site_id), []).append(meter.site_name)
    return {site_id: names[0] for site_id, names in counts.items() if len(names) > 1}
