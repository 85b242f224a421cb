"""The list of customers, for fleets of ten thousand: counted, filtered, ordered and cut into pages by the database."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from portal.core.database.rows import row_of, rows_of, values_of
from portal.core.fleet.queries.customers import PushBacklog
from portal.core.fleet.queries.fleet_energy import METER_SUMS, given_windows, today_windows
from portal.core.fleet.queries.local_midnights import TODAY_OF_METERS
from portal.core.fleet.rules.customer_lists import (
    OLD_TOKEN,
    CustomerOrder,
    CustomersAsked,
    CustomerStatus,
)
from portal.core.values.money import kwh_from_milliwh

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.fleet.queries.local_midnights import LocalMidnights


@dataclass(frozen=True)
class ListedCustomer:
    """A customer as lists show it; `energy_today_kwh` is since midnight where its sites are.

    `refusal` is why its last batches are refused, since when: empty unless it is failing.
    """

    id: UUID
    code: str
    name: str
    state: CustomerStatus
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    token_issued_at: datetime
    token_rotated_at: datetime | None
    previous_token_expires_at: datetime | None
    refusal: str
    refused_since: datetime | None
    site_count: int
    meter_count: int
    energy_today_kwh: Decimal
    push: PushBacklog | None


class CustomerCounts(NamedTuple):
    """How many of the customers that match a search there are, of each filter."""

    everybody: int
    failing: int
    late: int
    never: int
    active: int
    disabled: int
    old_token: int

    def of(self, shown: str) -> int:
        """Return how many there are of a filter; "" is everybody."""
        return getattr(self, shown.replace("-", "_") if shown else "everybody")


# Of a refusal r and its customer c. A token that opens nothing is behind whoever has pushed since. Anything else is so
# for its type of batch, and for a day: a Client that gave rows up does not send them again.
STILL_REFUSED = """
CASE WHEN r.status = 401 THEN coalesce(c.last_seen_at < r.last_at, true)
     ELSE r.last_at > CAST(:now AS timestamptz) - interval '1 day' AND NOT EXISTS (
         SELECT 1 FROM fleet.ingest_events e WHERE e.customer_id = r.customer_id
         AND e.received_at > r.last_at AND e.batch_type = r.batch_type AND e.error IS NULL)
END
"""
_FAILING = f"""
failing AS (
    SELECT DISTINCT ON (r.customer_id) r.customer_id, r.status || ': ' || r.reason AS refusal, r.first_at AS since
    FROM fleet.push_refusals r JOIN fleet.customers c ON c.id = r.customer_id
    WHERE {STILL_REFUSED} ORDER BY r.customer_id, r.last_at DESC, r.batch_type
)
"""
FOUND = f"""
WITH {_FAILING}, found AS (
    SELECT c.*, f.refusal, f.since AS refused_since,
           CASE WHEN NOT c.is_active THEN 'disabled' WHEN f.customer_id IS NOT NULL THEN 'failing'
                WHEN c.last_seen_at IS NULL THEN 'never'
                WHEN c.last_seen_at >= CAST(:active_since AS timestamptz) THEN 'active' ELSE 'late' END AS state,
           coalesce(c.previous_token_expires_at > CAST(:now AS timestamptz), false) AS has_old_token
    FROM fleet.customers c LEFT JOIN failing f ON f.customer_id = c.id
    {{matching}}
)
"""
_WORD = """
(strpos(lower(c.code || ' ' || c.name), :word_{0}) > 0
 OR c.id IN (SELECT s.customer_id FROM fleet.sites s WHERE strpos(lower(s.name), :word_{0}) > 0)
 OR c.id IN (SELECT d.customer_id FROM fleet.devices d WHERE strpos(lower(d.external_id), :word_{0}) > 0))
"""
_COUNTS = """
SELECT count(*) AS everybody, count(*) FILTER (WHERE state = 'failing') AS failing,
       count(*) FILTER (WHERE state = 'late') AS late, count(*) FILTER (WHERE state = 'never') AS never,
       count(*) FILTER (WHERE state = 'active') AS active, count(*) FILTER (WHERE state = 'disabled') AS disabled,
       count(*) FILTER (WHERE has_old_token) AS old_token
