"""Registers that went wrong at somebody's site once, each with the right answer, in whatever order its readings come.

They are written anew here. Where `tests/samples.py` finds the originals beside the sample data, these are read as well.
"""

import json
from collections.abc import Callable
from datetime import datetime
from itertools import islice
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from portal.core.energy.rules.judging import (
    RegisterFacts,
    RegisterReading,
    is_no_register,
    judge,
    judged_hours,
    learn,
    proposals_of,
    width_of,
)
from tests import samples
from tests.unit.energy.judging.histories import HOUR, KWH, TENTHS, every, mwh, rated
from tests.unit.energy.judging.kept_meter import KeptMeter, accepted_in

MAX_GAP = 2 * HOUR
ACUVIM = width_of(9, TENTHS)


class Answer(NamedTuple):
    """What is right, in kWh; of events and suspects how many."""

    allocated: float
    unallocated: float = 0
    suspects: int = 0
    events: tuple[str, ...] = ()


class Case(NamedTuple):
    facts: RegisterFacts
    readings: list[RegisterReading]
    answer: Answer


ZEROS = [*every(5, *(397 + n * 0.01 for n in range(13))), *every(5, *[0] * 143, since=65)]
ZEROS += every(5, *(413.5 + n * 0.1 for n in range(6)), since=780)
DIP = (215.6, 215.6, 215.6, 215.6, 215.7, 215.6, 215.6, 215.6, 215.7, 215.8)
ZEROS_RIGHT = Answer(0.12 + 0.5, 16.38, 143, ("glitch",))
DIP_RIGHT = Answer(0.2, 0, 3, ("glitch",))
GLITCH_RIGHT = Answer(7, 0, 1, ("glitch",))
EXCHANGE_RIGHT = Answer(5, 0, 0, ("exchange",))
ROLLING = every(15, 99_999_990, 99_999_994, 99_999_998, 2, 6, 10)
UP = every(15, 50_000, 50_001, 50_002, 70_000, 70_001, 70_002, 70_003)
DOWN = every(15, 50_000, 50_001, 50_002, 3_000, 3_001, 3_002, 3_003)
MONTH = 31 * 24 * 60

CASES = {
    "zeros for twelve hours": Case(rated(None), ZEROS, ZEROS_RIGHT),
    "zeros for twelve hours, rated power known": Case(rated(100), ZEROS, ZEROS_RIGHT),
    "a count less, every minute": Case(rated(None), every(1, *DIP), DIP_RIGHT),
    "a count less, every quarter of an hour": Case(rated(None), every(15, *DIP), DIP_RIGHT),
    "a count less, new meter": Case(
        rated(100), every(15, 20, 20.1, 20, 20.2, 20.4), Answer(0.4, 0, 1, ("glitch",))
    ),
    "off for a month": Case(
        rated(20), [*every(5, 1400, 1400.2), *every(5, 1400.2, 1400.4, since=MONTH)], Answer(0.4)
    ),
    "a reset": Case(rated(20), every(5, 12.1, 12.3, 0, 0.2, 0.4), Answer(0.6, 0, 0, ("reset",))),
    "a spike": Case(
        rated(None), every(15, 50000, 50001, 50002, 50203, 50004, 50005, 50006, 50007), GLITCH_RIGHT
    ),
    "a zero": Case(rated(None), every(15, 50000, 50001, 50002, 0, 50004, 50005, 50006, 50007), GLITCH_RIGHT),
    "an exchange upwards": Case(rated(None), UP, EXCHANGE_RIGHT),
    "an exchange downwards": Case(rated(100), DOWN, EXCHANGE_RIGHT),
    "a rollover of nine digits": Case(
        RegisterFacts(rated_watts=100_000, width_milliwh=ACUVIM), ROLLING, Answer(20, 0, 0, ("rollover",))
    ),
    "a rollover, the width not known": Case(rated(100), ROLLING, Answer(18, 0, 0, ("reset",))),
}

ORDERS: dict[str, Callable[[list[RegisterReading]], list[RegisterReading]]] = {
    "in order": list,
    "reversed": lambda rows: rows[::-1],
    "shuffled": lambda rows: Random(4).sample(rows, len(rows)),
    "with repeats": lambda rows: [*rows, *rows[::3], *rows[1::2]],
}


