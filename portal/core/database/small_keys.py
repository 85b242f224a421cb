"""What stands for a device within the database: a customer's number and a meter's, in place of two ids of 16 bytes.

A key is given out once. A meter's number is one more than the last of its customer, or the seconds since 2026 where
that is more: neither a device that is deleted nor a database that is set back to yesterday lets a number be given to
another meter. (Devices that come in one batch count ahead of the clock, a second each.) Nobody outside sees the keys.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from sqlalchemy import text

from portal.core.database.rows import fetch_rows, value_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import asyncpg
    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout

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
SELECT d.id AS device_id, coalesce({c.number,} own.number) AS customer, n.last_meter, d.meter
FROM (VALUES (1)) AS own (number) {JOIN fleet.customers c ON c.id = $2}
LEFT JOIN {meter_numbers} n ON n.customer = coalesce({c.number,} own.number)
LEFT JOIN {devices} d ON {d.customer_id = c.id AND} d.id = ANY($1::uuid[])
"""


class _Found(NamedTuple):
    device_id: UUID | None
    customer: int
    last_meter: int | None
    meter: int | None


@dataclass(slots=True, eq=False)
class _Keys:
    """Keys of a customer's meters as they are while its last number is `last_meter`; `counted` of them as kept.

    They are by the numbers of the devices' ids: an id takes Python longer to hash than all else that is done with it.
    """

    last_meter: int | None
    meters: dict[int, SmallKey] = field(default_factory=dict[int, SmallKey])
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

    async def of_devices(
        self,
        connection: asyncpg.Connection,
        layout: Layout,
        customer_id: UUID | None,
        devices: Mapping[int, UUID],
    ) -> dict[int, SmallKey]:
        """Return the small keys of those devices of a customer (None at a Client) that are there.

        Both are by the numbers of the devices' ids (`UUID.int`). One statement, and a second one after a device of the
        customer came or went. Not for a transaction that adds or removes devices itself: what is undone of that would
        be kept.
        """
        if not devices:
            return {}
        kept = self._kept.get(customer_id, _Keys(None))
        # One at least, so that the customer is asked about.
        unknown = [device for number, device in devices.items() if number not in kept.meters]
        unknown = unknown or [next(iter(devices.values()))]
        found = await _look_up(connection, layout, customer_id, unknown)
        if kept.meters and found.last_meter != kept.last_meter:
            found = await _look_up(connection, layout, customer_id, list(devices.values()))
        meters = self._keep(customer_id, kept, found).meters
        return {number: meters[number] for number in devices if number in meters}

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


async def _look_up(
    connection: asyncpg.Connection, layout: Layout, customer_id: UUID | None, devices: list[UUID]
) -> _Keys:
    """Return those of the devices that are there; without a last number where the customer is not."""
    asked = (devices, customer_id) if layout.has_customers else (devices,)
    rows = await fetch_rows(connection, _Found, layout.sql(_LOOK_UP), *asked)
    found = _Keys(rows[0].last_meter if rows else None)
    for row in rows:
        if row.device_id is not None and row.meter is not None:
            found.meters[row.device_id.int] = SmallKey(row.customer, row.meter)
    return found
