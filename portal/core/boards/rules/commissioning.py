"""Whether a meter that was just installed measures what it should, told by its first readings.

An installer mixes up wires: a current transformer the wrong way round or on another phase, a voltage that is missing, a
ratio that is wrong by ten. Each leaves a mark in what the phases measure. What is concluded is for a person to look at;
nothing is changed by it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from math import log10
from statistics import median
from typing import NamedTuple

NOMINAL_V = 230.0
_NEAR_V = 0.15
_MISSING = 0.2
# Of a phase with less than this nothing is concluded: its angle is noise.
_LEAST_A = 0.5
# A load from 40 degrees lagging to 20 leading. A phase that is one further on is seen at 80 to 160, or 200 to 280.
_OWN_PHASE, _REVERSED = 0.7, -0.7
_NEXT_PHASE = ((-1.0, -0.42), (-0.65, 0.3))
_SUM_TOLERANCE, _CLAMP_TOLERANCE = 0.05, 0.1
_REGISTER_TOLERANCE, _REGISTER_COUNT_KWH = 0.2, 0.2
_GOOD_DBM, _WEAK_DBM = -85, -100
_FRESH, _GAP = timedelta(minutes=10), timedelta(minutes=3)
_ENOUGH = 3


class CheckResult(StrEnum):
    """What a check came to; `OPEN` where there is nothing to tell by yet."""

    GOOD = "good"
    LOOK = "look"
    WRONG = "wrong"
    OPEN = "open"


class Finding(NamedTuple):
    """One check: its name, what it came to, and why in words for an installer."""

    check: str
    result: CheckResult
    words: str


class Phase(NamedTuple):
    """The medians of what a phase measured; the power factor has the sign of its power."""

    volts: float | None
    amps: float | None
    kilowatts: float | None
    factor: float | None

    @property
    def carries(self) -> bool:
        """Whether there is a load that something can be told by."""
        return (self.amps or 0.0) >= _LEAST_A


class Measured(NamedTuple):
    """What is known of a new meter. `readings` are by time, each by names of quantities; what is missing is None."""

    now: datetime
    times: Sequence[datetime]
    readings: Sequence[Mapping[str, float | None]]
    rated_kw: float | None = None
    nominal_v: float = NOMINAL_V
    clock_skew: timedelta | None = None
    signal_dbm: int | None = None
    clamp_amps: Sequence[float | None] = (None, None, None)


def findings(measured: Measured) -> list[Finding]:
    """Return every check, in the order in which an installer goes through them."""
    phases = phases_of(measured)
    checks: Sequence[Callable[[Measured, Sequence[Phase]], Finding]] = (
        _readings,
        _clock,
        _signal,
        _voltages,
        _ratio_of_voltages,
        _currents,
        _ratio_of_currents,
        _sums,
        _register,
    )
    return [check(measured, phases) for check in checks]


def phases_of(measured: Measured) -> list[Phase]:
    """Return what each of the three phases measured."""
    return [
        Phase(
            _median(measured, f"voltage_l{number}_v"),
            _median(measured, f"current_l{number}_a"),
            _median(measured, f"active_power_l{number}_kw"),
            _median(measured, f"power_factor_l{number}"),
        )
        for number in (1, 2, 3)
    ]


def _median(measured: Measured, name: str) -> float | None:
    values = [value for reading in measured.readings if (value := reading.get(name)) is not None]
    return median(values) if values else None


def _readings(measured: Measured, _: Sequence[Phase]) -> Finding:
    if not measured.times:
        return Finding("Readings", CheckResult.OPEN, "None has arrived yet.")
    age = measured.now - measured.times[-1]
    if age > _FRESH:
        minutes = round(age / timedelta(minutes=1))
        return Finding("Readings", CheckResult.LOOK, f"The last one is {minutes} minutes old.")
    if len(measured.times) < _ENOUGH:
        return Finding("Readings", CheckResult.OPEN, f"{len(measured.times)} so far; wait for {_ENOUGH}.")
    return Finding("Readings", CheckResult.GOOD, f"{len(measured.times)} have arrived.")


def _clock(measured: Measured, _: Sequence[Phase]) -> Finding:
    skew = measured.clock_skew
    if skew is None:
        result = CheckResult.GOOD if measured.times else CheckResult.OPEN
        return Finding("Clock", result, "Right to two minutes." if measured.times else "Not known yet.")
    side = "ahead" if skew > timedelta(0) else "behind"
    return Finding("Clock", CheckResult.WRONG, f"The board's is {abs(skew)} {side}.")


def _signal(measured: Measured, _: Sequence[Phase]) -> Finding:
    dbm = measured.signal_dbm
    if dbm is None:
        return Finding("Signal", CheckResult.OPEN, "The board has not said how strong it is.")
    if dbm >= _GOOD_DBM:
        return Finding("Signal", CheckResult.GOOD, f"{dbm} dBm.")
    weak = "Weak" if dbm >= _WEAK_DBM else "Very weak"
    return Finding(
        "Signal", CheckResult.LOOK, f"{weak}, {dbm} dBm: try the aerial elsewhere, or outside the cabinet."
    )


def _voltages(_: Measured, phases: Sequence[Phase]) -> Finding:
    volts = [phase.volts for phase in phases]
    known = [each for each in volts if each is not None]
    if not known:
        return Finding("Voltages", CheckResult.OPEN, _NO_PHASES)
    highest = max(known)
    missing = [
        f"L{number}" for number, each in enumerate(volts, 1) if each is not None and each < _MISSING * highest
    ]
    if missing:
        return Finding(
            "Voltages", CheckResult.WRONG, f"{_listed(missing)} has none: look at its fuse and its wire."
        )
    if max(known) - min(known) > _NEAR_V * highest:
        return Finding("Voltages", CheckResult.LOOK, "They differ by more than 15 %: " + _values(volts, "V"))
    return Finding("Voltages", CheckResult.GOOD, _values(volts, "V"))


def _ratio_of_voltages(measured: Measured, phases: Sequence[Phase]) -> Finding:
    known = [phase.volts for phase in phases if phase.volts]
    average = max(known) if known else _median(measured, "voltage_v")
    if not average:
        return Finding("Voltage ratio", CheckResult.OPEN, _NO_PHASES)
    share = average / measured.nominal_v
    if abs(share - 1) <= _NEAR_V:
        return Finding("Voltage ratio", CheckResult.GOOD, f"{average:.1f} V, of {measured.nominal_v:.0f} V.")
    if abs(share / 3**0.5 - 1) <= _NEAR_V / 2:
        words = "It shows the voltage between phases: look at the wiring that the meter is set to."
        return Finding("Voltage ratio", CheckResult.WRONG, f"{average:.1f} V. {words}")
    power = _power_of_ten(share)
    if power:
        words = f"PT1 or PT2 of the meter are out by a factor of {10 ** abs(power)}."
        return Finding("Voltage ratio", CheckResult.WRONG, f"{average:.1f} V. {words}")
    words = f"Not {measured.nominal_v:.0f} V: look at PT1 and PT2 of the meter."
    return Finding("Voltage ratio", CheckResult.LOOK, f"{average:.1f} V. {words}")


def _currents(_: Measured, phases: Sequence[Phase]) -> Finding:
    if all(phase.amps is None for phase in phases):
        return Finding("Current transformers", CheckResult.OPEN, _NO_PHASES)
    known = {
        number: phase.factor
        for number, phase in enumerate(phases, 1)
        if phase.carries and phase.factor is not None
    }
    return Finding("Current transformers", *_of_factors(known))


def _of_factors(known: Mapping[int, float]) -> tuple[CheckResult, str]:
    """Return what power factors of phases with a load say of their transformers."""
    others = {number: factor for number, factor in known.items() if factor < _OWN_PHASE}
    if not known:
        return CheckResult.OPEN, "No load to tell by: switch something on."
    if not others:
        idle = _listed([f"L{number}" for number in (1, 2, 3) if number not in known])
        words = "Each on its phase, the right way round."
        return CheckResult.GOOD, f"{words} {idle} carries nothing to tell by." if idle else words
    if _are_swapped(known, others):
        return CheckResult.WRONG, f"Those of {_listed([f'L{number}' for number in others])} are swapped."
    if _are_rotated(list(others.values())):
        return CheckResult.WRONG, "All three are on the phase beside their own."
    return _reversed_ones(known, others)


def _reversed_ones(known: Mapping[int, float], others: Mapping[int, float]) -> tuple[CheckResult, str]:
    names = [f"L{number}" for number, factor in others.items() if factor <= _REVERSED]
    if len(names) < len(others):
        shown = ", ".join(f"L{number} {factor:.2f}" for number, factor in known.items())
        return CheckResult.LOOK, f"Odd power factors: {shown}. Look at phases and directions."
    if len(names) == _ENOUGH:
        words = "All three measure energy that is fed in"
        return CheckResult.LOOK, f"{words}: right with solar panels, else all are the wrong way round."
    return (
        CheckResult.WRONG,
        f"That of {_listed(names)} is the wrong way round: turn it, or swap its two wires.",
    )


def _are_swapped(known: Mapping[int, float], others: Mapping[int, float]) -> bool:
    """Return whether two have each other's current: it is seen at 120 degrees more, and at 120 less."""
    low, high = min(others.values()), max(others.values())
    first, second = _NEXT_PHASE
    is_pair = len(known) == _ENOUGH and len(others) == _ENOUGH - 1
    return is_pair and first[0] <= low <= first[1] and max(second[0], _REVERSED) < high <= second[1]


