"""A Client with a meter, a mail server and a webhook."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from portal.core.readings.service import readings
from portal.core.readings.wire import DeviceReading
from portal.core.sites.service import devices, sites
from portal.core.sites.service.devices import IssuedDevice
from portal.core.stack import Stack
from portal.core.tariffs.service import municipalities
from tests.integration.alerts.receivers import Hook, Mailbox, mail_server, webhook
from tests.integration.databases import Stacks


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mail_server() as box:
        yield box


@pytest.fixture
def hook() -> Iterator[Hook]:
    with webhook() as receiver:
        yield receiver


@pytest.fixture
async def stack(stacks: Stacks, mailbox: Mailbox) -> Stack:
    """A Client whose mail goes to the mailbox."""
    return await stacks.client(
        Mail__Host="127.0.0.1",
        Mail__Port=str(mailbox.port),
        Mail__Security="none",
        Mail__Sender="energy@example.com",
        Application__PublicUrl="https://portal.example.com",
    )


@dataclass
class ReadMeter:
    """A meter of the stack; its register rises by 1 kWh a reading unless it stands."""

    stack: Stack
    issued: IssuedDevice
    register: float = 1000.0

    async def has_said(
        self, minutes: int, *, until: datetime | None = None, stands: bool = False, **quantities: float
    ) -> None:
        """Store a reading a minute of the last minutes, up to now or `until`."""
        last = until or self.stack.clock()
        rows: list[DeviceReading] = []
        for ago in range(minutes, -1, -1):
            self.register += 0 if stands else 1
            at = last - timedelta(minutes=ago)
            rows.append(DeviceReading(time=at, energy_imported_kwh=self.register, **quantities))
        await readings.import_readings(self.stack, self.issued.id, rows)


@pytest.fixture
async def meter(stack: Stack) -> ReadMeter:
    await municipalities.add_municipality(stack, "Example City", "Africa/Johannesburg")
    await sites.add_site(stack, "Yard", municipality="Example City")
    issued = await devices.add_device(stack, "Main", site="Yard", external_id="main-1")
    return ReadMeter(stack, issued)