FROM found
"""
_BY_NAME = "lower(found.name), found.id"
# In trouble the longest first.
_BY_TROUBLE = (
    "array_position(ARRAY['failing', 'late', 'never', 'active', 'disabled'], found.state), "
    "CASE WHEN found.state IN ('failing', 'late') THEN coalesce(found.refused_since, found.last_seen_at) END"
)
_ORDERS = {
    CustomerOrder.TROUBLE: _BY_TROUBLE,
    CustomerOrder.NAME: "lower(found.name)",
    CustomerOrder.SEEN: "found.last_seen_at",
    CustomerOrder.SITES: "coalesce(counted.sites, 0)",
    CustomerOrder.METERS: "coalesce(counted.meters, 0)",
    CustomerOrder.TODAY: "coalesce(counted.milliwh, 0)",
    CustomerOrder.ISSUED: "coalesce(found.token_rotated_at, found.token_issued_at)",
}
_CHOSEN = {
    "": "WHERE CAST(:shown AS text) = ''",
    "old-token": "WHERE found.has_old_token AND CAST(:shown AS text) <> ''",
    "state": "WHERE found.state = :shown",
}
# What the rows of a page alone show is only counted over all of them where they are ordered by it.
_COUNTED = {
    order: f"LEFT JOIN ({counted}) counted ON counted.customer_id = found.id"
    for order, counted in (
        (CustomerOrder.SITES, "SELECT s.customer_id, count(*) AS sites FROM fleet.sites s GROUP BY 1"),
        (
            CustomerOrder.METERS,
            "SELECT d.customer_id, count(*) AS meters FROM fleet.devices d WHERE d.kind <> 'virtual' GROUP BY 1",
        ),
        (
            CustomerOrder.TODAY,
            f"SELECT sums.customer_id, sum(sums.milliwh) AS milliwh FROM {METER_SUMS} sums GROUP BY 1",
        ),
    )
}
_ROWS = f"""
SELECT found.id, found.code, found.name, found.state, found.first_seen_at, found.last_seen_at,
       found.token_issued_at, found.token_rotated_at, found.previous_token_expires_at,
       coalesce(found.refusal, '') AS refusal, found.refused_since,
       (SELECT count(*) FROM fleet.sites s WHERE s.customer_id = found.id) AS site_count,
       (SELECT count(*) FROM fleet.devices d WHERE d.customer_id = found.id AND d.kind <> 'virtual') AS meter_count,
       (SELECT coalesce(sum(today.milliwh), 0)::bigint {TODAY_OF_METERS}
         WHERE d.customer_id = found.id AND d.kind = 'bulk') AS today_milliwh,
       p.reported_at, p.waiting_rows + p.refused_rows AS waiting_rows, p.given_up_rows, p.oldest_at, p.drain_seconds
FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS wanted (id, number)
JOIN found ON found.id = wanted.id
LEFT JOIN fleet.push_reports p ON p.customer_id = found.id
ORDER BY wanted.number
"""


class _Row(NamedTuple):
    id: UUID
    code: str
    name: str
    state: str
    first_seen_at: datetime | None
    last_seen_at: datetime | None
    token_issued_at: datetime
    token_rotated_at: datetime | None
    previous_token_expires_at: datetime | None
    refusal: str
    refused_since: datetime | None
    site_count: int
    meter_count: int
    today_milliwh: int
    reported_at: datetime | None
    waiting_rows: int | None
    given_up_rows: int | None
    oldest_at: datetime | None
    drain_seconds: int | None


async def counts(session: AsyncSession, asked: CustomersAsked, moments: dict[str, object]) -> CustomerCounts:
    """Return how many customers match the search, by filter; `moments` are `now` and `active_since`."""
    statement, given = _matching(asked)
    return await row_of(session, CustomerCounts, statement + _COUNTS, moments | given)


async def ids_of_page(
    session: AsyncSession, asked: CustomersAsked, moments: dict[str, object], midnights: LocalMidnights
) -> list[UUID]:
    """Return whose rows stand on a page, in its order."""
    statement, given = _matching(asked)
    joined = _COUNTED.get(asked.order, "")
    chosen = _CHOSEN["old-token" if asked.shown == OLD_TOKEN else "state" if asked.shown else ""]
    given["shown"] = asked.shown
    if asked.order is CustomerOrder.TODAY:
        given.update(given_windows(today_windows(midnights)))
    descending = "DESC NULLS LAST" if asked.is_descending else "NULLS FIRST"
    ordered = f"ORDER BY {_ORDERS[asked.order]} {descending}, {_BY_NAME} LIMIT {asked.rows:d} OFFSET {asked.skipped}"
    return await values_of(
        session, UUID, f"{statement}SELECT found.id FROM found {joined} {chosen} {ordered}", moments | given
    )


async def customers_of(
    session: AsyncSession, ids: Sequence[UUID], moments: dict[str, object], midnights: LocalMidnights
) -> tuple[ListedCustomer, ...]:
    """Return customers in the order of their ids; those that are gone are left out."""
    statement = FOUND.replace("{matching}", "WHERE c.id = ANY(CAST(:ids AS uuid[]))") + _ROWS
    given = moments | midnights.given() | {"ids": list(ids)}
    return tuple(_customer(row) for row in await rows_of(session, _Row, statement, given))


def _matching(asked: CustomersAsked) -> tuple[str, dict[str, object]]:
    words = asked.words
    each = " AND ".join(_WORD.format(number) for number in range(len(words)))
    matching = f"WHERE {each}" if words else ""
    given: dict[str, object] = {f"word_{number}": word for number, word in enumerate(words)}
    return FOUND.replace("{matching}", matching), given


def _customer(row: _Row) -> ListedCustomer:
    push = None
    if row.reported_at is not None:
        push = PushBacklog(
            row.reported_at,
            row.waiting_rows or 0,
            row.given_up_rows or 0,
            row.oldest_at,
            row.drain_seconds or 0,
        )
    return ListedCustomer(
        row.id,
        row.code,
        row.name,
        CustomerStatus(row.state),
        row.first_seen_at,
        row.last_seen_at,
        row.token_issued_at,
        row.token_rotated_at,
        row.previous_token_expires_at,
        row.refusal,
        row.refused_since,
        row.site_count,
        row.meter_count,
        kwh_from_milliwh(row.today_milliwh),
        push,
    )
