"""Between doubles and the integers of the narrow row, in SQL: the one rounding, and the way back."""

from portal.core.readings.rules.quantities import Quantity
from portal.core.readings.rules.scaling import QUICK_LIMITS


def figure_sql(quantity: Quantity, stored: str) -> str:
    """Return an expression for stored steps as a double in the quantity's unit, as `from_stored`; null for null.

    `stored` is an expression of our own, such as a column: whole steps, or an average of them.
    """
    return f"({stored})::float8 / {quantity.scale}::float8"


def steps_sql(quantity: Quantity, value: str) -> str:
    """Return an expression for a double in the quantity's unit as stored steps: a bigint, null for null.

    `value` is an expression of our own, such as a column. Rounds as `to_stored` of `rules/scaling`; multiplying alone,
    `(value * 100)::int4`, makes 57 steps of 0.575 V. A bigint that the quantity's column cannot take is returned as it
    is. Raises in the database for what is not finite or beyond a bigint; needs `extra_float_digits` as PostgreSQL has
    it, 1, since a double's text is then its shortest.
    """
    limit = QUICK_LIMITS[quantity.width]
    product = f"({value} * {float(quantity.scale)!r}::float8)"
    exact = f"(({value})::text::numeric * {quantity.scale})"
    # round() of a numeric takes a half away from zero: back from there where that is odd.
    is_odd_half = f"abs({exact} % 1) = 0.5 AND round({exact}) % 2 <> 0"
    half_even = f"round({exact}) - CASE WHEN {is_odd_half} THEN sign({exact}) ELSE 0 END"
    return (
        f"CASE WHEN abs({product}) < {limit.product!r} AND abs({product} - round({product})) < {limit.distance!r}"
        f" THEN {product}::bigint ELSE ({half_even})::bigint END"
    )
