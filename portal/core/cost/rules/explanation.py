"""Why an hour of a device costs what it costs: readings, energy rule, tariff, rate, VAT and rounding, in order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from portal.core.cost.rules.rates import Price, Segment
from portal.core.cost.rules.shown_cost import shown_pair
from portal.core.energy.rules.as_of import UNKNOWN, AsOf
from portal.core.energy.rules.hour_readings import JudgedReading
from portal.core.energy.rules.judging import SuspectReason
from portal.core.energy.rules.pieces import Piece, PieceKind
from portal.core.tariffs.rules.tariffs import Tariff
from portal.core.values.money import exact_decimals, kwh_from_milliwh
from portal.core.values.time import HOUR


@dataclass(frozen=True, slots=True)
class ReadingUsed:
    """A reading and what the judge says of it: accepted, suspect, or what happened before it, as "reset".

    `reason` says why one is suspect.
    """

    at: datetime
    register_kwh: Decimal
    validation: str
    reason: SuspectReason | None = None


@dataclass(frozen=True, slots=True)
class PieceUsed:
    """Energy between two accepted readings, and how much of it lies in the hour."""

    start_at: datetime
    end_at: datetime
    kwh: Decimal
    kind: PieceKind
    minutes_in_hour: Decimal
    minutes: Decimal


@dataclass(frozen=True, slots=True)
class PricedPart:
    """A part of the hour with one price; without a tariff it has no rate and costs nothing. Money exact."""

    start_at: datetime
    end_at: datetime
    kwh: Decimal
    tariff_id: int | None
    tariff_name: str | None
    season: str | None
    holiday: str | None
    day_type: str | None
    period_name: str | None
    rate_per_kwh: Decimal | None
    vat_rate: Decimal | None
    base_cost: Decimal
    vat: Decimal
    total: Decimal


@dataclass(frozen=True, slots=True)
class Explanation:
    """The whole chain for one device and UTC hour. `shown_*` are the amounts in minor units."""

    device_id: UUID
    device_name: str
    site_name: str
    municipality: str | None
    time_zone_id: str
    hour_at: datetime
    currency: str
    kwh: Decimal
    unallocated_kwh: Decimal
    estimated_kwh: Decimal
    suspect_readings: int
    readings: tuple[ReadingUsed, ...]
    pieces: tuple[PieceUsed, ...]
    parts: tuple[PricedPart, ...]
    shown_base: Decimal
    shown_vat: Decimal
    shown_total: Decimal
    as_of: AsOf = UNKNOWN


def readings_used(readings: Iterable[JudgedReading]) -> tuple[ReadingUsed, ...]:
    """Return the readings of an hour as judged, with those that its first piece starts from and its last ends at."""
    return tuple(
        ReadingUsed(each.at, kwh_from_milliwh(each.milliwh), _validation(each), each.reason)
        for each in readings
    )


def _validation(reading: JudgedReading) -> str:
    if reading.reason is not None:
        return "suspect"
    return "accepted" if reading.link is None else reading.link.value


def piece_used(piece: Piece, hour: datetime) -> PieceUsed:
    """Return a piece with the share of its time that lies in an hour."""
    overlap = min(piece.end_at, hour + HOUR) - max(piece.start_at, hour)
    return PieceUsed(
        piece.start_at,
        piece.end_at,
        kwh_from_milliwh(piece.milliwh),
        piece.kind,
        Decimal(str(round(overlap.total_seconds() / 60, 3))),
        Decimal(str(round((piece.end_at - piece.start_at).total_seconds() / 60, 3))),
    )


def priced_part(segment: Segment, milliwh: int, tariffs: Sequence[Tariff], zone: ZoneInfo) -> PricedPart:
    """Return a part of an hour with all that led to its price."""
    kwh = kwh_from_milliwh(milliwh)
    price = segment.price
    if price is None:
        none = Decimal(0)
        return PricedPart(
            segment.start_at,
            segment.end_at,
            kwh,
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            none,
            none,
            none,
        )
    with exact_decimals():
        base = kwh * price.rate_per_kwh
        vat = base * price.vat_rate
        total = base + vat
    return PricedPart(
        segment.start_at, segment.end_at, kwh, *_origin(price, segment, tariffs, zone), base, vat, total
    )


def _origin(
    price: Price, segment: Segment, tariffs: Sequence[Tariff], zone: ZoneInfo
) -> tuple[int | None, str | None, str | None, str | None, str | None, str | None, Decimal, Decimal]:
    tariff = next((tariff for tariff in tariffs if tariff.id == price.tariff_id), None)
    on = segment.start_at.astimezone(zone).date()
    season = tariff.season_on(on) if tariff else None
    holiday = tariff.holiday_on(on) if tariff else None
    return (
        price.tariff_id,
        tariff.name if tariff else None,
        season.name if season else None,
        holiday.name if holiday else None,
        holiday.day_type.value if holiday else None,
        price.period_name,
        price.rate_per_kwh,
        price.vat_rate,
    )


def shown(parts: Sequence[PricedPart], currency: str) -> tuple[Decimal, Decimal, Decimal]:
    """Return base, VAT and total of an hour in minor units that add up."""
    with exact_decimals():
        base = sum((part.base_cost for part in parts), Decimal(0))
        vat = sum((part.vat for part in parts), Decimal(0))
    shown_base, shown_vat = shown_pair(base, vat, currency)
    return shown_base, shown_vat, shown_base + shown_vat
