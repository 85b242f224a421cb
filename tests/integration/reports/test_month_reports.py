"""The report of a month, from stored readings to a real mail server: once, on the first, to whoever gets it."""

import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pypdf
import pytest

from portal.core.access import Role
from portal.core.alerts.service import alert_channels
from portal.core.alerts.service.alert_channels import ChannelFields, ChannelKind
from portal.core.audit import service as audit
from portal.core.brand import service as brand
from portal.core.cost.service import cost
from portal.core.errors import Invalid
from portal.core.identity.service import accounts
from portal.core.identity.service.speech import set_speech
from portal.core.readings.service import readings
from portal.core.readings.wire import DeviceReading
from portal.core.reports.service import month_reports
from portal.core.sites.service import devices, sites
from portal.core.stack import Stack
from portal.core.tariffs.service import municipalities, tariff_imports
from portal.core.values.time import local_midnight
from tests.integration.alerts.receivers import Mailbox, mail_server
from tests.integration.databases import Clock, Stacks

_TARIFF = """[{"municipality": "Example City", "name": "Domestic TOU", "effectiveFrom": "2026-01-01",
  "defaultRatePerKwh": 2.50, "fixedMonthlyCharge": 120.00, "vatRate": 0.15, "isActive": true,
  "periods": [{"name": "Peak", "daysOfWeek": 31, "startTime": "17:00", "endTime": "20:00", "ratePerKwh": 3.75}]}]"""
# Local midnight of 1 April, in UTC.
_APRIL = datetime(2026, 3, 31, 22, tzinfo=UTC)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as box:
        yield box


@pytest.fixture
async def stack(stacks: Stacks, mailbox: Mailbox, clock: Clock) -> Stack:
    """A Client with a month and a half of 2 kWh an hour, whose clock is at the beginning of May."""
    opened = await stacks.client(
        Mail__Host="127.0.0.1",
        Mail__Port=str(mailbox.port),
        Mail__Security="none",
        Mail__Sender="energy@example.com",
    )
    await municipalities.add_municipality(opened, "Example City", "Africa/Johannesburg")
    await tariff_imports.import_tariffs(opened, json.loads(_TARIFF))
    await sites.add_site(opened, "Yard", municipality="Example City")
    issued = await devices.add_device(opened, "Main", site="Yard", external_id="main-1")
    clock.now = _APRIL + timedelta(days=30, hours=1)
    hours = range(31 * 24)
    rows = [
        DeviceReading(time=_APRIL + timedelta(hours=hour), energy_imported_kwh=1000.0 + 2 * hour)
        for hour in hours
        if _APRIL + timedelta(hours=hour) <= clock.now
    ]
    await readings.import_readings(opened, issued.id, rows)
    return opened


async def _gets_it(stack: Stack, name: str = "Manager") -> None:
    given = ChannelFields(
        name=name, kind=ChannelKind.MAIL, target=f"{name.lower()}@example.com", gets_report=True
    )
    await alert_channels.add_channel(stack, given)


async def test_a_month_is_what_its_cost_says(stack: Stack) -> None:
    report = (await month_reports.make_report(stack)).report
    zone = report.zone
    window = (local_midnight(date(2026, 4, 1), zone), local_midnight(date(2026, 5, 1), zone))
    asked = await cost.client_cost(stack, *window, days="local")
    assert (report.title, report.totals.kwh, report.totals.coverage) == ("April 2026", Decimal(1440), 1.0)
    assert report.totals.energy_cost == asked.total
    assert report.totals.fixed == Decimal("138.00")
    assert [line.name for line in report.periods] == ["Peak", None]
    assert report.compared[0].why_not == "there are no readings of March 2026"
    assert report.notes == ()


async def test_it_is_sent_once_on_the_first_at_six(stack: Stack, mailbox: Mailbox, clock: Clock) -> None:
    await _gets_it(stack)
    assert await month_reports.send_due(stack) is None  # 01:00 there
    clock.now = _APRIL + timedelta(days=30, hours=6)
    sent = await month_reports.send_due(stack)
    assert (sent and sent.sent, sent and sent.failed) == (1, 0)
    for _ in range(3):
        clock.advance(hours=1)
        assert await month_reports.send_due(stack) is None
    [(addresses, mail)] = mailbox.mails
    assert addresses == ["manager@example.com"]
    assert mail["Subject"] == "April 2026: energy and cost"
    [file] = mail.iter_attachments()
    assert file.get_filename() == "energy-report-2026-04.pdf"
    content = file.get_content()
    text = " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)
    assert "April 2026" in text
    assert "Yard" in text
    [row] = await audit.list_events(stack, topic="report")
    assert (row.action, row.subject, row.detail) == ("report.sent", "April 2026", "to: Manager")


async def test_a_mail_server_that_is_away_is_tried_again_within_the_week(
    stack: Stack, mailbox: Mailbox, clock: Clock
) -> None:
    await _gets_it(stack)
    mailbox.refuses = "451 later"
    clock.now = _APRIL + timedelta(days=30, hours=7)
    failed = await month_reports.send_due(stack)
    assert (failed and failed.sent, failed and failed.failed) == (0, 1)
    assert await month_reports.send_due(stack) is None, "not again within the minute"
    mailbox.refuses = ""
    clock.advance(days=2)
    assert await month_reports.send_due(stack) is not None
    assert len(mailbox.mails) == 1
    await _gets_it(stack, "Late")
    clock.advance(days=6)
    assert await month_reports.send_due(stack) is None


async def test_it_is_in_the_brands_name_and_of_any_month_that_was(stack: Stack, mailbox: Mailbox) -> None:
    look = {"primary_color": "#b3242a", "accent_color": "#b3242a", "appearance": "light"}
    await brand.save_brand(stack, product_name="Harbour", **look)
    await _gets_it(stack)
    made = await month_reports.send_now(stack, "Manager", date(2026, 5, 1))
    assert made.report.is_so_far
    [(_, mail)] = mailbox.mails
    assert mail["From"] == "Harbour <energy@example.com>"
    for month in (date(2026, 6, 1), date(2009, 12, 1)):
        with pytest.raises(Invalid):
            await month_reports.make_report(stack, month)


async def test_each_reader_gets_it_in_their_own_language(stack: Stack, mailbox: Mailbox) -> None:
    await accounts.add_user(stack, "anna@example.com", Role.USER, "a few words to sign in with")
    await set_speech(stack, "anna@example.com", "af")
    both = ChannelFields(
        name="Both",
        kind=ChannelKind.MAIL,
        target="anna@example.com, bob@example.com",
        gets_report=True,
    )
    await alert_channels.add_channel(stack, both)
    await month_reports.send_now(stack, "Both", date(2026, 4, 1))
    sent = {addresses[0]: mail for addresses, mail in mailbox.mails}
    assert sent["anna@example.com"]["Subject"] == "April 2026: energie en koste"
    assert sent["bob@example.com"]["Subject"] == "April 2026: energy and cost"
    said = {
        address: " ".join(
            page.extract_text() for page in pypdf.PdfReader(io.BytesIO(file.get_content())).pages
        )
        for address, mail in sent.items()
        for file in mail.iter_attachments()
    }
    assert "Koste per periode" in said["anna@example.com"]
    assert "1\u2009440,0" in said["anna@example.com"]
    assert "Cost by period" in said["bob@example.com"]
    assert "1\u2009440.0" in said["bob@example.com"]
