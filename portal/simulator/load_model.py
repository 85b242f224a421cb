"""The simulated meters' loads: they look like a real building's week, the same for the same seed.

A meter's register is a pure function of time: a day's energy is one of a few prepared five-minute day profiles, scaled
by a factor that belongs to that day. Whole days therefore add up without visiting their slots, a restarted demo goes on
with the register it had, and asking for a register years after the epoch takes milliseconds. All energy is an integer
number of milliwatt-hours; registers are read out in whole counts of 0.1 kWh, as the Acuvim II does.

Profiles follow the wall clock of the zone without daylight saving: the register of a building must not jump when
clocks change.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import accumulate
from math import cos, exp, pi, sin, sqrt, tau
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

from portal.core.energy.rules.registers import REGISTER_COUNT_MILLIWH
from portal.core.readings.rules.readings import MeasuredRow
from portal.core.values.money import MILLIWH_PER_KWH
from portal.core.values.time import require_aware

EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
SIMULATED = "simulated"

_SLOTS_PER_DAY = 288
_SLOT = timedelta(minutes=5)
_SLOT_SECONDS = 300
_SLOTS_PER_HOUR = 12
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_VARIANTS = 12
_COUNTS_PER_KWH = MILLIWH_PER_KWH // REGISTER_COUNT_MILLIWH
_SATURDAY, _SUNDAY = 5, 6
_NOMINAL_V = 230.0
_NOMINAL_HZ = 50.0
_MASK = (1 << 64) - 1


class LoadKind(StrEnum):
    """What stands behind the meter: an office's main incomer, a cold store, a roof of solar panels."""

    OFFICE = "office"
    COLD_STORE = "cold_store"
    SOLAR = "solar"


class Sample(NamedTuple):
    """What the meter measures at an instant. Power fed into the grid is negative."""

    active_power_kw: float
    reactive_power_kvar: float
    apparent_power_kva: float
    power_factor: float
    voltage_v: float
    frequency_hz: float


class _Traits(NamedTuple):
    """How a kind of load behaves.

    `profile_kw` gives the power in each slot of a day (type 0 weekday, 1 Saturday, 2 Sunday); `day_factor` how much of
    that a day since the epoch uses, in 1/1000, given its luck from 0 to 1.
    """

    profile_kw: Callable[[int, Random], list[float]]
    day_factor: Callable[[int, float], int]
    power_factor: float
    is_export: bool


