"""The report of a month: made on demand, and sent on the first day of the next to whoever gets it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, date, time
from typing import TYPE_CHECKING

from portal.core.alerts import senders
from portal.core.alerts.queries import alert_channels
from portal.core.alerts.rules.channels import next_try
from portal.core.alerts.rules.messages import Composed
from portal.core.audit import queries as audit
from portal.core.brand import queries as branding
from portal.core.database.leader import led
from portal.core.delivery.mail import Attachment
from portal.core.errors import NotFound, PortalError
from portal.core.languages import ENGLISH, present
from portal.core.log import logger
from portal.core.outages import Outage
from portal.core.reports.queries import sent_reports
from portal.core.reports.reading import read_month
from portal.core.reports.rules.month_report import MonthReport, month_before
from portal.core.reports.typesetting import figures_in_words, month_pdf, month_words
from portal.core.values.time import iso_utc
from portal.core.words import Said, noted, say

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime
    from uuid import UUID

    import httpx

    from portal.core.delivery.mail import Letterhead
    from portal.core.stack import Stack

SENT_FROM = time(6)
"""By then the boards that post seldom have posted the month's last hours."""
SENT_UNTIL_DAY = 7
_PDF = "application/pdf"
_FIRST_SECONDS, _LOOK_SECONDS = 30.0, 300.0
_LEADER_KEY = 7_301_302
_LARGEST_LOGO_BYTES = 512 * 1024
_log = logger("reports")


@dataclass(frozen=True)
class MadeReport:
    """A report and its file."""

    report: MonthReport
    file_name: str
    content: bytes
    letterhead: Letterhead


@dataclass(frozen=True)
class SentReports:
    """How many channels were sent a month's report, and how many were not reached."""

    month: date
    sent: int
    failed: int


async def make_report(stack: Stack, month: date | None = None) -> MadeReport:
    """Return a month's report as PDF, that of the last month that is over where none is named. Raises `Invalid`."""
    report = await read_month(stack, month)
    async with stack.db.snapshot() as session:
        letterhead = await senders.letterhead_of(stack, session)
        logo = await branding.find_image(session, "logo", _LARGEST_LOGO_BYTES)
    content = await month_pdf(report, letterhead, logo)
    return MadeReport(report, f"energy-report-{report.totals.month:%Y-%m}.pdf", content, letterhead)


async def follow(stack: Stack) -> None:
    """Send what is due for as long as the process runs; of several processes one does it."""
    await asyncio.sleep(_FIRST_SECONDS)
    outage = Outage(_log, "Monthly reports are not sent")
    while True:
        with outage.noted():
            async with led(stack.db, _LEADER_KEY) as leads:
                if leads:
                    await send_due(stack)
        await asyncio.sleep(_LOOK_SECONDS)


async def send_due(stack: Stack, *, transport: httpx.AsyncBaseTransport | None = None) -> SentReports | None:
    """Send last month's report to whoever gets it and has not yet; None outside the first week of a month.

    A channel that is not reached is tried again until that week is over.
    """
    now = stack.clock().astimezone(UTC)
    async with stack.db.snapshot() as session:
        zone = await senders.zone_of(stack, session)
        local = now.astimezone(zone)
        month = month_before(local.date(), 1)
        is_time = local.day <= SENT_UNTIL_DAY and (local.day > 1 or local.time() >= SENT_FROM)
        waiting = await sent_reports.channels_without(session, month, now) if is_time else []
    if not waiting:
        return None
    made = await make_report(stack, month)
    done = [await _send(stack, channel_id, made, now, transport) for channel_id in waiting]
    return SentReports(month, sum(done), len(done) - sum(done))


async def send_now(
    stack: Stack,
    channel: UUID | str,
    month: date | None = None,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
) -> MadeReport:
    """Send a month's report to one channel. Raises `NotFound`, `Invalid`, `Undelivered` with the reason."""
    made = await make_report(stack, month)
    async with stack.db.snapshot() as session:
        found = await alert_channels.find_channel(session, channel)
        if found is None:
            message = noted("There is no such channel")
            raise NotFound(message)
        opened = await senders.opened(stack, session, found)
    await senders.send(stack, opened, _written(stack, made), transport=transport)
    async with stack.db.transaction() as session:
        await audit.record(session, "report.sent", made.report.title, f"to: {found.name}")
    return made


async def _send(
    stack: Stack,
    channel_id: UUID,
    made: MadeReport,
    now: datetime,
    transport: httpx.AsyncBaseTransport | None,
) -> bool:
    async with stack.db.snapshot() as session:
        channel = await alert_channels.find_channel(session, channel_id)
    if channel is None:
        return True
    failure = ""
    try:
        async with stack.db.snapshot() as session:
            opened = await senders.opened(stack, session, channel)
        await senders.send(stack, opened, _written(stack, made), transport=transport)
    except PortalError as error:
        failure = error.message
        _log.warning("A monthly report was not sent", channel=channel.name, reason=failure)
    async with stack.db.transaction() as session:
        if failure:
            again_at = next_try(now, channel.failures)
            await alert_channels.note_failure(session, channel_id, failure[:500], again_at)
        else:
            await sent_reports.note_sent(session, made.report.totals.month, channel_id, now)
            await audit.record(session, "report.sent", made.report.title, f"to: {channel.name}")
    return not failure


def _written(stack: Stack, made: MadeReport) -> Callable[[], Awaitable[senders.Written]]:
    """Return how a report is written: as it was made in English, anew in another language."""

    async def write() -> senders.Written:
        own = made if present() == ENGLISH else await make_report(stack, made.report.totals.month)
        return _message(stack, own), [_attached(own)]

    return write


def _attached(made: MadeReport) -> Attachment:
    return Attachment(made.file_name, _PDF, made.content)


def _message(stack: Stack, made: MadeReport) -> Composed:
    """Return the message that goes with the file: the figures in words, and for programs."""
    report = made.report
    lines = [
        f"{each['label']}: {each['value']} {each['unit']}" + (f" ({each['note']})" if each["note"] else "")
        for each in figures_in_words(report)
    ]
    address = stack.settings.application.public_url.rstrip("/")
    if address:
        lines += ["", f"{address}/download/report.pdf?month={report.totals.month:%Y-%m}"]
    totals = report.totals
    payload: dict[str, object] = {
        "portal": made.letterhead.name,
        "sentAt": iso_utc(report.made_at),
        "title": str(_title(report)),
        "address": address or None,
        "report": {
            "month": f"{totals.month:%Y-%m}",
            "kwh": str(totals.kwh),
            "energyCost": str(totals.energy_cost),
            "fixed": str(totals.fixed),
            "total": str(totals.total),
            "currency": totals.currency,
        },
        "alerts": [],
    }
    return Composed(_title(report), (*lines, *report.notes), payload)


def _title(report: MonthReport) -> Said:
    return say("{month}: energy and cost", month=month_words(report.totals.month))
