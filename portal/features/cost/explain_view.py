"""An explanation as a page shows it: one line of words per step, figures exact until the last."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypedDict
from uuid import UUID
from zoneinfo import ZoneInfo

from portal.core.cost.rules.explanation import Explanation, PieceUsed, PricedPart
from portal.core.energy.rules.pieces import PieceKind
from portal.core.errors import NotFound
from portal.core.languages import tr
from portal.features.cost.hues import period_label
from portal.ui import formats


class HourRow(TypedDict):
    """An hour to choose."""

    key: str
    label: str
    kwh: str
    total: str
    periods: str


class ExplainStep(TypedDict):
    """One line of an explanation."""

    title: str
    words: str
    figure: str


@dataclass
class ExplainView:
    """Everything the drawer shows of one hour."""

    title: str = ""
    readings: list[ExplainStep] = field(default_factory=list)
    pieces: list[ExplainStep] = field(default_factory=list)
    parts: list[ExplainStep] = field(default_factory=list)
    result: list[ExplainStep] = field(default_factory=list)
    as_of: str = ""


def device_uuid(text: str) -> UUID:
    """Read a device's id. Raises NotFound for anything else: a wrong id and an unknown one are the same."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(tr("There is no such device.")) from None


def build_explanation(found: Explanation) -> ExplainView:
    """The whole chain in words."""
    zone = found.time_zone_id
    digits = max((_decimals(each.register_kwh) for each in found.readings), default=0)
    return ExplainView(
        as_of=formats.as_of(found.as_of, zone),
        title=f"{found.device_name}, {found.site_name}: {formats.local_time(found.hour_at, zone)} ({zone})",
        readings=[
            {
                "title": f"{each.at.astimezone(ZoneInfo(zone)):%H:%M:%S}",
                "words": each.validation,
                "figure": f"{formats.number(each.register_kwh, digits)}\u00a0kWh",
            }
            for each in found.readings
        ],
        pieces=[_piece(each, zone) for each in found.pieces] + _not_billed(found),
        parts=[step for part in found.parts for step in _part(part, zone, found.currency)],
        result=[
            {
                "title": tr("Base"),
                "words": tr("rounded so that the three add up"),
                "figure": formats.money(found.shown_base, found.currency),
            },
            {"title": tr("VAT"), "words": "", "figure": formats.money(found.shown_vat, found.currency)},
            {
                "title": tr("Total"),
                "words": tr("rounded half up, once"),
                "figure": formats.money(found.shown_total, found.currency),
            },
        ],
    )


def _piece(piece: PieceUsed, zone: str) -> ExplainStep:
    start, end = (at.astimezone(ZoneInfo(zone)) for at in (piece.start_at, piece.end_at))
    share = (
        tr("all of it in this hour")
        if piece.minutes_in_hour == piece.minutes
        else tr(
            "{minutes_in_hour} of {minutes} minutes lie in this hour",
            minutes_in_hour=_exact(piece.minutes_in_hour),
            minutes=_exact(piece.minutes),
        )
    )
    words = (
        share
        if piece.kind is PieceKind.ALLOCATED
        else tr("a gap too long to bill by the hour; {share}", share=share)
    )
    return {
        "title": tr("{start} to {end}", start=f"{start:%H:%M:%S}", end=f"{end:%H:%M:%S}"),
        "words": tr("the register rose, {words}", words=words),
        "figure": f"{_exact(piece.kwh)}\u00a0kWh",
    }


def _not_billed(found: Explanation) -> list[ExplainStep]:
    steps: list[ExplainStep] = []
    if found.unallocated_kwh:
        steps.append(
            {
                "title": tr("Gap"),
                "words": tr("energy of gaps that end in this hour, not billed"),
                "figure": f"{_exact(found.unallocated_kwh)}\u00a0kWh",
            }
        )
    if found.suspect_readings:
        steps.append(
            {
                "title": tr("Suspect readings"),
                "words": tr("kept, but no energy"),
                "figure": str(found.suspect_readings),
            }
        )
    return steps


def _part(part: PricedPart, zone: str, currency: str) -> list[ExplainStep]:
    start, end = (at.astimezone(ZoneInfo(zone)) for at in (part.start_at, part.end_at))
    title = tr("{start} to {end}", start=f"{start:%H:%M}", end=f"{end:%H:%M}")
    if part.rate_per_kwh is None or part.vat_rate is None:
        return [
            {
                "title": title,
                "words": tr("no tariff covers it, so it costs nothing"),
                "figure": f"{_exact(part.kwh)}\u00a0kWh",
            }
        ]
    symbol = formats.currency_symbol(currency)
    origin = [part.tariff_name or "", part.season or "", period_label(part.period_name)]
    if part.holiday:
        origin.insert(1, tr("{holiday} acts as {day_type}", holiday=part.holiday, day_type=part.day_type))
    return [
        {
            "title": title,
            "words": ", ".join(word for word in origin if word),
            "figure": f"{_exact(part.kwh)}\u00a0kWh",
        },
        {
            "title": "",
            "words": f"{_exact(part.kwh)} kWh x {symbol} {_exact(part.rate_per_kwh)}",
            "figure": f"{symbol}\u00a0{_exact(part.base_cost)}",
        },
        {
            "title": "",
            "words": tr("VAT {vat_rate} %", vat_rate=_exact(part.vat_rate * 100)),
            "figure": f"{symbol}\u00a0{_exact(part.vat)}",
        },
    ]


def _exact(value: Decimal) -> str:
    """A decimal with every digit it has, and no zeros after them."""
    return formats.number(value, _decimals(value))


def _decimals(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