class BuildingLoad:
    """One simulated meter. `seed` tells meters of a kind apart; `zone` gives the building its working hours."""

    def __init__(self, seed: int, kind: LoadKind | str, zone: ZoneInfo | None = None) -> None:
        self.kind = LoadKind(kind)
        self._seed = seed
        self._traits = _TRAITS[self.kind]
        self._offset = _standard_offset(zone) if zone is not None else timedelta(0)
        self._profiles = [self._day_type_profiles(day_type) for day_type in range(3)]
        self._start_milliwh = _mixed(seed, 1) % 40_000 * MILLIWH_PER_KWH
        self._midnights = [self._start_milliwh]

    @property
    def is_export(self) -> bool:
        """Whether the energy is fed into the grid."""
        return self._traits.is_export

    def sample(self, at: datetime) -> Sample:
        """Return the quantities at an aware instant. Raises ValueError before EPOCH."""
        day, seconds = self._day_and_seconds(at)
        slot_milliwh = self._within_day(day, seconds // _SLOT_SECONDS + 1, 0) - self._within_day(
            day, seconds // _SLOT_SECONDS, 0
        )
        noise = _noise(self._seed, day, seconds)
        power_kw = slot_milliwh * _SLOTS_PER_HOUR / MILLIWH_PER_KWH * (1 + 0.015 * noise)
        return self._sample_of(power_kw, noise, seconds / 86_400)

    def _sample_of(self, power_kw: float, noise: float, day_share: float) -> Sample:
        factor = max(0.5, min(1.0, self._traits.power_factor + 0.012 * noise))
        apparent = power_kw / factor
        reactive = apparent * sqrt(1 - factor * factor)
        # Supply voltage sags a little in the evening peak and under the building's own load.
        voltage = _NOMINAL_V + 2.5 * sin(tau * (day_share - 0.05)) - min(power_kw, 200) * 0.01 + 0.4 * noise
        signed_kw = -power_kw if self._traits.is_export else power_kw
        return Sample(
            active_power_kw=round(signed_kw, 3) + 0.0,  # no minus sign at night
            reactive_power_kvar=round(reactive, 3),
            apparent_power_kva=round(apparent, 3),
            power_factor=round(factor, 3),
            voltage_v=round(voltage, 1),
            frequency_hz=round(_NOMINAL_HZ + 0.03 * sin(tau * day_share * 9) + 0.01 * noise, 3),
        )

    def register_milliwh(self, at: datetime) -> int:
        """Return the exact cumulative energy at an aware instant. Raises ValueError before EPOCH."""
        day, seconds = self._day_and_seconds(at)
        return self._at_midnight(day) + self._within_day(day, *divmod(seconds, _SLOT_SECONDS))

    def register_kwh(self, at: datetime) -> float:
        """Return the register as the meter shows it: whole counts of 0.1 kWh."""
        return self.register_milliwh(at) // REGISTER_COUNT_MILLIWH / _COUNTS_PER_KWH

    def reading(self, at: datetime) -> MeasuredRow:
        """Return all quantities at an aware instant. Raises ValueError before EPOCH."""
        register_kwh = self.register_kwh(at)
        is_export = self._traits.is_export
        return MeasuredRow(
            at,
            *self.sample(at),
            energy_imported_kwh=0.0 if is_export else register_kwh,
            energy_exported_kwh=register_kwh if is_export else 0.0,
            source=SIMULATED,
        )

    def registers(self, from_at: datetime, to_at: datetime, step: timedelta) -> Iterator[MeasuredRow]:
        """Yield the readings of `[from_at, to_at)`, one per step. Raises ValueError for a step not above zero."""
        if step <= timedelta(0):
            msg = f"the step between readings must be above zero, not {step}"
            raise ValueError(msg)
        at = require_aware(from_at)
        while at < to_at:
            yield self.reading(at)
            at += step

    def _day_and_seconds(self, at: datetime) -> tuple[int, int]:
        """Return the building's day since the epoch, and the whole seconds since its midnight."""
        since = require_aware(at) - EPOCH + self._offset
        if at < EPOCH or since < timedelta(0):
            msg = f"the simulated meter was installed on {EPOCH:%Y-%m-%d}"
            raise ValueError(msg)
        day, rest = divmod(since, _DAY)
        return day, rest // _SECOND

    def _at_midnight(self, day: int) -> int:
        while len(self._midnights) <= day:
            yesterday = len(self._midnights) - 1
            self._midnights.append(self._midnights[-1] + self._within_day(yesterday, _SLOTS_PER_DAY, 0))
        return self._midnights[day]

    def _within_day(self, day: int, slot: int, seconds: int) -> int:
        """Return the energy from the day's midnight to some seconds into a slot."""
        weekday = (EPOCH.weekday() + day) % 7
        day_type = (weekday >= _SATURDAY) + (weekday >= _SUNDAY)
        luck = _mixed(self._seed, 2, day)
        profile = self._profiles[day_type][luck % _VARIANTS]
        energy = profile[slot]
        if seconds:
            energy += (profile[slot + 1] - energy) * seconds // _SLOT_SECONDS
        return energy * self._traits.day_factor(day, (luck >> 16) % 1000 / 1000) // 1000

    def _day_type_profiles(self, day_type: int) -> list[list[int]]:
        return [self._profile(day_type, variant) for variant in range(_VARIANTS)]

    def _profile(self, day_type: int, variant: int) -> list[int]:
        """Return a day's cumulative energy at the start of each slot, and at its end."""
        chance = Random(_mixed(self._seed, 3, day_type, variant))  # noqa: S311 - a load curve, not a secret
        slots_kw = self._traits.profile_kw(day_type, chance)
        slots = (max(0, round(kw * MILLIWH_PER_KWH / _SLOTS_PER_HOUR)) for kw in slots_kw)
        return list(accumulate(slots, initial=0))


def _hours_of_day() -> list[float]:
    return [slot / _SLOTS_PER_HOUR for slot in range(_SLOTS_PER_DAY)]


def _rising(hour: float, at: float, width: float) -> float:
    """A soft step from 0 to 1 around an hour."""
    return 1 / (1 + exp((at - hour) / width))


