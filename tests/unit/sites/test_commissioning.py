"""What an installer did wrong is found in the first readings: each mistake made in a model of three phases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import cos, pi, radians

import pytest

from portal.core.boards.rules.commissioning import CheckResult, Finding, Measured, findings

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
ANGLES = (radians(18), radians(25), radians(12))
AMPS = (20.0, 26.0, 15.0)
VOLTS = (230.4, 229.1, 231.0)


def readings(
    wires: tuple[int, int, int] = (0, 1, 2),
    signs: tuple[int, int, int] = (1, 1, 1),
    volts: tuple[float, ...] = VOLTS,
    ratio: float = 1.0,
    register_ratio: float = 1.0,
    load: float = 1.0,
) -> list[dict[str, float | None]]:
    """Return a quarter of an hour: `wires` says whose current each transformer measures, `signs` which are reversed."""
    made: dict[str, float | None] = {}
    total = 0.0
    for phase in range(3):
        source = wires[phase]
        amps = AMPS[source] * ratio * load
        # The current of another phase is a third of a turn further on, or back.
        angle = ANGLES[source] + 2 * pi / 3 * ((source - phase) % 3)
        factor = signs[phase] * cos(angle)
        kilowatts = volts[phase] * amps * factor / 1000
        total += kilowatts
        made |= {
            f"voltage_l{phase + 1}_v": volts[phase],
            f"current_l{phase + 1}_a": amps,
            f"active_power_l{phase + 1}_kw": kilowatts,
            f"power_factor_l{phase + 1}": factor,
        }
    made["active_power_kw"] = total
    return [
        made | {"energy_imported_kwh": round(1000 + max(0.0, total) * minute / 60 * register_ratio, 1)}
        for minute in range(16)
    ]


def measured(rows: list[dict[str, float | None]], **known: object) -> Measured:
    times = [NOW - timedelta(minutes=len(rows) - 1 - index) for index in range(len(rows))]
    return Measured(NOW, times, rows, **known)  # pyright: ignore[reportArgumentType] - what a test names


def found(check: str, rows: list[dict[str, float | None]], **known: object) -> Finding:
    return next(each for each in findings(measured(rows, **known)) if each.check == check)


CTS = "Current transformers"


def test_a_meter_that_is_wired_right_passes_everything_that_can_be_told() -> None:
    known = {"signal_dbm": -71, "clamp_amps": (20.3, None, 15.1), "rated_kw": 63.0}
    assert {each.result for each in findings(measured(readings(), **known))} == {CheckResult.GOOD}


@pytest.mark.parametrize("phase", [0, 1, 2])
def test_a_transformer_the_wrong_way_round_is_named(phase: int) -> None:
    signs = tuple(-1 if index == phase else 1 for index in range(3))
    finding = found(CTS, readings(signs=signs))  # pyright: ignore[reportArgumentType] - three of them
    assert finding.result is CheckResult.WRONG
    assert f"That of L{phase + 1} is the wrong way round" in finding.words


@pytest.mark.parametrize("wires", [(1, 0, 2), (0, 2, 1), (2, 1, 0)])
def test_two_transformers_that_are_swapped_are_named(wires: tuple[int, int, int]) -> None:
    finding = found(CTS, readings(wires))
    names = " and ".join(f"L{index + 1}" for index in range(3) if wires[index] != index)
    assert finding.result is CheckResult.WRONG
    assert f"Those of {names} are swapped" in finding.words


@pytest.mark.parametrize("wires", [(1, 2, 0), (2, 0, 1)])
def test_all_three_beside_their_phase(wires: tuple[int, int, int]) -> None:
    finding = found(CTS, readings(wires))
    assert finding.result is CheckResult.WRONG
    assert "All three are on the phase beside" in finding.words


def test_all_three_reversed_may_be_solar_panels() -> None:
    finding = found(CTS, readings(signs=(-1, -1, -1)))
    assert finding.result is CheckResult.LOOK
    assert "fed in" in finding.words


def test_without_a_load_nothing_is_concluded() -> None:
    assert found(CTS, readings(load=0.01)).result is CheckResult.OPEN


@pytest.mark.parametrize("phase", [0, 1, 2])
def test_a_phase_without_voltage_is_named(phase: int) -> None:
    volts = tuple(0.4 if index == phase else each for index, each in enumerate(VOLTS))
    finding = found("Voltages", readings(volts=volts))
    assert (finding.result, f"L{phase + 1} has none" in finding.words) == (CheckResult.WRONG, True)


@pytest.mark.parametrize(
    ("factor", "words"),
    [(0.1, "factor of 10"), (10.0, "factor of 10"), (100.0, "factor of 100"), (3**0.5, "between phases")],
)
def test_a_wrong_ratio_of_voltages(factor: float, words: str) -> None:
    finding = found("Voltage ratio", readings(volts=tuple(each * factor for each in VOLTS)))
    assert (finding.result, words in finding.words) == (CheckResult.WRONG, True)


@pytest.mark.parametrize(
    ("ratio", "words"), [(0.1, "factor of 10"), (10.0, "factor of 10"), (2.0, "look at CT1")]
)
def test_a_wrong_ratio_of_currents_is_told_by_a_clamp(ratio: float, words: str) -> None:
    finding = found("Current ratio", readings(ratio=ratio), clamp_amps=(None, 26.0, None))
    assert (finding.result, words in finding.words) == (CheckResult.WRONG, True)


def test_more_than_the_rated_power_is_a_wrong_ratio() -> None:
    assert found("Current ratio", readings(ratio=10), rated_kw=63.0).result is CheckResult.WRONG
    assert found("Current ratio", readings(), rated_kw=63.0).result is CheckResult.OPEN


def test_a_register_that_does_not_follow_the_power() -> None:
    finding = found("Energy register", readings(register_ratio=10))
    assert (finding.result, "factor of 10" in finding.words) == (CheckResult.WRONG, True)


def test_a_load_that_changes_between_readings_far_apart_says_nothing_of_the_register() -> None:
    rows = readings()
    times = [NOW - timedelta(minutes=15 * (len(rows) - 1 - index)) for index in range(len(rows))]
    finding = next(each for each in findings(Measured(NOW, times, rows)) if each.check == "Energy register")
    assert finding.result is CheckResult.OPEN


def test_the_power_between_readings_counts_by_its_time() -> None:
    """Twice the load in the last minutes, which are read ten times as often."""
    times, rows, register = [NOW - timedelta(minutes=22)], [readings()[0]], 1000.0
    for seconds, kilowatts in [(60, 10.0)] * 20 + [(6, 20.0)] * 20:
        register += kilowatts * seconds / 3600
        times.append(times[-1] + timedelta(seconds=seconds))
        rows.append(rows[0] | {"active_power_kw": kilowatts, "energy_imported_kwh": round(register, 1)})
    rows[0] = rows[0] | {"active_power_kw": 10.0, "energy_imported_kwh": 1000.0}
    finding = next(each for each in findings(Measured(NOW, times, rows)) if each.check == "Energy register")
    assert finding.result is CheckResult.GOOD, finding.words


def test_clock_and_signal() -> None:
    assert found("Clock", readings(), clock_skew=timedelta(hours=2)).result is CheckResult.WRONG
    results = [found("Signal", readings(), signal_dbm=dbm).result for dbm in (-70, -95, -110, None)]
    assert results == [CheckResult.GOOD, CheckResult.LOOK, CheckResult.LOOK, CheckResult.OPEN]


def test_nothing_yet_is_nothing_wrong() -> None:
    assert {each.result for each in findings(Measured(NOW, [], []))} == {CheckResult.OPEN}
    totals = [{"active_power_kw": 4.2, "voltage_v": 230.0, "energy_imported_kwh": 10.0}] * 4
    assert CheckResult.WRONG not in {each.result for each in findings(measured(totals))}