def _are_rotated(factors: Sequence[float]) -> bool:
    """Return whether three have their neighbours' currents: they are seen all alike, and not as reversed."""
    if len(factors) < _ENOUGH or max(factors) <= _REVERSED:
        return False
    return any(all(low <= each <= high for each in factors) for low, high in _NEXT_PHASE)


def _ratio_of_currents(measured: Measured, phases: Sequence[Phase]) -> Finding:
    pairs = [
        (number, phase.amps, clamp)
        for number, (phase, clamp) in enumerate(zip(phases, measured.clamp_amps, strict=True), 1)
        if clamp and phase.amps is not None
    ]
    for number, amps, clamp in pairs:
        share = amps / clamp
        if abs(share - 1) > _CLAMP_TOLERANCE:
            words = f"L{number} shows {amps:.1f} A, your clamp {clamp:.1f} A"
            power = _power_of_ten(share)
            why = f"CT1 or CT2 are out by a factor of {10 ** abs(power)}" if power else "look at CT1 and CT2"
            return Finding("Current ratio", CheckResult.WRONG, f"{words}: {why}.")
    if pairs:
        return Finding("Current ratio", CheckResult.GOOD, "It agrees with your clamp to 10 %.")
    total = _median(measured, "active_power_kw")
    if total is not None and measured.rated_kw and abs(total) > 1.5 * measured.rated_kw:
        words = (
            f"{abs(total):.1f} kW, of a rated {measured.rated_kw:.0f} kW: look at CT1 and CT2 of the meter."
        )
        return Finding("Current ratio", CheckResult.WRONG, words)
    return Finding("Current ratio", CheckResult.OPEN, "Hold a clamp to one phase and type in what it shows.")


