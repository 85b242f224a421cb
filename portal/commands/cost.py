"""`portal cost`: the cost answer of either run mode."""

from datetime import date, datetime
from typing import Annotated, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import typer

from portal.commands.output import AsJson
from portal.commands.session import with_stack
from portal.core import energy
from portal.core.cost.rules.cost import CostReport
from portal.core.cost.rules.shown_cost import as_shown
from portal.core.cost.rules.totals import CurrencyTotal, totals_of
from portal.core.cost.service import cost
from portal.core.cost.wire import CostAnswer, cost_answer, fleet_cost_answer
from portal.core.energy.rules.as_of import STILL_ADDED_UP
from portal.core.errors import Invalid, NotFound
from portal.core.exchange.batches import ENCODER
from portal.core.fleet.service import customers
from portal.core.settings import RunMode
from portal.core.sites.service import sites
from portal.core.stack import Stack
from portal.core.values.time import iso_utc, local_midnight, parse_instant

_FORM = "an instant such as 2026-05-18T00:00:00Z, or a date such as 2026-05-18, which begins at midnight"
_Site = Annotated[str | None, typer.Option(help="One site alone, by its name (Client).")]
_Days = Annotated[
    str, typer.Option(help="Whose days: utc, or local for those of the site's zone; dates are of them too.")
]


class _Question(NamedTuple):
    """What is asked: start and end as typed, of which customer or site, and how gaps and days are taken."""

    window: tuple[str, str]
    customer: str | None
    site: str | None
    gaps: str
    days: str


def show_cost(
    from_text: Annotated[str, typer.Option("--from", help=f"Start: {_FORM}.")],
    to_text: Annotated[str, typer.Option("--to", help="End, not included.")],
    customer: Annotated[str | None, typer.Option(help="Customer code (Admin).")] = None,
    site: _Site = None,
    gaps: Annotated[str, typer.Option(help="What to do with long gaps: report or estimate.")] = "report",
    days: _Days = "utc",
    as_json: AsJson = False,
) -> None:
    """Show what the energy of a window cost: base, VAT, total."""
    question = _Question((from_text, to_text), customer, site, gaps, days)
    report, shaped = with_stack(lambda stack: _ask(stack, question))
    words = _words(report, has_fixed=shaped.fixed_monthly_charges_included)
    typer.echo(ENCODER.encode(shaped).decode() if as_json else words)


def _instant(option: str, text: str, zone: str) -> datetime:
    try:
        return local_midnight(date.fromisoformat(text), ZoneInfo(zone))
    except ValueError:
        pass
    try:
        return parse_instant(text)
    except ValueError as error:
        message = f"{option}: {error}"
        raise Invalid(message) from None


def _window(question: _Question, zone: str) -> tuple[datetime, datetime]:
    from_text, to_text = question.window
    return _instant("--from", from_text, zone), _instant("--to", to_text, zone)


async def _ask(stack: Stack, question: _Question) -> tuple[CostReport, CostAnswer]:
    is_client = stack.settings.run_mode is RunMode.CLIENT
    return await (_ask_client if is_client else _ask_admin)(stack, question)


async def _ask_client(stack: Stack, question: _Question) -> tuple[CostReport, CostAnswer]:
    if question.customer is not None:
        message = "--customer is for the Admin: a Client's cost is its own"
        raise Invalid(message)
    site_id = None if question.site is None else await _site_id(stack, question.site)
    zone = await cost.local_zone(stack, site_id=site_id) if question.days == "local" else "UTC"
    window = _window(question, zone)
    await energy.refresh(stack)  # who asks on the command line can wait until all is counted
    report = await cost.client_cost(stack, *window, site_id, question.gaps, question.days)
    return report, cost_answer(report)


async def _ask_admin(stack: Stack, question: _Question) -> tuple[CostReport, CostAnswer]:
    if question.site is not None:
        message = "--site is for a Client: an Admin's cost is a whole customer's"
        raise Invalid(message)
    if question.customer is None:
        message = "Which customer? Give its code with --customer."
        raise Invalid(message)
    customer_id = await customers.find_customer_id(stack, question.customer)
    zone = await cost.local_zone(stack, customer_id) if question.days == "local" else "UTC"
    window = _window(question, zone)
    await energy.refresh(stack)
    report = await cost.fleet_cost(stack, customer_id, *window, question.gaps, question.days)
    return report, fleet_cost_answer(customer_id, report)


async def _site_id(stack: Stack, name: str) -> UUID:
    wanted = name.strip()
    for site in await sites.list_sites(stack):
        if wanted in (site.name, str(site.id)):
            return site.id
    message = f"There is no site {wanted!r}"
    raise NotFound(message)


def _words(exact: CostReport, *, has_fixed: bool) -> str:
    report = as_shown(exact)
    lines = [f"Energy {sum(part.total_kwh for part in report.parts):,.3f} kWh"]
    for total in totals_of(report):
        lines += _total(total, has_fixed=has_fixed, is_one=not report.others)
    if report.buckets_without_tariff:
        hours = _counted(report.buckets_without_tariff, "device hour has", "device hours have")
        lines.append(f"{hours} energy but no tariff: it costs nothing here.")
    lines += [
        f"The time zone of {name} is not known any more: its rates do not hold."
        for name in report.unknown_zones
    ]
    lines += [f"Not included ({each.tariff_name}): {'; '.join(each.charges)}" for each in report.left_out]
    if not report.as_of.is_complete:
        lines.append(STILL_ADDED_UP)
    if report.unallocated_kwh:
        lines.append(f"{report.unallocated_kwh:,.3f} kWh fell into gaps and are in no hour.")
    return "\n".join([*lines, *_quality(report)])


def _quality(report: CostReport) -> list[str]:
    """Say what is to be known of the readings behind the energy."""
    quality, coverage = report.data_quality, report.coverage
    lines: list[str] = []
    if report.suspect_readings:
        lines.append(f"{_counted(report.suspect_readings, 'reading was', 'readings were')} not believed.")
    if quality.conflicts:
        values = _counted(quality.conflicts, "value", "values")
        lines.append(f"{values} came beside another one for the same instant.")
    if quality.event_count:
        events = _counted(quality.event_count, "meter event", "meter events")
        lines.append(f"{events} in this time: `portal event list` has those that wait for a decision.")
    if coverage.days and not coverage.is_whole:
        there = len(coverage.days) - len(coverage.empty_days)
        days = f"readings on {there} of {_counted(len(coverage.days), 'day', 'days')}"
        hours = f"{coverage.covered:,} of {coverage.asked:,} meter-hours have energy from them"
        lines.append(f"Coverage: {days}; {hours}.")
    if quality.provisional_from is not None:
        since = iso_utc(quality.provisional_from)
        lines.append(f"Provisional from {since} on: readings that follow may change what is believed.")
    return lines


def _total(total: CurrencyTotal, *, has_fixed: bool, is_one: bool) -> list[str]:
    """The three amounts of a currency, as the JSON has them; and how much of them is fixed charges."""
    fixed = f"with {total.fixed:,} of fixed charges" if has_fixed else "without fixed charges"
    energy = [] if is_one else [f"In {total.currency}: {total.kwh:,.3f} kWh"]
    return [
        *energy,
        f"Base   {total.base_cost:,} {total.currency}",
        f"VAT    {total.vat:,} {total.currency}",
        f"Total  {total.total:,} {total.currency} ({fixed})",
    ]


def _counted(amount: int, one: str, many: str) -> str:
    return f"{amount:,} {one if amount == 1 else many}"
