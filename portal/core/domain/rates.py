"""The rate calendar: which rate applies to which hours of a window."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

from portal.core.domain.tariffs import Tariff, active_tariff, rate_at
from portal.core.domain.time import HOUR, floor_hour


class RateSlot(NamedTuple):
    """A half-open run of whole UTC hours with one rate. `currency` None is the stack's own currency."""

    start_at: datetime
    end_at: datetime
    tariff_id: int | None
    rate_per_kwh: Decimal
    vat_rate: Decimal
    period_name: str | None
    currency: str | None


class _RateKey(NamedTuple):
    tariff_id: int | None
    rate_per_kwh: Decimal
    vat_rate: Decimal
    period_name: str | None
    currency: str | None


def rate_slots(
    tariffs: Sequence[Tariff], zone: ZoneInfo, start_at: datetime, end_at: datetime
) -> list[RateSlot]:
    """Return the slots of one municipality that cover `[start_at, end_at)`, in order.

    Every UTC hour that the window touches is priced at the local time of its start; neighbours with the same
    rate are one slot; hours that no tariff covers are left out. Both instants must be aware.
    """
    hours = _hours(floor_hour(start_at), end_at.astimezone(UTC))
    calendar = _Calendar(tariffs, zone)
    slots: list[RateSlot] = []
    for key, run in groupby(hours, key=calendar.key_at):
        if key is not None:
            covered = list(run)
            slots.append(RateSlot(covered[0], covered[-1] + HOUR, *key))
    return slots


def _hours(first: datetime, end_at: datetime) -> Iterator[datetime]:
    hour = first
    while hour < end_at:
        yield hour
        hour += HOUR


class _Calendar:
    """Looks rates up once per (tariff, weekday, local time): a year has 8,784 hours but a week has 168."""

    def __init__(self, tariffs: Sequence[Tariff], zone: ZoneInfo) -> None:
        self._tariffs = tuple(tariffs)
        self._zone = zone
        self._tariff_of_date: dict[date, int | None] = {}
        self._keys: dict[tuple[int, int, int, int], _RateKey] = {}

    def key_at(self, hour: datetime) -> _RateKey | None:
        local = hour.astimezone(self._zone)
        position = self._position_on(local.date())
        if position is None:
            return None
        moment = (position, local.weekday(), local.hour, local.minute)
        key = self._keys.get(moment)
        if key is None:
            key = self._keys[moment] = _rate_key(self._tariffs[position], local)
        return key

    def _position_on(self, on: date) -> int | None:
        if on not in self._tariff_of_date:
            tariff = active_tariff(self._tariffs, on)
            position = None if tariff is None else self._tariffs.index(tariff)
            self._tariff_of_date[on] = position
        return self._tariff_of_date[on]


def _rate_key(tariff: Tariff, local: datetime) -> _RateKey:
    rate = rate_at(tariff, local)
    return _RateKey(tariff.id, rate.rate_per_kwh, tariff.vat_rate, rate.period_name, tariff.currency)
