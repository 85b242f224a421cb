"""Months of NEM12 files, one after the other, twice, and out of order."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from portal.core.errors import Invalid
from portal.core.readings.rules.nem12 import Nem12Options
from portal.core.sites.service import devices, sites
from portal.core.stack import Stack
from portal.features.readings_import.report import ImportReport
from portal.features.readings_import.run import ImportOptions, import_file
from tests.integration.databases import Clock

HALF_HOURS = 48
KWH = 1_000_000


@pytest.fixture(autouse=True)
def present(clock: Clock) -> None:
    clock.now = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
async def meter(client_stack: Stack) -> Stack:
    await sites.add_site(client_stack, "House")
    await devices.add_device(client_stack, "Main", site="House", external_id="main")
    return client_stack


def write(folder: Path, first: date, days: int, kwh: str, nmis: tuple[str, ...] = ("NMI1",)) -> Path:
    """A file in which every half hour of some days holds the same energy."""
    lines = ["100,NEM12,202605180000,MDP,RET"]
    for nmi in nmis:
        lines.append(f"200,{nmi},E1,E1,E1,N1,METER,kWh,30,")
        for n in range(days):
            values = ",".join([kwh] * HALF_HOURS)
            lines.append(f"300,{first + timedelta(days=n):%Y%m%d},{values},A,,,20260519000000,")
    path = folder / f"{first}.csv"
    path.write_text("\n".join([*lines, "900", ""]), encoding="utf-8")
    return path


async def take(stack: Stack, file: Path, nmi: str | None = None) -> ImportReport:
    return await import_file(stack, file, "main", ImportOptions(nem12=Nem12Options(nmi)))


async def energy(stack: Stack) -> tuple[float, int]:
    """Billed kWh and suspect readings of everything stored."""
    async with stack.db.snapshot() as session:
        row = (
            await session.execute(
                text(
                    "SELECT coalesce(sum(allocated_milliwh + unallocated_milliwh), 0)::bigint AS milliwh, "
                    "coalesce(sum(suspect_count), 0)::bigint AS suspects FROM monitoring.hourly_energy"
                )
            )
        ).one()
    return row.milliwh / KWH, row.suspects


async def test_the_next_month_goes_on_from_the_one_before(meter: Stack, tmp_path: Path) -> None:
    may, june = (write(tmp_path, date(2026, month, 1), 30, kwh) for month, kwh in ((5, "1.5"), (6, "2")))
    # 31 May is in no file.
    first = await take(meter, may)
    assert (first.accepted, first.rejected) == (30 * HALF_HOURS + 1, 0)
    assert await energy(meter) == (30 * 72, 0)
    second = await take(meter, june)
    assert (second.accepted, second.rejected) == (30 * HALF_HOURS + 1, 0)
    assert await energy(meter) == (30 * 72 + 30 * 96, 0)
    for again in (may, june):
        report = await take(meter, again)
        assert (report.accepted, report.duplicates) == (0, 30 * HALF_HOURS + 1)
    assert await energy(meter) == (30 * 72 + 30 * 96, 0)
    overlapping = await take(meter, write(tmp_path, date(2026, 6, 29), 3, "2"))
    assert overlapping.accepted == HALF_HOURS
    assert await energy(meter) == (30 * 72 + 31 * 96, 0)


async def test_an_earlier_month_after_a_later_one_is_refused_and_damages_nothing(
    meter: Stack, tmp_path: Path
) -> None:
    await take(meter, write(tmp_path, date(2026, 6, 1), 30, "2"))
    report = await take(meter, write(tmp_path, date(2026, 5, 2), 30, "1.5"))
    assert (report.accepted, report.duplicates, report.rejected) == (0, 1, 1)
    assert "2160 kWh do not fit" in report.refused[0].reason
    assert await energy(meter) == (30 * 96, 0)


async def test_a_month_before_a_live_meter_leads_up_to_its_register(meter: Stack, tmp_path: Path) -> None:
    csv = tmp_path / "live.csv"
    csv.write_text(
        "time,energy_imported_kwh\n2026-06-03T00:00:00Z,5000\n2026-06-03T01:00:00Z,5003\n", encoding="utf-8"
    )
    await import_file(meter, csv, "main", ImportOptions())
    report = await take(meter, write(tmp_path, date(2026, 5, 1), 30, "1.5"))
    assert (report.accepted, report.rejected) == (30 * HALF_HOURS + 1, 0)
    assert await energy(meter) == (30 * 72 + 3, 0)


async def test_one_meter_of_several_is_chosen_by_its_nmi(meter: Stack, tmp_path: Path) -> None:
    file = write(tmp_path, date(2026, 5, 1), 1, "1", ("NMI1", "NMI2"))
    with pytest.raises(Invalid, match="NMI1 and NMI2"):
        await take(meter, file)
    report = await take(meter, file, "NMI2")
    assert report.accepted == HALF_HOURS + 1
    assert await energy(meter) == (48, 0)
