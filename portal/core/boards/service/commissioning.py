"""The check of a meter that was just installed, from what it has sent since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from portal.core.boards.queries import boards
from portal.core.boards.rules.commissioning import Finding, Measured, Phase, findings, phases_of
from portal.core.errors import NotFound
from portal.core.readings.queries import measurements
from portal.core.readings.queries.measurements import MeasurementsAsked
from portal.core.readings.rules.quantities import ALL_QUANTITIES
from portal.core.sites.queries import devices
from portal.core.words import noted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from portal.core.sites.queries.devices import StoredDevice
    from portal.core.stack import Stack

# Enough for an installer who looks again after each wire; what was before the last of them is soon gone.
LOOKED_AT = timedelta(minutes=30)
_MOST = 400
_NO_DEVICE = noted("There is no such device")


@dataclass(frozen=True)
class CommissioningCheck:
    """What was found of a device at an instant (aware UTC), and what its phases measured (medians)."""

    device: StoredDevice
    checked_at: datetime
    source: str
    findings: Sequence[Finding]
    phases: Sequence[Phase]


async def check_device(
    stack: Stack,
    device_id: UUID,
    *,
    site_id: UUID | None = None,
    clamp_amps: Sequence[float | None] = (None, None, None),
) -> CommissioningCheck:
    """Look at a device's readings of the last half hour. Raises `NotFound`.

    `clamp_amps` are what somebody has measured on the phases at this moment, in amperes. With `site_id` only a device
    that stands there.
    """
    now = stack.clock()
    async with stack.db.snapshot() as session:
        device = await devices.get_device(session, device_id, now)
        key = await measurements.key_of(session, device_id)
        if device is None or key is None or site_id not in {None, device.site_id}:
            raise NotFound(_NO_DEVICE)
        asked = MeasurementsAsked(key, now - LOOKED_AT, now + timedelta(minutes=2), ALL_QUANTITIES)
        rows = await measurements.raw(session, asked, _MOST)
        board = await boards.find_board(session, device_id)
    names = [quantity.name for quantity in ALL_QUANTITIES]
    measured = Measured(
        now,
        [row.at for row in rows],
        [dict(zip(names, row.values, strict=True)) for row in rows],
        None if device.max_power_kw is None else float(device.max_power_kw),
        clock_skew=device.clock_skew,
        signal_dbm=board.signal_dbm,
        clamp_amps=clamp_amps,
    )
    source = next((row.source for row in reversed(rows) if row.source), "")
    return CommissioningCheck(device, now, source, findings(measured), phases_of(measured))
