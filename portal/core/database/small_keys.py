"""What stands for a device within the database: a customer's number and a meter's, in place of two ids of 16 bytes.

A key is given out once. A meter's number is one more than the last of its customer, or the seconds since 2026 where
that is more: neither a device that is deleted nor a database that is set back to yesterday lets a number be given to
another meter. (Devices that come in one batch count ahead of the clock, a second each.) Nobody outside sees the keys.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, cast
from uuid import UUID

from sqlalchemy import text

from portal.core.database.rows import fetch_rows, value_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout, MeterKey

OWN_CUSTOMER = 1
"""The number of the one customer there is at a Client."""

# A clock that is wrong by decades leaves numbers to count with: it may take all but the last 147 million of an integer.
_CLOCK = "least(extract(epoch FROM clock_timestamp())::bigint - 1767225600, 2000000000)"
_GIVE_OUT = """
INSERT INTO {meter_numbers} AS n (customer, last_meter)
SELECT coalesce({c.number,} own.number), greatest(0, {clock} - 1) + CAST(:count AS bigint)
FROM (VALUES (1)) AS own (number) {JOIN fleet.customers c ON c.id = :customer_id}
ON CONFLICT (customer) DO UPDATE SET last_meter = greatest(n.last_meter, {clock} - 1) + CAST(:count AS bigint)
RETURNING last_meter
"""


async def give_out(
    session: AsyncSession, layout: Layout, count: int = 1, customer_id: UUID | None = None
) -> range:
    """Return `count` numbers that no meter of the customer ever had; what is not used of them stays unused.

    Whoever else wants some of the same customer waits for the end of the transaction. To keep out of deadlocks, ask
    before a device is locked.
    """
    given = {"count": count, "customer_id": customer_id}
    last = await value_of(session, int, layout.sql(_GIVE_OUT, clock=_CLOCK), given)
    return range(0) if last is None else range(last - count + 1, last + 1)


_CUSTOMER_LOCK = 7_301_011
# The rows of customers that are gone are left there, so that their numbers are not given out again.
_NEW_CUSTOMER = f"""
INSERT INTO fleet.meter_numbers (customer, last_meter)
SELECT greatest(coalesce(max(customer), 0), {_CLOCK} - 1) + 1, 0 FROM fleet.meter_numbers
RETURNING customer
"""


async def give_out_customer(session: AsyncSession) -> int:
    """Return a number that no customer of the Admin ever had; another registration waits for this transaction."""
    # By itself: a statement that waits for the lock would see what was there before it waited.
    await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CUSTOMER_LOCK})
    return await value_of(session, int, _NEW_CUSTOMER) or 0


class SmallKey(NamedTuple):
    """A device by the numbers of its customer and its meter."""

    customer: int
    meter: int


# A customer none of whose devices is there is one row, which says only how far its numbers are.
_LOOK_UP = """
SELECT {c.id AS customer_id,} d.id AS device_id, coalesce({c.number,} own.number) AS customer, n.last_meter, d.meter
FROM (VALUES (1)) AS own (number) {JOIN fleet.customers c ON c.id = ANY($2::uuid[])}
LEFT JOIN {meter_numbers} n ON n.customer = coalesce({c.number,} own.number)
LEFT JOIN {devices} d ON {d.customer_id = c.id AND} d.id = ANY($1::uuid[])
"""


class _Found(NamedTuple):
    key: tuple[UUID | None, ...]
    customer: int
    last_meter: int | None
    meter: int | None


@dataclass(slots=True, eq=False)
class _Keys:
    """Keys of a customer's meters as they are while its last number is `last_meter`; `counted` of them as kept."""

    last_meter: int | None
    meters: dict[MeterKey, SmallKey] = field(default_factory=dict["MeterKey", SmallKey])
    counted: int = 0


class SmallKeys:
    """The small keys of devices; those of the customers asked about last are kept in the process.

    A customer's last number goes on with every device that comes or goes: while it is the same, so are the keys. So
    each question asks for it, and for those devices that are not kept. Where it is another, what was kept is forgotten:
    a deleted device has no key, nor has one that a database lost which was set back under a running process.
    """

    def __init__(self, *, most: int = 100_000) -> None:
        """`most` is how many devices are kept at most, of some 300 bytes each."""
        self._most = most
        self._size = 0
        self._kept: OrderedDict[UUID | None, _Keys] = OrderedDict()

    async def of_meters(
        self, connection: asyncpg.Connection, layout: Layout, keys: Iterable[MeterKey]
    ) -> dict[MeterKey, SmallKey]:
        """Return the small keys of those meters that are there, by their ids.

        One statement, and a second one after a device of the customer came or went. Not for a transaction that adds or
        removes devices itself: what is undone of that would be kept.
        """
        asked: dict[UUID | None, list[MeterKey]] = defaultdict(list)
        for key in keys:
            asked[layout.customer_of(key)].append(key)
        kept = {customer: self._kept.get(customer, _Keys(None)) for customer in asked}
        unknown = [key for customer, of in asked.items() for key in _unknown(of, kept[customer])]
        found = await _look_up(connection, layout, unknown)
        outdated = [
            key
            for customer, now in found.items()
            if kept[customer].meters and now.last_meter != kept[customer].last_meter
            for key in asked[customer]
        ]
        if outdated:
            found |= await _look_up(connection, layout, outdated)
        answer: dict[MeterKey, SmallKey] = {}
        for customer, of in asked.items():
            meters = self._keep(customer, kept[customer], found.get(customer, _Keys(None))).meters
            answer |= {key: meters[key] for key in of if key in meters}
        return answer

    def _keep(self, customer: UUID | None, kept: _Keys, found: _Keys) -> _Keys:
        """Return what was found, with what was kept where that still holds, and keep it."""
        if found.last_meter is not None and found.last_meter == kept.last_meter:
            kept.meters.update(found.meters)
            found = kept
        if replaced := self._kept.pop(customer, None):
            self._size -= replaced.counted
        if found.last_meter is not None:
            self._kept[customer] = found
            found.counted = len(found.meters)
            self._size += found.counted
        while self._size > self._most:
            self._size -= self._kept.popitem(last=False)[1].counted
        return found

    def __len__(self) -> int:
        """Return how many devices are kept."""
        return self._size


def _unknown(keys: list[MeterKey], kept: _Keys) -> list[MeterKey]:
    """Return the keys that are not kept; one at least, so that their customer is asked about."""
    return [key for key in keys if key not in kept.meters] or keys[:1]


async def _look_up(
    connection: asyncpg.Connection, layout: Layout, keys: list[MeterKey]
) -> dict[UUID | None, _Keys]:
    """Return those of the meters that are there, of each customer that is."""
    if not keys:
        return {}
    asked = layout.arrays(keys).values()
    found: dict[UUID | None, _Keys] = {}
    for row in await fetch_rows(connection, _Found, layout.sql(_LOOK_UP), *asked, keys=layout.key_width):
        key = cast("MeterKey", row.key)  # it has its device where there is a number
        keys_of = found.setdefault(layout.customer_of(key), _Keys(row.last_meter))
        if row.meter is not None:
            keys_of.meters[key] = SmallKey(row.customer, row.meter)
    return found