def answer_of(readings: list[RegisterReading], facts: RegisterFacts) -> Answer:
    judgement = judge(readings, learn(readings, facts))
    hours = judged_hours(judgement, MAX_GAP)
    return Answer(
        sum(hour.allocated_milliwh for hour in hours) / KWH,
        sum(hour.unallocated_milliwh for hour in hours) / KWH,
        judgement.suspect_count,
        tuple(proposal.kind for proposal in proposals_of(judgement)),
    )


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("case", CASES)
def test_the_answer_is_right_in_any_order(case: str, order: str) -> None:
    facts, readings, answer = CASES[case]
    found = answer_of(ORDERS[order](readings), facts)
    assert found[:3] == pytest.approx(answer[:3])
    assert found.events == answer.events


@pytest.mark.parametrize("case", CASES)
def test_the_answer_is_right_where_pieces_come_late(case: str) -> None:
    """What is kept is mended piece by piece, the first one last."""
    facts, readings, _ = CASES[case]
    facts = RegisterFacts(
        rated_watts=facts.rated_watts, width_milliwh=facts.width_milliwh, count_milliwh=TENTHS
    )
    rest = iter(readings)
    pieces = [list(islice(rest, 1 + len(readings) // 4)) for _ in range(4)]
    kept = KeptMeter(facts)
    for piece in reversed(pieces):
        kept.arrive(piece)
    whole = judge(readings, facts)
    assert kept.accepted == accepted_in(whole)
    assert kept.hours == {hour.hour: hour for hour in judged_hours(whole, MAX_GAP)}


def test_zeros_leave_the_energy_over_them_to_a_gap() -> None:
    """Twelve hours are longer than is guessed over: unallocated, or estimated where that is asked for."""
    hours = judged_hours(judge(ZEROS, rated(100)), MAX_GAP)
    assert sum(hour.estimated_milliwh for hour in hours) == mwh(16.38)
    assert max(hour.estimated_milliwh for hour in hours) < mwh(1.4)
    assert sum(hour.is_covered for hour in hours) == 2


def test_a_column_of_energy_by_interval_is_no_register() -> None:
    assert is_no_register([500_000, 400_000, 600_000, 500_000, 300_000, 700_000, 600_000])
    assert not is_no_register([shown for _, shown in every(1, *DIP)])
    assert not is_no_register([shown for _, shown in UP])


# The originals, where they are.

ORIGINALS = samples.directory.parent / "cases"
RIGHT = {
    "01-zeros-12h-unknown-power": Answer(0.61, 16.39, 143, ("glitch",)),
    "02-zeros-12h-rated-100": Answer(0.61, 16.39, 143, ("glitch",)),
    "05-one-count-dip-1min": Answer(0.2, 0, 6, ("glitch",)),
    "06-one-count-dip-15min": Answer(0.2, 0, 6, ("glitch",)),
    "07-one-count-dip-new-meter-rated": Answer(0.4, 0, 1, ("glitch",)),
    "10-off-for-a-month": Answer(0.4),
    "13-reset-at-reboot": Answer(0.6, 0, 0, ("reset",)),
    "90-spike-once": GLITCH_RIGHT,
    "91-zero-once": GLITCH_RIGHT,
    "92-exchange-up": EXCHANGE_RIGHT,
    "93-exchange-down": EXCHANGE_RIGHT,
    "94-rollover-nine-digits": Answer(20, 0, 0, ("rollover",)),
}


def _original(folder: Path) -> tuple[RegisterFacts, list[RegisterReading]]:
    rated_kw = json.loads((folder / "device.json").read_text(encoding="utf-8"))["maxPowerKw"]
    rows = json.loads((folder / "readings.json").read_text(encoding="utf-8"))
    facts = RegisterFacts(rated_watts=rated_kw and round(1000 * rated_kw), width_milliwh=ACUVIM)
    return facts, [
        (round(datetime.fromisoformat(row["time"]).timestamp()) * 1_000_000, mwh(row["energyImportedKwh"]))
        for row in rows
    ]


def original_cases() -> dict[str, Case]:
    """Those that lie beside the sample data, with their answers; none where there is none."""
    folders = {name: ORIGINALS / name for name in RIGHT if (ORIGINALS / name).exists()}
    return {name: Case(*_original(folder), RIGHT[name]) for name, folder in folders.items()}


@samples.needs(ORIGINALS)
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", RIGHT)
def test_the_originals_come_out_right(name: str, order: str) -> None:
    facts, readings = _original(ORIGINALS / name)
    found = answer_of(ORDERS[order](readings), facts)
    assert found[:3] == pytest.approx(RIGHT[name][:3])
    assert found.events == RIGHT[name].events


@samples.needs(ORIGINALS)
def test_every_original_register_has_its_answer_here() -> None:
    """A new case beside the sample data is not overlooked."""
    assert {folder.parent.name for folder in ORIGINALS.glob("*/readings.json")} == set(RIGHT)
