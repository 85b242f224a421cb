"""A cost of hours that wait in the queue is to the last unit the one of the same hours once they are stored."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from portal.core import energy
from portal.core.cost.rules.cost import CostReport
from portal.core.cost.rules.data_quality import NOT_ASKED
from portal.core.cost.service import cost
from portal.core.energy import moment
from portal.core.energy.rules.as_of import UNKNOWN
from portal.core.readings.service import readings
from portal.core.readings.wire import DeviceReading
from portal.core.sites.service import devices, sites
from portal.core.stack import Stack
from portal.core.tariffs.service import municipalities, tariff_imports
from tests.integration.cost.test_split_intervals import DAYS, START, TARIFF, a_register
from tests.integration.databases import Clock

WINDOWS = [
    (START, START + timedelta(days=DAYS)),
    (START + timedelta(hours=25, minutes=20), START + timedelta(hours=90, minutes=7)),
]


def _figures(report: CostReport) -> CostReport:
    """A report without what is told of the moment and of events, which are stored with their hours."""
    return replace(report, as_of=UNKNOWN, data_quality=NOT_ASKED)


@pytest.mark.parametrize("seed", range(2))
async def test_a_cost_does_not_change_with_the_refresh(
    client_stack: Stack, clock: Clock, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(*_: object) -> None: ...

    monkeypatch.setattr(moment, "_wait_for_refresh", nothing)
    clock.advance(days=DAYS)
    await municipalities.add_municipality(client_stack, "Town", "Asia/Kolkata")
    await tariff_imports.import_tariffs(client_stack, [TARIFF])
    await sites.add_site(client_stack, "House", municipality="Town")
    chance = Random(f"live {seed}")
    for minutes in (7, 15, 30, 75):
        device = await devices.add_device(
            client_stack, f"M{minutes}", site="House", external_id=f"m{minutes}"
        )
        rows = [DeviceReading(time=at, energy_imported_kwh=kwh) for at, kwh in a_register(chance, minutes)]
        newest = rows[chance.randrange(len(rows) // 2, len(rows)) :]
        late = chance.sample(rows, chance.randrange(3))
        early = [row for row in rows if row not in newest and row not in late]
        await readings.import_readings(client_stack, device.id, early)
        await energy.refresh(client_stack)
        await readings.import_readings(client_stack, device.id, [*late, *newest])
        asked = [(window, gaps, days) for window in WINDOWS for gaps in cost.GAPS for days in cost.DAYS]
        before = [
            await cost.client_cost(client_stack, *window, gaps=gaps, days=days)
            for window, gaps, days in asked
        ]
        assert all(report.as_of.is_complete for report in before)
        await energy.refresh(client_stack)
        after = [
            await cost.client_cost(client_stack, *window, gaps=gaps, days=days)
            for window, gaps, days in asked
        ]
        for live, stored in zip(before, after, strict=True):
            assert _figures(live) == _figures(stored)
