"""What changes of single hours cost, for what is shown before it is so."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from portal.core.cost.rules.rates import Segment
from portal.core.values.money import exact_decimals, kwh_from_milliwh
from portal.core.values.time import HOUR


def cost_of_hours(
    milliwh: Mapping[datetime, int], segments: Mapping[datetime, Sequence[Segment]]
) -> Decimal | None:
    """Return what the energy of UTC hours costs with VAT, exact, less than zero where it is; None: none has a price.

    `segments` are what prices each hour. An hour with several prices is divided in proportion to time.
    """
    total, is_priced = Decimal(0), False
    with exact_decimals():
        for hour, energy in milliwh.items():
            for segment, part in _parts(energy, segments.get(hour, ())):
                if segment.price is not None:
                    base = kwh_from_milliwh(part) * segment.price.rate_per_kwh
                    total += base + base * segment.price.vat_rate
                    is_priced = True
    return total if is_priced else None


def _parts(milliwh: int, segments: Sequence[Segment]) -> list[tuple[Segment, int]]:
    """Return the energy of each part of an hour; the last takes what rounding leaves."""
    parts = [milliwh * (each.end_at - each.start_at) // HOUR for each in segments[:-1]]
    return list(zip(segments, [*parts, milliwh - sum(parts)], strict=False)) if segments else []
