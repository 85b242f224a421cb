"""Channels, interval lengths and qualities of NEM12 files: nothing that belongs to a bill goes missing in silence."""

from collections.abc import Sequence

import pytest

from portal.core.readings.rules.nem12 import Estimates, Nem12Options, parse_nem12
from portal.core.readings.rules.reading_files import (
    FileInvalid,
    LeftOut,
    Note,
    ParsedRow,
    RefusedRow,
    RowOutcome,
)
from portal.core.readings.rules.readings import MeasuredRow


def channel(suffix: str, minutes: int = 30, nmi: str = "NMI7") -> str:
    return f"200,{nmi},E1E2B1,{suffix},{suffix},N1,METER,kWh,{minutes},"


def day(date: str, kwh: str, count: int = 48, quality: str = "A") -> str:
    return f"300,{date},{','.join([kwh] * count)},{quality},,,20260519000000,"


def outcomes(
    records: Sequence[str], options: Nem12Options | None = None, *, header: bool = True
) -> list[RowOutcome]:
    first = ["100,NEM12,202605180000,MDP,RET"] if header else []
    return list(parse_nem12([f"{record}\n" for record in (*first, *records, "900")], options))


def rows(found: list[RowOutcome]) -> list[MeasuredRow]:
    return [each.row for each in found if isinstance(each, ParsedRow)]


def refused(found: list[RowOutcome]) -> list[tuple[int, str]]:
    return [(each.line, each.reason) for each in found if isinstance(each, RefusedRow)]


def left_out(found: list[RowOutcome]) -> list[tuple[str, float]]:
    return [(each.channel, float(each.amount)) for each in found if isinstance(each, LeftOut)]


def notes(found: list[RowOutcome]) -> list[str]:
    return [each.text for each in found if isinstance(each, Note)]


CONTROLLED_LOAD = (
    channel("E2"), day("20260518", "0.3"), channel("E1"), day("20260518", "0.4"), channel("B1"), day("20260518", "0.1"),
)  # fmt: skip


def test_a_controlled_load_beside_the_main_channel_is_named_with_its_energy() -> None:
    found = outcomes(CONTROLLED_LOAD)
    assert left_out(found) == [("E2", 14.4)]
    assert (rows(found)[-1].energy_imported_kwh, rows(found)[-1].energy_exported_kwh) == (19.2, 4.8)


def test_a_channel_may_feed_the_register_of_a_device_of_its_own() -> None:
    options = Nem12Options(channels={"e2": "energyImportedKwh"}, leave_out=("E1", "B1"))
    found = outcomes(CONTROLLED_LOAD, options)
    assert left_out(found) == []
    assert rows(found)[-1].energy_imported_kwh == 14.4
    assert [note.split(" holds ")[0] for note in notes(found)] == ["Channel E1", "Channel B1"]


def test_a_channel_may_be_left_out_by_name_or_holds_nothing() -> None:
    assert left_out(outcomes(CONTROLLED_LOAD, Nem12Options(leave_out=("e2",)))) == []
    empty = outcomes([channel("E2"), day("20260518", "0"), channel("E1"), day("20260518", "1")])
    assert left_out(empty) == []
    assert "Channel E2 holds 0 kWh" in notes(empty)[0]


def test_two_channels_cannot_feed_one_register() -> None:
    with pytest.raises(FileInvalid, match="two channels are mapped"):
        outcomes(
            CONTROLLED_LOAD, Nem12Options(channels={"E1": "energyImportedKwh", "E2": "energy_imported_kwh"})
        )


def test_the_length_of_intervals_may_change_within_a_file() -> None:
    found = outcomes(
        [
            channel("E1", 30), day("20260518", "0.51"), channel("E1", 15), day("20260519", "0.26", 96),
            channel("E1", 5), day("20260520", "0.087", 288), channel("E1", 30), day("20260521", "0.53"),
        ]
    )  # fmt: skip
    assert refused(found) == []
    assert rows(found)[-1].energy_imported_kwh == 99.936  # 24.48 + 24.96 + 25.056 + 25.44
    assert len(rows(found)) == 1 + 48 + 96 + 288 + 48


def test_a_day_that_comes_in_two_lengths_counts_once() -> None:
    found = outcomes(
        [channel("E1", 30), day("20260518", "0.5"), channel("E1", 15), day("20260518", "0.25", 96)]
    )
    assert [reason for _, reason in refused(found)] == ["2026-05-18 was given before for this channel"]
    assert rows(found)[-1].energy_imported_kwh == 24


def test_days_without_their_channel_are_refused_with_their_lines() -> None:
    found = outcomes([day("20260518", "0.5"), day("20260519", "0.5")])
    assert refused(found) == [
        (n, "a 300 record without the 200 record that says whose it is") for n in (2, 3)
    ]
    assert rows(found) == []


def test_a_file_without_its_first_record_is_taken_and_says_so() -> None:
    found = outcomes([channel("E1"), day("20260518", "0.5")], header=False)
    assert "100 record is missing" in notes(found)[0]
    assert rows(found)[-1].energy_imported_kwh == 24


def test_cells_in_quotation_marks_are_taken() -> None:
    records = ["100,NEM12,202605180000,MDP,RET", channel("E1"), day("20260518", "0.5"), "900"]
    found = list(
        parse_nem12([",".join(f'"{cell}"' for cell in each.split(",")) + "\r\n" for each in records])
    )
    assert refused(found) == []
    assert rows(found)[-1].energy_imported_kwh == 24


def test_values_of_another_length_are_counted_and_refused() -> None:
    found = outcomes([channel("E1", 15), day("20260518", "0.1", 288)])
    assert "288 values are there where 96 belong" in refused(found)[0][1]
    assert rows(found) == []


QUALITIES = (
    channel("E1"), day("20260518", "0.5", quality="V"), "400,1,12,A,,", "400,13,20,S14,32,", "400,21,32,E52,,",
    "400,33,48,F14,,",
)  # fmt: skip


@pytest.mark.parametrize(
    ("estimates", "kwh", "count"),
    [(Estimates.REFUSE, 18.0, 1), (Estimates.LEAVE_OUT, 18.0, 0), (Estimates.TAKE, 24.0, 0)],
)
def test_estimates_are_refused_left_out_or_taken_and_marked(
    estimates: Estimates, kwh: float, count: int
) -> None:
    found = outcomes(QUALITIES, Nem12Options(estimates=estimates))
    assert rows(found)[-1].energy_imported_kwh == kwh
    assert len(refused(found)) == count
    marked = [row for row in rows(found) if row.source == "nem12 estimate"]
    assert len(marked) == (12 if estimates is Estimates.TAKE else 0)
    assert len(notes(found)) == (1 if estimates is Estimates.LEAVE_OUT else 0)


def test_a_day_without_data_may_have_empty_values() -> None:
    found = outcomes([channel("E1"), day("20260518", "", quality="N"), day("20260519", "0.5")])
    assert [reason.split(": ")[1] for _, reason in refused(found)] == [
        "quality 'N' is no data, so the energy is not taken"
    ]
    assert rows(found)[-1].energy_imported_kwh == 24


def test_other_meters_are_named() -> None:
    records = [channel("E1"), day("20260518", "0.5"), channel("E1", nmi="NMI8"), day("20260518", "9")]
    found = outcomes(records, Nem12Options(nmi="NMI7"))
    assert "also holds NMI8" in notes(found)[0]
    assert rows(found)[-1].energy_imported_kwh == 24
