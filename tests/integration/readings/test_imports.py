"""`portal import` from a file to the registers: what is stored, what is said, and whether it counts as a success."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from openpyxl import Workbook
from sqlalchemy import text

from portal.commands import importing
from portal.core.audit import service as audit
from portal.core.audit.acting import Acting, acting
from portal.core.errors import Invalid
from portal.core.readings.rules.nem12 import Estimates, Nem12Options
from portal.core.readings.rules.quantities import ALL_QUANTITIES
from portal.core.readings.rules.reading_tables import TableOptions
from portal.core.sites.service import devices, sites
from portal.core.stack import Stack
from portal.features.readings_import import run
from portal.features.readings_import.report import ImportReport
from portal.features.readings_import.run import ImportOptions, import_file
from tests.integration.databases import Clock

REGISTER = "energy_imported_kwh"
HEADER = f"time,{REGISTER}\n"


@pytest.fixture
async def meter(client_stack: Stack, clock: Clock) -> Stack:
    clock.now = datetime(2026, 11, 1, tzinfo=UTC)
    await sites.add_site(client_stack, "House")
    for name in ("main", "hot-water"):
        await devices.add_device(client_stack, name, site="House", external_id=name)
    return client_stack


async def take(
    stack: Stack, folder: Path, content: str | bytes, device: str = "main", **options: Any
) -> ImportReport:
    file = folder / "file"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return await import_file(stack, file, device, ImportOptions(**options))


async def energy(stack: Stack, device: str = "main") -> float:
    """Billed kWh of everything stored of a device."""
    async with stack.db.snapshot() as session:
        milliwh = await session.scalar(
            text(
                "SELECT coalesce(sum(h.allocated_milliwh + h.unallocated_milliwh), 0)::bigint "
                "FROM monitoring.hourly_energy h JOIN monitoring.devices d ON d.id = h.device_id "
                "WHERE d.external_id = :device"
            ),
            {"device": device},
        )
    return milliwh / 1_000_000


def half_hours(*values: str) -> str:
    start = datetime(2026, 5, 18, tzinfo=UTC)
    return "".join(
        f"{start + n * timedelta(minutes=30):%Y-%m-%dT%H:%M:%SZ},{value}\n" for n, value in enumerate(values)
    )


def nem12(*channels: tuple[str, str], first: str = "20260518") -> str:
    lines = ["100,NEM12,202605180000,MDP,RET"]
    for suffix, kwh in channels:
        lines += [
            f"200,NMI7,E1E2,{suffix},{suffix},N1,METER,kWh,30,",
            f"300,{first},{','.join([kwh] * 48)},A,,,,",
        ]
    return "\n".join([*lines, "900", ""])


async def test_energy_per_interval_is_refused_as_a_register_and_taken_when_said(
    meter: Stack, tmp_path: Path
) -> None:
    content = HEADER + half_hours("0.7", "0.4", "0.6", "0.5")
    with pytest.raises(Invalid, match=r"is it the energy of each interval.*--per-interval"):
        await take(meter, tmp_path, content)
    assert await energy(meter) == 0
    insisted = await take(meter, tmp_path, content, "hot-water", table=TableOptions(per_interval=False))
    assert (insisted.accepted, insisted.failure) == (4, None)
    report = await take(meter, tmp_path, content, table=TableOptions(per_interval=True))
    assert (report.accepted, report.failure) == (5, None)
    assert await energy(meter) == 2.2
    again = await take(meter, tmp_path, content, table=TableOptions(per_interval=True))
    assert (again.accepted, again.duplicates, again.failure) == (0, 5, None)


async def test_a_large_file_of_intervals_goes_on_from_one_part_to_the_next(
    meter: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "_INTERVALS_AT_ONCE", 7)
    content = HEADER + half_hours(*["0.123"] * 50)
    report = await take(meter, tmp_path, content, table=TableOptions(per_interval=True))
    assert report.failure is None
    assert await energy(meter) == 6.15


async def test_the_next_file_goes_on_from_the_one_before_to_the_watt_hour(
    meter: Stack, tmp_path: Path
) -> None:
    for first in ("20260518", "20260519", "20260520"):
        report = await take(meter, tmp_path, nem12(("E1", "0.333"), first=first))
        assert report.failure is None
    assert await energy(meter) == 47.952
    async with meter.db.snapshot() as session:
        highest = await session.scalar(text(f"SELECT max({REGISTER}) FROM monitoring.power_measurements"))
    assert highest == 47.952


async def test_a_controlled_load_is_on_two_registers_or_named(meter: Stack, tmp_path: Path) -> None:
    content = nem12(("E2", "0.3"), ("E1", "0.4"))
    report = await take(meter, tmp_path, content)
    assert report.failure == "14.4 kWh of channel E2 left out"
    assert "--channel E2=energyImportedKwh" in report.in_words()
    assert (await take(meter, tmp_path, content, nem12=Nem12Options(leave_out=("E2",)))).failure is None
    options = Nem12Options(channels={"E2": "energyImportedKwh"}, leave_out=("E1",))
    assert (await take(meter, tmp_path, content, "hot-water", nem12=options)).failure is None
    assert (await energy(meter), await energy(meter, "hot-water")) == (19.2, 14.4)


async def test_estimates_that_are_taken_are_marked(meter: Stack, tmp_path: Path) -> None:
    content = nem12(("E1", "0.5")).replace(",A,,,,", ",V,,,,\n400,1,40,A,,\n400,41,48,E52,,")
    assert (await take(meter, tmp_path, content)).failure == "1 row refused"
    assert await energy(meter) == 20
    await take(meter, tmp_path, content, "hot-water", nem12=Nem12Options(estimates=Estimates.TAKE))
    assert await energy(meter, "hot-water") == 24
    async with meter.db.snapshot() as session:
        count = await session.scalar(
            text("SELECT count(*) FROM monitoring.power_measurements WHERE source = 'nem12 estimate'")
        )
    assert count == 8


async def test_a_reason_is_said_once_with_its_count_and_first_lines(meter: Stack, tmp_path: Path) -> None:
    content = HEADER + half_hours(*(f"x{n}" for n in range(4000)), "7")
    report = await take(meter, tmp_path, content)
    assert (report.accepted, report.rejected, report.failure) == (1, 4000, "4000 rows refused")
    ((refusal,), words) = report.refused, report.in_words()
    assert (refusal.count, refusal.lines) == (4000, [2, 3, 4, 5, 6])
    assert "4000 rows (lines 2, 3, 4, 5, 6 ...): energy_imported_kwh is 'x0', which is not a number" in words
    assert len(words) < 1000
    allowed = await take(meter, tmp_path, content, allow_refused=True)
    assert allowed.failure is None


async def test_several_values_for_one_time_are_not_dropped_in_silence(meter: Stack, tmp_path: Path) -> None:
    content = "Date,Hr,Stand\n" + "".join(f"2026-05-18,{hour},{100 + hour}\n" for hour in range(1, 25))
    table = TableOptions(columns={"Stand": REGISTER}, zone=ZoneInfo("UTC"))
    report = await take(meter, tmp_path, content, table=table)
    assert (report.accepted, report.failure) == (1, "23 rows refused")
    assert "is the time of day in another column?" in report.in_words()


async def test_rows_of_one_time_complete_each_other(meter: Stack, tmp_path: Path) -> None:
    content = f"time,{REGISTER},active_power_kw\n" + "".join(
        f"2026-05-18T08:00:00Z,{cells}\n" for cells in ("7,", ",2", "7,2")
    )
    report = await take(meter, tmp_path, content)
    assert (report.accepted, report.failure) == (1, None)
    async with meter.db.snapshot() as session:
        stored = await session.execute(
            text(f"SELECT {REGISTER}, active_power_kw FROM monitoring.power_measurements")
        )
    assert [tuple(row) for row in stored] == [(7.0, 2.0)]


async def test_nothing_stored_is_a_failure(meter: Stack, tmp_path: Path) -> None:
    empty = await take(meter, tmp_path, HEADER, allow_refused=True)
    assert empty.failure == "nothing stored"
    local = HEADER + "2026-05-18 10:00:00,1\n2026-05-18 11:00:00,2\n"
    refused = await take(meter, tmp_path, local)
    assert refused.failure == "2 rows refused, nothing stored"
    assert "--time-zone" in refused.refused[0].reason
    zone = ZoneInfo("Africa/Johannesburg")
    assert (await take(meter, tmp_path, local, table=TableOptions(zone=zone))).failure is None
    assert await energy(meter) == 1


async def test_a_workbook_is_read_as_one(meter: Stack, tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(["Plant 7"])
    book.active.append(["When", "Register"])
    for hour, value in ((8, 100), (9, 101.25), (10, None)):
        book.active.append([datetime(2026, 5, 18, hour), value])  # noqa: DTZ001 - a spreadsheet's times have no zone
    book.create_sheet("Other").append(["nothing"])
    book.save(tmp_path / "made.xlsx")
    content = (tmp_path / "made.xlsx").read_bytes()
    table = TableOptions(columns={"Register": REGISTER}, zone=ZoneInfo("UTC"))
    report = await take(meter, tmp_path, content, table=table)
    assert (report.accepted, report.skipped, report.failure) == (2, 1, None)
    assert await energy(meter) == 1.25
    with pytest.raises(Invalid, match="no sheet 'Third'; the workbook has Sheet, Other"):
        await take(meter, tmp_path, content, table=table, sheet="Third")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"PK\x03\x04 not really", "is none, or a damaged one"),
        (b"\xd0\xcf\x11\xe0 old", "save it as .xlsx"),
        (b"\x1f\x8b\x08 packed", "unpack it first"),
        (b"\xff\xff\xff\xff", "not UTF-8"),
        (HEADER.encode() + b"x" * 1_100_000, "no file of readings"),
    ],
    ids=["damaged", "old", "gzip", "binary", "endless"],
)
async def test_what_is_no_file_of_readings_is_one_line(
    meter: Stack, tmp_path: Path, content: bytes, reason: str
) -> None:
    with pytest.raises(Invalid, match=reason):
        await take(meter, tmp_path, content)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
async def test_text_of_a_spreadsheet_is_read_in_its_encoding(
    meter: Stack, tmp_path: Path, encoding: str
) -> None:
    content = (HEADER + half_hours("100", "101")).encode(encoding)
    assert (await take(meter, tmp_path, content)).failure is None
    assert await energy(meter) == 1


async def test_the_verb_says_its_report_and_exits_with_the_reason(
    meter: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    report = await take(meter, tmp_path, HEADER + half_hours("7", "x"))
    monkeypatch.setattr(importing, "with_stack", lambda *_, **__: report)
    with pytest.raises(SystemExit, match="portal: not all of the file is stored: 1 row refused"):
        importing.import_readings(tmp_path / "file", device="main", as_json=True)
    printed = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert printed["refused"] == [
        {"reason": "energy_imported_kwh is 'x', which is not a number", "count": 1, "lines": [3]}
    ]
    assert (printed["accepted"], printed["leftOut"], printed["failure"]) == (1, [], "1 row refused")


async def test_a_row_whose_time_has_other_values_is_no_success(
    meter: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "_ROWS_AT_ONCE", 4)
    content = HEADER + half_hours("100", "101", "102", "103")
    twice = await take(meter, tmp_path, content + half_hours("500", "501"))  # two meters below each other
    assert (twice.accepted, twice.duplicates, twice.rejected) == (4, 0, 2)
    assert twice.failure == "2 rows refused"
    assert "2026-05-18T00:00:00Z is stored with other values, which stay" in twice.in_words()
    again = await take(meter, tmp_path, content)
    assert (again.accepted, again.duplicates, again.failure) == (0, 4, None)
    assert await energy(meter) == 3


async def test_a_register_for_times_that_have_power_alone_completes_them(
    meter: Stack, tmp_path: Path
) -> None:
    assert (await take(meter, tmp_path, "time,active_power_kw\n" + half_hours("1", "2", "3"))).failure is None
    report = await take(meter, tmp_path, HEADER + half_hours("100", "101", "102"))
    assert (report.accepted, report.completed, report.duplicates, report.failure) == (0, 3, 0, None)
    assert await energy(meter) == 2
    power = "time,active_power_kw\n" + half_hours("1", "2", "3")
    assert (await take(meter, tmp_path, power, "hot-water")).failure is None
    table = TableOptions(per_interval=True)
    report = await take(meter, tmp_path, HEADER + half_hours("0.5", "0.6"), "hot-water", table=table)
    assert (report.accepted, report.completed, report.failure) == (0, 3, None)


async def test_a_file_leaves_one_row_however_many_transactions_it_takes(meter: Stack, tmp_path: Path) -> None:
    start = datetime(2026, 5, 18, tzinfo=UTC)
    rows = [f"{start + n * timedelta(seconds=10):%Y-%m-%dT%H:%M:%SZ},{n}" for n in range(11_000)]
    with acting(Acting("bob (command line)", "command")):
        refused = await take(meter, tmp_path, "time,energyImportedKwh\n1999-01-01T00:00:00Z,1\n")
        assert (refused.accepted, await audit.list_events(meter, topic="data")) == (0, ())
        for accepted in (11_000, 0):
            report = await take(meter, tmp_path, "\n".join(["time,energyImportedKwh", *rows, ""]))
            assert report.accepted == accepted
        assert (await take(meter, tmp_path, HEADER + half_hours("1", "2"), "hot-water")).accepted == 2
    events = await audit.list_events(meter, topic="data")
    assert {(e.action, e.actor_kind, e.actor_name, e.detail) for e in events} == {
        ("data.imported", "command", "bob (command line)", "file")
    }
    assert [event.subject for event in events] == ["hot-water", "main"]


async def test_every_quantity_of_a_file_is_stored(meter: Stack, tmp_path: Path) -> None:
    names = [each.name for each in ALL_QUANTITIES]
    values = [round(1 + index / 100, 2) for index in range(len(names))]
    content = f"time,{','.join(names)}\n2026-05-18T08:00:00Z,{','.join(map(str, values))}\n"
    report = await take(meter, tmp_path, content)
    assert (report.accepted, report.failure) == (1, None)
    async with meter.db.snapshot() as session:
        (row,) = await session.execute(text(f"SELECT {', '.join(names)} FROM monitoring.power_measurements"))
    assert list(row) == values
    again = await take(meter, tmp_path, content.replace("1.29", "1.3"))
    assert again.rejected == 1
    assert "stored with other values" in again.in_words()


async def test_reactive_energy_per_interval_becomes_a_register_of_its_own(
    meter: Stack, tmp_path: Path
) -> None:
    quantity = "reactive_energy_imported_kvarh"
    for first in range(2):  # the second file goes on from the first
        day = half_hours("0.7", "0.4", "0.6", "0.5").replace("2026-05-18", f"2026-05-{18 + first}")
        report = await take(meter, tmp_path, f"time,{quantity}\n{day}", table=TableOptions(per_interval=True))
        assert report.failure is None
    async with meter.db.snapshot() as session:
        highest = await session.scalar(text(f"SELECT max({quantity}) FROM monitoring.power_measurements"))
    assert highest == 4.4
    falling = f"time,{quantity}\n{half_hours('0.7', '0.4', '0.6', '0.5')}"
    with pytest.raises(Invalid, match=f"{quantity} is a meter's register.*--per-interval"):
        await take(meter, tmp_path, falling, "hot-water")
