"""What has to be known before the figures of a report are believed, in words."""

from portal.core.cost.rules.cost import CostReport
from portal.core.cost.rules.shown_cost import as_shown
from portal.core.cost.rules.totals import totals_of
from portal.core.energy.rules.as_of import STILL_ADDED_UP
from portal.core.languages import tr
from portal.ui import formats


def warnings_in_words(report: CostReport) -> list[str]:
    """One sentence or two for each thing that is missing from the figures, or guessed."""
    return [
        *_left_out(report),
        *_currencies(report),
        *_without_tariff(report),
        *_gaps(report),
        *_suspects(report),
        *_zones(report),
    ]


def _left_out(report: CostReport) -> list[str]:
    return [] if report.as_of.is_complete else [STILL_ADDED_UP]


def _currencies(report: CostReport) -> list[str]:
    if not report.others:
        return []
    totals = [formats.money(each.total, each.currency) for each in totals_of(as_shown(report))]
    return [
        tr(
            "Tariffs here are in {totals} currencies, which are not added up: {totals_2} in total.",
            totals=len(totals),
            totals_2=tr(" and ").join(totals),
        )
    ]


def _without_tariff(report: CostReport) -> list[str]:
    if not report.buckets_without_tariff:
        return []
    hours = formats.counted(report.buckets_without_tariff, "{count} device hour", "{count} device hours")
    line = tr(
        "No tariff for {hours} with energy: the kWh are counted, but cost nothing here. Give "
        "the site a municipality, or add a tariff that covers these days.",
        hours=hours,
    )
    return [line]


def _gaps(report: CostReport) -> list[str]:
    lines: list[str] = []
    if report.unallocated_kwh:
        lines.append(
            tr(
                "{unallocated_kwh} kWh were used during gaps in the readings, at hours nobody knows. "
                "They are not in these figures.",
                unallocated_kwh=formats.kwh(report.unallocated_kwh),
            )
        )
    if report.estimated_kwh:
        lines.append(
            tr(
                "{estimated_kwh} kWh are estimated: spread evenly over gaps.",
                estimated_kwh=formats.kwh(report.estimated_kwh),
            )
        )
    return lines


def _suspects(report: CostReport) -> list[str]:
    if not report.suspect_readings:
        return []
    return [
        formats.counted(
            report.suspect_readings,
            "{count} suspect reading was kept but not billed: the register fell, or rose faster than the device can.",
            "{count} suspect readings were kept but not billed: the register fell, or rose faster than the device can.",
        )
    ]


def _zones(report: CostReport) -> list[str]:
    return [
        tr(
            "The time zone of {name} is not known any more, so none of its rates hold. Choose "
            "another zone for it.",
            name=name,
        )
        for name in report.unknown_zones
    ]
