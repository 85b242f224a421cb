"""A file's registers beside what a device has: they never fall, nothing stored changes, and no energy is made up."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.readings.rules.reading_files import ParsedRow, RefusedRow, RowOutcome
from portal.core.readings.rules.readings import MeasuredRow
from portal.core.readings.rules.register_joins import Stood, join_registers

QUANTITY = "energy_imported_kwh"
START = datetime(2026, 5, 1, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
KWH = 1_000_000


def at(slot: float) -> datetime:
    return START + slot * HALF_HOUR


def a_file(first: int, *steps: float) -> list[ParsedRow]:
    """Rows from slot `first` on, a register that starts at 0 and rises by the steps, in kWh."""
    registers = [0.0]
    for step in steps:
        registers.append(round(registers[-1] + step, 1))
    return [
        ParsedRow(n + 1, MeasuredRow(at(first + n), energy_imported_kwh=register, source="nem12"))
        for n, register in enumerate(registers)
    ]


def stored(*readings: tuple[float, float]) -> dict[str, list[Stood]]:
    return {QUANTITY: [Stood(at(slot), round(kwh * KWH)) for slot, kwh in readings]}


def joined(
    rows: list[ParsedRow], known: dict[str, list[Stood]]
) -> tuple[dict[datetime, float | None], list[str]]:
    outcomes: list[RowOutcome] = list(join_registers(rows, known))
    registers = {
        each.row.at: each.row.energy_imported_kwh for each in outcomes if isinstance(each, ParsedRow)
    }
    return registers, [each.reason for each in outcomes if isinstance(each, RefusedRow)]


def test_a_first_file_starts_at_nought() -> None:
    found, refused = joined(a_file(0, 1, 2), stored())
    assert list(found.values()) == [0, 1, 3]
    assert refused == []


def test_the_next_month_goes_on_from_the_last_reading() -> None:
    found, refused = joined(a_file(2, 1, 2), stored((0, 0), (1, 4), (2, 7.5)))
    assert list(found.values()) == [7.5, 8.5, 10.5]
    assert refused == []


def test_a_month_after_a_gap_holds_no_energy_of_the_gap() -> None:
    found, _ = joined(a_file(100, 1, 2), stored((2, 7.5)))
    assert list(found.values()) == [7.5, 8.5, 10.5]


def test_the_same_file_again_changes_nothing() -> None:
    rows = a_file(0, 1, 2, 0.5)
    again, refused = joined(rows, stored((0, 40), (1, 41), (2, 43), (3, 43.5)))
    assert list(again.values()) == [40, 41, 43, 43.5]
    assert refused == []


def test_corrected_figures_change_nothing_and_say_so() -> None:
    known = stored((0, 40), (1, 41), (2, 43), (3, 43.5))
    found, refused = joined(a_file(0, 1, 5, 0.5), known)
    assert list(found.values()) == [40, 41, 43, 43.5]
    assert refused == [
        "2026-05-01T00:00:00Z to 2026-05-01T01:00:00Z: 6 kWh in the file, but 3 kWh are stored, which stay"
    ]
    _, within = joined(a_file(0, 2, 1, 0.5), known)
    assert len(within) == 1


def test_whole_tenths_of_an_earlier_release_are_no_correction() -> None:
    rows = [
        ParsedRow(n + 1, MeasuredRow(at(n), energy_imported_kwh=kwh, source="nem12"))
        for n, kwh in enumerate((0, 0.19, 0.38, 0.57))
    ]
    _, refused = joined(rows, stored((0, 7), (1, 7.1), (2, 7.3), (3, 7.5)))
    assert refused == []


def test_an_overlapping_file_adds_what_is_new() -> None:
    found, refused = joined(a_file(1, 2, 3, 4), stored((0, 10), (1, 11), (2, 13)))
    assert list(found.values()) == [11, 13, 16, 20]
    assert refused == []


def test_an_earlier_month_that_does_not_fit_is_refused_whole() -> None:
    found, refused = joined(a_file(0, 1, 2), stored((2, 0), (3, 5)))
    assert found == {at(2): 0}
    assert (
        "3 kWh do not fit below the device's register, which shows 0 kWh at 2026-05-01T01:00:00Z"
        in refused[0]
    )


def test_an_earlier_month_leads_up_to_what_is_there_where_it_fits() -> None:
    found, refused = joined(a_file(0, 1, 2), stored((2, 500), (3, 505)))
    assert list(found.values()) == [497, 498, 500]
    assert refused == []


def test_a_month_in_the_middle_is_refused_where_the_register_stood_still() -> None:
    found, refused = joined(a_file(2, 1, 2), stored((2, 7), (4, 7)))
    assert found == {at(2): 7, at(4): 7}
    assert len(refused) == 1


def test_a_tenth_of_rounding_is_no_reason_to_refuse() -> None:
    found, refused = joined(a_file(1, 0.1, 0.1), stored((1, 7), (3, 7.1)))
    assert list(found.values()) == [7, 7.1, 7.1]
    assert refused == []


def test_a_last_interval_is_not_lost_silently() -> None:
    found, refused = joined(a_file(0, 1, 2, 3), stored((0, 5), (3, 9)))
    assert found == {at(0): 5, at(3): 9}
    assert "00:00:00Z to 2026-05-01T01:30:00Z: 6 kWh" in refused[0]


def test_readings_of_a_logger_between_the_intervals_are_kept_to() -> None:
    found, refused = joined(a_file(0, 2, 2), stored((0.5, 101)))
    # The file's register at a quarter past is 1: the first row is one kWh below the logger's, the others go on.
    assert list(found.values()) == [100, 102, 104]
    assert refused == []


@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=12),
    st.integers(0, 12),
    st.dictionaries(st.integers(0, 26).map(lambda half: half / 2), st.integers(0, 400), max_size=6),
)
def test_registers_never_fall_and_what_is_stored_stays(
    steps: list[int], first: int, known: dict[float, int]
) -> None:
    rising = sorted(known.values())
    readings = [(slot, tenths / 10) for slot, tenths in zip(sorted(known), rising, strict=True)]
    rows = a_file(first, *(step / 10 for step in steps))
    bound = stored(*readings)
    found, _ = joined(rows, bound)
    everything = {reading.at: reading.milliwh / KWH for reading in bound[QUANTITY]}
    for when, register in found.items():
        assert register is not None
        assert everything.setdefault(when, register) == pytest.approx(register)
    registers = [everything[when] for when in sorted(everything)]
    assert all(later >= earlier - 1e-9 for earlier, later in pairwise(registers))
    assert all(register >= 0 for register in registers)
