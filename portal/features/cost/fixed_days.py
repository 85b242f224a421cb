"""Which part of the fixed charges each day carries, in minor units that add up to what is shown of them."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from portal.core.cost.rules.cost import FixedCost
from portal.core.values.apportioning import Pair, apportion_pairs
from portal.core.values.currencies import minor_unit
from portal.core.values.money import share_of

_DAY = timedelta(days=1)
_ZERO = Decimal(0)


def fixed_by_day(charges: Sequence[FixedCost], days: Sequence[date], currency: str) -> dict[date, Pair]:
    """Return the part of each of the days without VAT and its VAT; empty where nothing is charged.

    A charge, in minor units, is spread evenly over its days. Local days beside a report's UTC days count to the nearest
    of those.
    """
    if not charges or not days:
        return {}
    exact: dict[date, Pair] = dict.fromkeys(days, (_ZERO, _ZERO))
    for charge in charges:
        count = (charge.last_day - charge.first_day).days + 1
        base, vat = (share_of(amount, 1, count) for amount in (charge.base_cost, charge.vat))
        for number in range(count):
            day = min(max(charge.first_day + number * _DAY, days[0]), days[-1])
            exact[day] = (exact[day][0] + base, exact[day][1] + vat)
    whole = (sum((each.base_cost for each in charges), _ZERO), sum((each.vat for each in charges), _ZERO))
    shown = apportion_pairs(list(exact.values()), whole, minor_unit(currency))
    return dict(zip(exact, shown, strict=True))
