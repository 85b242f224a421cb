"""Energy and rates by device and day, as tests like to speak of them, put to what the product calls."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from portal.core.cost.rules.cost import (
    CostReport,
    DailyCosts,
    DayUsage,
    DeviceRef,
    DeviceUsage,
    Quality,
    check_window,
    price_days,
)
from portal.core.cost.rules.currencies import price_in_each
from portal.core.cost.rules.rates import Price, segments
from portal.core.tariffs.rules.tariffs import Tariff


class RateSlot(NamedTuple):
    """A half-open run of time with one rate."""

    start_at: datetime
    end_at: datetime
    tariff_id: int | None
    rate_per_kwh: Decimal
    vat_rate: Decimal
    period_name: str | None
    currency: str | None

    @property
    def price(self) -> Price:
        """What a kWh costs in the slot."""
        return Price(*self[2:])


@dataclass(frozen=True)
class Usage:
    """Energy of one device on one day in one slot (None: no tariff), over `buckets` hours."""

    device_id: UUID
    day: date
    slot: RateSlot | None
    milliwh: int
    buckets: int


def rate_slots(tariffs: Sequence[Tariff], zone: ZoneInfo, start: datetime, end: datetime) -> list[RateSlot]:
    """Return the segments of a window as slots: days joined, and times without a tariff left out."""
    slots: list[RateSlot] = []
    for found_start, found_end, price_, _ in segments(tariffs, zone, start, end, ZoneInfo("UTC")):
        if price_ is None:
            continue
        if slots and (slots[-1].end_at, slots[-1].price) == (found_start, price_):
            slots[-1] = slots[-1]._replace(end_at=found_end)
        else:
            slots.append(RateSlot(found_start, found_end, *price_))
    return slots


def price(
    usages: Iterable[Usage],
    *,
    devices: Sequence[DeviceRef],
    from_at: datetime,
    to_at: datetime,
    currency: str,
    quality: Quality | None = None,
) -> CostReport:
    """Price usage, grouped by day and by device as the product groups it."""
    usages = tuple(usages)
    check_window(from_at, to_at)
    return price_in_each(
        _by_day(usages),
        [DeviceUsage(u.device_id, u.slot and u.slot.price, u.milliwh, u.buckets) for u in usages],
        days=_days(from_at, to_at),
        devices=devices,
        window=(from_at, to_at),
        currency=currency,
        quality=quality or Quality(),
    )


def by_day_alone(usages: Iterable[Usage], *, from_at: datetime, to_at: datetime, currency: str) -> DailyCosts:
    """Price usage that is grouped by day only."""
    return price_days(_by_day(usages), days=_days(from_at, to_at), currency=currency)


def _by_day(usages: Iterable[Usage]) -> list[DayUsage]:
    return [DayUsage(each.day, each.slot and each.slot.price, each.milliwh) for each in usages]


def _days(from_at: datetime, to_at: datetime) -> list[date]:
    first, last = from_at.astimezone(UTC).date(), (to_at - timedelta(microseconds=1)).astimezone(UTC).date()
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
