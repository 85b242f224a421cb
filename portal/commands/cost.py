"""`portal cost`: the cost answer of either run mode."""

from datetime import UTC, date, datetime, time
from typing import Annotated

import typer

from portal.commands.output import AsJson
from portal.commands.session import with_stack
from portal.core import energy
from portal.core.cost.rules.cost import CostReport
from portal.core.cost.service import cost
from portal.core.cost.wire import CostAnswer, cost_answer, fleet_cost_answer
from portal.core.energy.rules.as_of import STILL_ADDED_UP
from portal.core.errors import Invalid
from portal.core.exchange.batches import ENCODER
from portal.core.fleet.service import customers
from portal.core.settings import RunMode
from portal.core.stack import Stack
from portal.core.values.money import round_cents
from portal.core.values.time import parse_instant

_FORM = "an instant such as 2026-05-18T00:00:00Z, or a UTC date such as 2026-05-18"


def show_cost(
    from_text: Annotated[str, typer.Option("--from", help=f"Start: {_FORM}.")],
    to_text: Annotated[str, typer.Option("--to", help="End, not included.")],
    customer: Annotated[str | None, typer.Option(help="Customer code (Admin).")] = None,
    gaps: Annotated[str, typer.Option(help="What to do with long gaps: report or estimate.")] = "report",
    as_json: AsJson = False,
) -> None:
    """Show what the energy of a window cost: base, VAT, total."""
    window = (_instant("--from", from_text), _instant("--to", to_text))
    report, shaped = with_stack(lambda stack: _ask(stack, window, customer, gaps))
    typer.echo(ENCODER.encode(shaped).decode() if as_json else _words(report))


def _instant(option: str, text: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text), time(0), UTC)
    except ValueError:
        pass
    try:
        return parse_instant(text)
    except ValueError as error:
        message = f"{option}: {error}"
        raise Invalid(message) from None


async def _ask(
    stack: Stack, window: tuple[datetime, datetime], customer: str | None, gaps: str
) -> tuple[CostReport, CostAnswer]:
    if stack.settings.run_mode is RunMode.CLIENT:
        if customer is not None:
            message = "--customer is for the Admin: a Client's cost is its own"
            raise Invalid(message)
        await energy.refresh(stack)  # who asks on the command line can wait until all is counted
        report = await cost.client_cost(stack, *window, gaps=gaps)
        return report, cost_answer(report)
    if customer is None:
        message = "Which customer? Give its code with --customer."
        raise Invalid(message)
    customer_id = await customers.find_customer_id(stack, customer)
    await energy.refresh(stack)
    report = await cost.fleet_cost(stack, customer_id, *window, gaps=gaps)
    return report, fleet_cost_answer(customer_id, report)


def _words(report: CostReport) -> str:
    lines = [
        f"Energy {report.total_kwh:,.3f} kWh",
        f"Base   {round_cents(report.base_cost):,} {report.currency}",
        f"VAT    {round_cents(report.vat):,} {report.currency}",
        f"Total  {round_cents(report.total):,} {report.currency} (without fixed monthly charges)",
    ]
    if report.buckets_without_tariff:
        hours = _counted(report.buckets_without_tariff, "device hour has", "device hours have")
        lines.append(f"{hours} energy but no tariff: it costs nothing here.")
    lines += [
        f"The time zone of {name} is not known any more: its rates do not hold."
        for name in report.unknown_zones
    ]
    if not report.as_of.is_complete:
        lines.append(STILL_ADDED_UP)
    if report.unallocated_kwh:
        lines.append(f"{report.unallocated_kwh:,.3f} kWh fell into gaps and are in no hour.")
    if report.suspect_readings:
        lines.append(f"{_counted(report.suspect_readings, 'reading was', 'readings were')} not believed.")
    return "\n".join(lines)


def _counted(amount: int, one: str, many: str) -> str:
    return f"{amount:,} {one if amount == 1 else many}"