def _office_profile(day_type: int, chance: Random) -> list[float]:
    """People arrive from six, lunch dips, air conditioning peaks at three, cleaners leave at eight; a base at night."""
    busy = (1.0, 0.28, 0.06)[day_type]
    opening, closing = 6.9 + chance.uniform(-0.3, 0.3), 17.4 + chance.uniform(-0.5, 0.5)
    powers: list[float] = []
    for hour in _hours_of_day():
        present = _rising(hour, opening, 0.45) * (1 - _rising(hour, closing, 0.6))
        lunch = 1 - 0.14 * exp(-(((hour - 12.6) / 0.6) ** 2))
        cooling = 22 * exp(-(((hour - 15.0) / 3.2) ** 2))
        lifts = chance.uniform(0, 9) if chance.random() < 0.3 * present else 0.0
        powers.append(14 + chance.uniform(-0.8, 0.8) + busy * present * (62 * lunch + cooling + lifts))
    return powers


def _cold_store_profile(_day_type: int, chance: Random) -> list[float]:
    """Two compressors switch on and off, longer in the warm afternoon; a defrost at two in the morning."""
    powers = [5.0 + chance.uniform(-0.2, 0.2) for _ in range(_SLOTS_PER_DAY)]
    for compressor_kw in (11.5, 18.0):
        slot = chance.randrange(6)
        while slot < _SLOTS_PER_DAY:
            warmth = exp(-(((slot / _SLOTS_PER_HOUR - 15) / 4.5) ** 2))
            running = round(2 + 3 * warmth + chance.random())
            for on in range(slot, min(slot + running, _SLOTS_PER_DAY)):
                powers[on] += compressor_kw * chance.uniform(0.96, 1.04)
            slot += running + round(4 - 2 * warmth + chance.random())
    for slot in range(24, 29):
        powers[slot] += 9.0
    return powers


def _solar_profile(_day_type: int, chance: Random) -> list[float]:
    """A clear-sky bell of 45 kW between six and six, with passing clouds."""
    cloudiness = chance.choice((0.0, 0.05, 0.15, 0.35))
    cover = 0.0
    powers: list[float] = []
    for hour in _hours_of_day():
        cover = 0.7 * cover + 0.3 * (chance.uniform(0.3, 0.9) if chance.random() < cloudiness else 0.0)
        sun = max(0.0, sin(pi * (hour - 6) / 12)) if 6 < hour < 18 else 0.0
        powers.append(45 * sun**1.3 * (1 - cover))
    return powers


def _summer(day: int) -> float:
    """From -1 in mid July to 1 in mid January: the southern hemisphere, where the demo's building stands."""
    return cos(tau * (day % 365.25 - 15) / 365.25)


def _office_day_factor(day: int, luck: float) -> int:
    return round(960 + 70 * _summer(day) + 80 * luck)


def _cold_store_day_factor(day: int, luck: float) -> int:
    return round(950 + 120 * _summer(day) + 60 * luck)


def _solar_day_factor(day: int, luck: float) -> int:
    clear = 1.0 if luck < 0.7 else 1.0 - 2.2 * (luck - 0.7)  # three days in ten are overcast to some degree
    return round((870 + 130 * _summer(day)) * clear)


_TRAITS = {
    LoadKind.OFFICE: _Traits(_office_profile, _office_day_factor, power_factor=0.94, is_export=False),
    LoadKind.COLD_STORE: _Traits(
        _cold_store_profile, _cold_store_day_factor, power_factor=0.84, is_export=False
    ),
    LoadKind.SOLAR: _Traits(_solar_profile, _solar_day_factor, power_factor=0.99, is_export=True),
}


def _standard_offset(zone: ZoneInfo) -> timedelta:
    """The zone's offset without daylight saving, in the epoch's year."""
    seasons = (datetime(2020, month, 1, tzinfo=UTC).astimezone(zone).utcoffset() for month in (1, 7))
    return min(offset for offset in seasons if offset is not None)


def _mixed(*numbers: int) -> int:
    """Mix numbers into 64 well-spread bits that are the same on every machine (the finaliser of SplitMix64)."""
    state = 0
    for number in numbers:
        state = (state + number + 0x9E3779B97F4A7C15) & _MASK
        state = ((state ^ state >> 30) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ state >> 27) * 0x94D049BB133111EB) & _MASK
        state ^= state >> 31
    return state


def _noise(seed: int, day: int, seconds: int) -> float:
    """Return a figure from -1 to 1 that belongs to a meter and a second."""
    return _mixed(seed, 4, day, seconds) / (1 << 63) - 1
