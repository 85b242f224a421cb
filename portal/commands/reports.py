"""`portal report`: the report of a month (Client)."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from portal.commands.output import AsJson, answer
from portal.commands.session import with_stack
from portal.core.errors import Invalid
from portal.core.reports.rules.month_report import month_in
from portal.core.reports.service import month_reports
from portal.core.reports.service.month_reports import MadeReport
from portal.core.settings import RunMode
from portal.core.stack import Stack


def month_report(
    month: Annotated[str, typer.Option(help="Which, like 2026-10; the last that is over by default.")] = "",
    output: Annotated[
        Path | None, typer.Option(help="Where the PDF goes; by default beside, by its month.")
    ] = None,
    to: Annotated[str | None, typer.Option(help="Name of a channel that it is sent to as well.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a month's report as PDF: energy, cost by period and site, comparison, events."""
    asked = month_in(month)
    made = with_stack(lambda stack: _made(stack, asked, to), mode=RunMode.CLIENT)
    file = output or Path(made.file_name)
    try:
        file.write_bytes(made.content)
    except OSError as error:
        message = f"{file} cannot be written: {error.strerror}"
        raise Invalid(message) from None
    totals = made.report.totals
    shown = {
        "id": f"{totals.month:%Y-%m}",
        "file": str(file),
        "kwh": totals.kwh,
        "energy_cost": totals.energy_cost,
        "fixed": totals.fixed,
        "total": totals.total,
        "currency": totals.currency,
        "coverage": totals.coverage,
        "sent_to": to,
    }
    sent = "" if to is None else f", sent to {to}"
    answer(shown, f"{made.report.title}: {file}{sent}.", as_json=as_json)


async def _made(stack: Stack, month: date | None, to: str | None) -> MadeReport:
    if to is None:
        return await month_reports.make_report(stack, month)
    return await month_reports.send_now(stack, to, month)