def _sums(measured: Measured, phases: Sequence[Phase]) -> Finding:
    parts = [phase.kilowatts for phase in phases if phase.kilowatts is not None]
    total = _median(measured, "active_power_kw")
    if total is None or len(parts) < 3:
        return Finding("Sum of the phases", CheckResult.OPEN, _NO_PHASES)
    off = abs(sum(parts) - total)
    if off <= max(0.05, _SUM_TOLERANCE * max(abs(total), *map(abs, parts))):
        return Finding("Sum of the phases", CheckResult.GOOD, f"{total:.2f} kW.")
    return Finding(
        "Sum of the phases", CheckResult.LOOK, f"{sum(parts):.2f} kW, and the total is {total:.2f} kW."
    )


def _register(measured: Measured, _: Sequence[Phase]) -> Finding:
    known = _without_gaps(measured)
    if not known or known[-1].at - known[0].at < _FRESH:
        return Finding("Energy register", CheckResult.OPEN, "Known after ten minutes without a gap.")
    wanted = sum(
        (earlier.power_kw + later.power_kw) / 2 * ((later.at - earlier.at) / timedelta(hours=1))
        for earlier, later in pairwise(known)
    )
    wanted, rise = max(0.0, wanted), known[-1].register_kwh - known[0].register_kwh
    if abs(rise - wanted) <= _REGISTER_COUNT_KWH + _REGISTER_TOLERANCE * wanted:
        return Finding("Energy register", CheckResult.GOOD, f"It rose by {rise:.1f} kWh, as the power says.")
    power = _power_of_ten(rise / wanted) if wanted and rise > 0 else 0
    why = f" One of the two is out by a factor of {10 ** abs(power)}." if power else ""
    words = f"It rose by {rise:.1f} kWh, the power says {wanted:.1f} kWh.{why}"
    return Finding("Energy register", CheckResult.WRONG, words)


class _Stand(NamedTuple):
    at: datetime
    power_kw: float
    register_kwh: float


def _without_gaps(measured: Measured) -> list[_Stand]:
    """Return power and register of the last readings between which there is no gap that a load could change in."""
    found: list[_Stand] = []
    for at, reading in zip(reversed(measured.times), reversed(measured.readings), strict=True):
        power, register = reading.get("active_power_kw"), reading.get("energy_imported_kwh")
        if power is None or register is None:
            continue
        if found and found[-1].at - at > _GAP:
            break
        found.append(_Stand(at, power, register))
    return found[::-1]


def _power_of_ten(share: float) -> int:
    """Return which power of ten a share is near to, 0 where it is none."""
    if share <= 0:
        return 0
    power = round(log10(share))
    return power if abs(share / 10.0**power - 1) <= _NEAR_V else 0


_NO_PHASES = "The board does not send the phases: have it send all quantities."


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names)


def _values(values: Sequence[float | None], unit: str) -> str:
    return " · ".join("none" if value is None else f"{value:.1f} {unit}" for value in values)
