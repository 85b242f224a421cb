"""The database rounds stored doubles as the ingest rounds what comes in."""

from __future__ import annotations

import math
import random
from decimal import Decimal
from typing import TYPE_CHECKING

from portal.core.readings.queries.narrow_sql import steps_sql
from portal.core.readings.rules.quantities import ALL_QUANTITIES, QUANTITY_OF, Quantity
from portal.core.readings.rules.scaling import from_stored, to_stored

if TYPE_CHECKING:
    from portal.core.stack import Stack


def values_of(quantity: Quantity) -> list[float]:
    """Ends, middles between steps with their neighbours, whole steps, and numbers of any digits."""
    chance = random.Random(quantity.name)
    small = [chance.randint(-20_000, 20_000) for _ in range(400)]
    middles = [float(Decimal(2 * steps + 1).scaleb(-quantity.decimals) / 2) for steps in small]
    beside = [math.nextafter(value, chance.choice((-math.inf, math.inf))) for value in middles]
    most = from_stored(quantity, quantity.most - 1)
    any_digits = [chance.uniform(-most, most) for _ in range(400)]
    return [from_stored(quantity, quantity.least), most, 0.0, *middles, *beside, *any_digits]


async def test_the_database_rounds_as_the_ingest_does(client_stack: Stack) -> None:
    async with client_stack.db.direct.connection() as connection:
        for quantity in ALL_QUANTITIES:
            given = [
                value for value in values_of(quantity) if abs(value) * quantity.scale < quantity.most + 0.4
            ]
            rows = await connection.fetch(
                f"SELECT {steps_sql(quantity, 'x')} AS steps FROM unnest($1::float8[]) WITH ORDINALITY AS given (x, n)"
                " ORDER BY n",
                given,
            )
            assert [row["steps"] for row in rows] == [to_stored(quantity, value) for value in given]


async def test_nothing_stays_nothing(client_stack: Stack) -> None:
    expression = steps_sql(QUANTITY_OF["voltage_v"], "NULL::float8")
    async with client_stack.db.direct.connection() as connection:
        assert await connection.fetchval(f"SELECT {expression}") is None
