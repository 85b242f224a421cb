"""What has to be known before the figures of a report are believed, in words."""

from portal.core.cost.rules.cost import CostReport
from portal.core.cost.rules.shown_cost import as_shown
from portal.core.cost.rules.totals import totals_of
from portal.core.energy.rules.as_of import STILL_ADDED_UP
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
        f"Tariffs here are in {len(totals)} currencies, which are not added up: {' and '.join(totals)} in total."
    ]


def _without_tariff(report: CostReport) -> list[str]:
    if not report.buckets_without_tariff:
        return []
    hours = formats.count(report.buckets_without_tariff, "device hour")
    line = (
        f"No tariff for {hours} with energy: the kWh are counted, but cost nothing here. Give the site a"
        " municipality, or add a tariff that covers these days."
    )
    return [line]


def _gaps(report: CostReport) -> list[str]:
    lines: list[str] = []
    if report.unallocated_kwh:
        lines.append(
            f"{formats.kwh(report.unallocated_kwh)} kWh were used during gaps in the readings, at hours nobody knows."
            " They are not in these figures."
        )
    if report.estimated_kwh:
        lines.append(f"{formats.kwh(report.estimated_kwh)} kWh are estimated: spread evenly over gaps.")
    return lines


def _suspects(report: CostReport) -> list[str]:
    if not report.suspect_readings:
        return []
    verb = "were" if report.suspect_readings != 1 else "was"
    readings = formats.count(report.suspect_readings, "suspect reading")
    return [f"{readings} {verb} kept but not billed: the register fell, or rose faster than the device can."]


def _zones(report: CostReport) -> list[str]:
    return [
        f"The time zone of {name} is not known any more, so none of its rates hold. Choose another zone for it."
        for name in report.unknown_zones
    ]
