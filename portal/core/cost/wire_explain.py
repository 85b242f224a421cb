"""The explanation of an hour's cost, over HTTP. Energy and money exact; the rounded amounts stand at the end."""

from uuid import UUID

import msgspec

from portal.core.cost.rules.explanation import Explanation, PieceUsed, PricedPart, ReadingUsed
from portal.core.wire_fields import Exact, Instant


class _Answer(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    pass


class ReadingUsedAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """A reading and what the judge says of it: accepted, suspect, or what happened before it (reset, exchange, ...).

    `reason` says why one is suspect: zero, wobble, fall, spike, tooFast, stoodStill, conflict and others.
    """

    time: Instant
    register_kwh: Exact
    # Called `validation` everywhere else; whoever reads the API knows it by this name since the first release.
    verdict: str
    reason: str | None


class PieceAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """Energy between two accepted readings; the hour gets it in proportion to the minutes that lie in it."""

    from_utc: Instant
    to_utc: Instant
    kwh: Exact
    kind: str
    minutes: Exact
    minutes_in_hour: Exact


class PartAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """A part of the hour with one price: `baseCost` = `kwh` x `ratePerKwh`, `vat` = `baseCost` x `vatRate`."""

    from_utc: Instant
    to_utc: Instant
    kwh: Exact
    tariff_id: int | None
    tariff_name: str | None
    season: str | None
    holiday: str | None
    day_type: str | None
    period_name: str | None
    rate_per_kwh: Exact | None
    vat_rate: Exact | None
    base_cost: Exact
    vat: Exact
    total: Exact


class ExplanationAnswer(_Answer, rename="camel", frozen=True, kw_only=True):
    """Why an hour of a device costs what it costs; the last three are rounded.

    All readings stored by `asOf` are counted; unless `isComplete`, later ones are not yet.
    """

    as_of: Instant
    is_complete: bool
    device_id: UUID
    device_name: str
    site_name: str
    municipality: str | None
    time_zone_id: str
    hour_utc: Instant
    currency: str
    energy_rule: str
    rounding_rule: str
    kwh: Exact
    unallocated_kwh: Exact
    estimated_kwh: Exact
    suspect_readings: int
    readings: list[ReadingUsedAnswer]
    pieces: list[PieceAnswer]
    parts: list[PartAnswer]
    base_cost: Exact
    vat: Exact
    total: Exact


ENERGY_RULE = (
    "Between two accepted readings the register's difference is energy, split in proportion to time at the hour and"
    " where the rate changes; gaps longer than allowed are reported, not billed."
)


ROUNDING_RULE = (
    "Every part is exact. The hour's total is rounded once, half up to the currency's minor unit; base and VAT are"
    " rounded so that they add up to it."
)


def explanation_answer(found: Explanation) -> ExplanationAnswer:
    """Return an explanation as it is sent."""
    return ExplanationAnswer(
        as_of=found.as_of.at,
        is_complete=found.as_of.is_complete,
        device_id=found.device_id,
        device_name=found.device_name,
        site_name=found.site_name,
        municipality=found.municipality,
        time_zone_id=found.time_zone_id,
        hour_utc=found.hour_at,
        currency=found.currency,
        energy_rule=ENERGY_RULE,
        rounding_rule=ROUNDING_RULE,
        kwh=found.kwh,
        unallocated_kwh=found.unallocated_kwh,
        estimated_kwh=found.estimated_kwh,
        suspect_readings=found.suspect_readings,
        readings=[_reading(each) for each in found.readings],
        pieces=[_piece(each) for each in found.pieces],
        parts=[_part(each) for each in found.parts],
        base_cost=found.shown_base,
        vat=found.shown_vat,
        total=found.shown_total,
    )


def _reading(used: ReadingUsed) -> ReadingUsedAnswer:
    return ReadingUsedAnswer(
        time=used.at, register_kwh=used.register_kwh, verdict=used.validation, reason=used.reason
    )


def _piece(used: PieceUsed) -> PieceAnswer:
    return PieceAnswer(
        from_utc=used.start_at,
        to_utc=used.end_at,
        kwh=used.kwh,
        kind=used.kind.value,
        minutes=used.minutes,
        minutes_in_hour=used.minutes_in_hour,
    )


def _part(part: PricedPart) -> PartAnswer:
    return PartAnswer(
        from_utc=part.start_at,
        to_utc=part.end_at,
        kwh=part.kwh,
        tariff_id=part.tariff_id,
        tariff_name=part.tariff_name,
        season=part.season,
        holiday=part.holiday,
        day_type=part.day_type,
        period_name=part.period_name,
        rate_per_kwh=part.rate_per_kwh,
        vat_rate=part.vat_rate,
        base_cost=part.base_cost,
        vat=part.vat,
        total=part.total,
    )
