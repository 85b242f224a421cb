"""A handful of new readings of one device, stored by one statement: what most posts of boards are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from portal.core.database.reading_locks import WRITERS
from portal.core.database.rows import fetch_row
from portal.core.database.small_keys import OWN_CUSTOMER
from portal.core.readings.rules.quantities import NARROW_QUANTITIES, QUANTITY_OF
from portal.core.readings.rules.scaling import DoesNotFit, to_stored

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    import asyncpg

    from portal.core.readings.wire import DeviceReading

# The device is locked as a foreign key would, since the statement sees what was there before it waited for the lock of
# the customer. Sources that have no number yet are for the other way, and then nothing is stored here.
_ADD_FEW = """
WITH waited AS MATERIALIZED (
    SELECT pg_advisory_xact_lock_shared({writers}, {own_customer})
), device AS MATERIALIZED (
    SELECT d.customer, d.meter FROM waited CROSS JOIN monitoring.devices d WHERE d.id = $1 FOR KEY SHARE OF d
), stored AS (
    INSERT INTO monitoring.readings (customer, meter, received, time, source{columns})
    SELECT d.customer, d.meter, floor(extract(epoch FROM now()) - 946684800)::integer, sent.time, n.id{sent}
    FROM device d CROSS JOIN unnest($2::timestamptz[], $3::varchar[]{arrays}) WITH ORDINALITY
        AS sent (time, source{columns}, ordinal)
    LEFT JOIN monitoring.reading_sources n ON n.name = sent.source
    WHERE NOT EXISTS (
        SELECT 1 FROM unnest($3::varchar[]) AS named (source) WHERE named.source IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM monitoring.reading_sources k WHERE k.name = named.source)
    )
    ORDER BY sent.time, sent.ordinal
    ON CONFLICT DO NOTHING RETURNING time
), queued AS (
    INSERT INTO monitoring.rollup_batches (customer, meters, hours, firsts)
    SELECT d.customer, array_agg(d.meter), array_agg(hour), array_agg(first_at) FROM device d CROSS JOIN (
        SELECT date_trunc('hour', time, 'UTC') AS hour, min(time) AS first_at FROM stored GROUP BY hour
    ) AS touched GROUP BY d.customer
), noted AS (
    INSERT INTO app.push_outbox (device_id, received_at, first_at, last_at, row_count)
    SELECT $1, now(), min(time), max(time), count(*) FROM stored HAVING count(*) > 0
)
SELECT EXISTS (SELECT 1 FROM device) AS is_there, ARRAY(SELECT time FROM stored) AS times
"""


class _Stored(NamedTuple):
    is_there: bool
    times: list[datetime]


@dataclass(frozen=True, slots=True)
class FewStored:
    """What became of a handful of readings, by their indexes.

    `left` are readings whose instant had one, or whose source has no number yet: they are to be merged. `refused` says
    what does not fit. Without `is_there` the device is gone.
    """

    is_there: bool
    stored: Sequence[int]
    left: Sequence[int]
    refused: Sequence[tuple[int, str]]


async def add_few(
    connection: asyncpg.Connection, device_id: UUID, readings: Sequence[DeviceReading]
) -> FewStored:
    """Store those of a few readings of one device that are new, in a transaction of the statement's own."""
    rows: list[tuple[int, dict[str, int]]] = []
    refused: list[tuple[int, str]] = []
    for index, reading in enumerate(readings):
        try:
            rows.append((index, _stored(reading)))
        except DoesNotFit as refusal:
            refused.append((index, str(refusal)))
    names = _present(row for _, row in rows)
    found = await fetch_row(
        connection,
        _Stored,
        _statement(names),
        device_id,
        [readings[index].time for index, _ in rows],
        [readings[index].source for index, _ in rows],
        *([row.get(name) for _, row in rows] for name in names),
    )
    is_there, times = found or _Stored(is_there=False, times=[])
    stored: list[int] = []
    left: list[int] = []
    new = set(times)
    for index, _ in rows:
        at = readings[index].time
        (stored if at in new else left).append(index)
        new.discard(at)  # of several for one instant the first is the one that is stored
    return FewStored(is_there, stored, left, refused)


def _present(rows: Iterable[dict[str, int]]) -> tuple[str, ...]:
    present = {name for row in rows for name in row}
    return tuple(quantity.name for quantity in NARROW_QUANTITIES if quantity.name in present)


def _stored(reading: DeviceReading) -> dict[str, int]:
    return {
        quantity.name: to_stored(quantity, value)
        for quantity in NARROW_QUANTITIES
        if (value := getattr(reading, quantity.name, None)) is not None
    }


@lru_cache(maxsize=64)
def _statement(names: tuple[str, ...]) -> str:
    kinds = [QUANTITY_OF[name].width.type_name for name in names]
    return _ADD_FEW.format(
        writers=WRITERS,
        own_customer=OWN_CUSTOMER,
        columns="".join(f", {name}" for name in names),
        sent="".join(f", sent.{name}" for name in names),
        arrays="".join(f", ${number}::{kind}[]" for number, kind in enumerate(kinds, start=4)),
    )
