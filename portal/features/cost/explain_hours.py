"""The hours of a day that a panel explains: as rows, as a strip of bars, and which lie beside one of them."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from portal.core.cost.rules.shown_cost import shown_kwh
from portal.core.cost.service.explain import HourLine
from portal.core.history.rules.buckets import TimeSpan
from portal.core.history.service.energy import NO_TARIFF
from portal.core.languages import tr
from portal.core.values.apportioning import apportion
from portal.core.values.currencies import minor_unit
from portal.core.values.money import round_money
from portal.core.values.time import HOUR
from portal.features.cost.explain_view import HourRow
from portal.features.cost.hues import period_label
from portal.features.cost.time_bars import TimeBar, ValueWords, draw_bars, scale_for
from portal.ui import formats
from portal.ui.plotted import Drawn

_WH = Decimal("0.001")


def build_hours(lines: Sequence[HourLine], zone: str, currency: str) -> list[HourRow]:
    """The hours of a day with energy, in minor units of a currency and watt-hours that add up."""
    energies, _ = shown_kwh([line.kwh for line in lines], _WH)
    exact = [line.total for line in lines]
    totals = apportion(exact, round_money(sum(exact, Decimal(0)), currency), minor_unit(currency))
    return [
        {
            "key": line.hour_at.isoformat(),
            "label": _hour_label(line.hour_at, zone),
            "kwh": formats.number(kwh, 3),
            "total": formats.money(total, currency),
            "periods": ", ".join(period_label(name) for name in line.periods),
        }
        for line, kwh, total in zip(lines, energies, totals, strict=True)
    ]


def _hour_label(hour_at: datetime, zone: str) -> str:
    """The hour by the clock on the wall; where clocks change an hour may come twice, so its offset is said."""
    start = hour_at.astimezone(ZoneInfo(zone))
    end = start + HOUR  # by the clock: an hour at which it was put back ends at the time it showed before
    label = tr("{start} to {end}", start=f"{start:%H:%M}", end=f"{end:%H:%M}")
    around = {(hour_at + n * HOUR).astimezone(start.tzinfo).utcoffset() for n in (-1, 0, 1)}
    offset = f"{start:%z}"
    return label if len(around) == 1 else f"{label} (UTC{offset[:3]}:{offset[3:]})"


def hour_totals(lines: Sequence[HourLine], currency: str) -> list[str]:
    """What the hours add up to, a text per column."""
    kwh, total = (sum((getattr(line, part) for line in lines), Decimal(0)) for part in ("kwh", "total"))
    return [tr("Total"), formats.number(kwh, 3), "", formats.money(total, currency)]


def hour_bars(
    lines: Sequence[HourLine], window: tuple[datetime, datetime], zone: str, chosen: str = ""
) -> Drawn:
    """The energy of the hours as bars; where one is chosen the others are pale."""
    bars = [
        TimeBar(
            line.hour_at,
            line.hour_at + HOUR,
            _parts(line),
            _hour_label(line.hour_at, zone),
            line.hour_at.isoformat(),
            is_running=chosen not in ("", line.hour_at.isoformat()),
        )
        for line in lines
    ]
    return draw_bars(bars, TimeSpan(*window), ZoneInfo(zone), ValueWords(), scale_for(bars))


def _parts(line: HourLine) -> dict[str | None, float]:
    uncovered = line.kwh - sum(line.kwh_of.values(), Decimal(0))
    rest = {NO_TARIFF: uncovered} if uncovered else {}
    return {name: float(kwh) for name, kwh in (line.kwh_of | rest).items()}


def neighbours(keys: Sequence[str], key: str) -> tuple[str, str]:
    """The keys before and after one in an ordered list; nothing at its ends, or where it is not in it."""
    if key not in keys:
        return "", ""
    at = keys.index(key)
    return keys[at - 1] if at else "", keys[at + 1] if at + 1 < len(keys) else ""
