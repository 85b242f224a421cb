"""A year and a half of a real home's registers: imported at a Client, pushed to an Admin, no energy lost.

Data: Open Power System Data, Household Data 2017-11-10 (CC BY 4.0); where `tests/samples.py` looks.
"""

import csv

from sqlalchemy import text

from portal.core import energy
from portal.core.energy.rules.registers import register_milliwh
from portal.core.readings.rules.reading_tables import TableOptions
from portal.core.stack import Stack
from portal.features.readings_import.run import ImportOptions, import_file
from tests import samples
from tests.integration.push.rig import Rig
from tests.length import usual_or_long

HOME = samples.directory / "opsd" / "household_data_60min_singleindex.csv"
PREFIX = "DE_KN_residential4_"
METERS = ("grid_import",)
MORE = ("pv", "heat_pump", "grid_export", "ev", "dishwasher", "washing_machine", "freezer", "refrigerator")


def _registers(meter: str) -> list[float]:
    with HOME.open(encoding="utf-8") as lines:
        return [float(row[PREFIX + meter]) for row in csv.DictReader(lines) if row[PREFIX + meter]]


async def _energy(stack: Stack, schema: str) -> dict[str, tuple[int, int, int]]:
    await energy.refresh(stack)
    async with stack.db.snapshot() as session:
        rows = await session.execute(
            text(
                f"SELECT d.external_id, sum(h.allocated_milliwh)::bigint, sum(h.unallocated_milliwh)::bigint, "
                f"sum(h.suspect_count)::bigint FROM {schema}.hourly_energy h "
                f"JOIN {schema}.devices d ON d.id = h.device_id GROUP BY d.external_id"
            )
        )
        return {row[0]: (row[1], row[2], row[3]) for row in rows}


@samples.needs(HOME)
async def test_every_device_keeps_the_energy_of_its_register(rig: Rig) -> None:
    meters = usual_or_long(METERS, METERS + MORE)
    for meter in meters:
        await rig.add_device(meter, "Konstanz")
        table = TableOptions(columns={PREFIX + meter: "energy_imported_kwh"})
        report = await import_file(rig.client, HOME, meter, ImportOptions(table=table))
        assert report.accepted == len(_registers(meter))
        assert (report.rejected, report.duplicates) == (0, 0)
    await rig.drain()
    on_client = await _energy(rig.client, "monitoring")
    assert await _energy(rig.admin, "fleet") == on_client
    for meter in meters:
        registers = _registers(meter)
        allocated, unallocated, suspects = on_client[meter]
        assert allocated + unallocated == register_milliwh(registers[-1]) - register_milliwh(registers[0])
        assert suspects == 0
        assert allocated > 0
