"""The row of the queue of hours that a batch at the Admin brings, in PostgreSQL's binary COPY format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.core.readings.queries.copy_binary import TIMESTAMPTZ_OID, UUID_OID, array, one_row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from portal.core.readings.queries.narrow_rows import TouchedHour


def queue_row(customer_id: UUID, hours: Sequence[TouchedHour], devices: Mapping[int, UUID]) -> bytes:
    """Return one row of (customer_id, device_ids, hours, firsts); `devices` are by the numbers of their meters."""
    return one_row(
        customer_id.bytes,
        array(UUID_OID, 16, [devices[each.meter].bytes for each in hours]),
        array(TIMESTAMPTZ_OID, 8, [each.hour.to_bytes(8, "big", signed=True) for each in hours]),
        array(TIMESTAMPTZ_OID, 8, [each.first.to_bytes(8, "big", signed=True) for each in hours]),
    )
