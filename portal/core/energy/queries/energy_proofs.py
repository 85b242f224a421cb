"""What the energy proofs found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import text

from portal.core.database.rows import row_if_any

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout


@dataclass(frozen=True)
class ProofDifference:
    """A device's UTC day whose stored energy differs from its register, in whole milliwatt-hours."""

    device_id: UUID
    customer_id: UUID | None
    device: str
    day: date
    register_milliwh: int
    hours_milliwh: int
    day_milliwh: int

    @property
    def milliwh(self) -> int:
        """By how much it differs."""
        return max(
            abs(self.hours_milliwh - self.register_milliwh), abs(self.day_milliwh - self.register_milliwh)
        )


class Compared(NamedTuple):
    """How much of one customer was compared."""

    meter_count: int
    day_count: int


@dataclass(frozen=True)
class EnergyProof:
    """The result of one comparison of all stored energy with the registers.

    `customers` says how much of each was compared, and has nobody without readings; None where a release before it
    was kept noted the proof.
    """

    checked_at: datetime
    meter_count: int
    day_count: int
    differences: tuple[ProofDifference, ...]
    customers: dict[UUID, Compared] | None

    @property
    def milliwh(self) -> int:
        """By how much all of it differs: 0 when every register balances."""
        return sum(difference.milliwh for difference in self.differences)


_INSERT = """
INSERT INTO {energy_proofs} (checked_at, meter_count, day_count, differences, customers)
VALUES (:checked_at, :meter_count, :day_count, CAST(:differences AS jsonb), CAST(:customers AS jsonb))
"""
_DELETE_OLD = "DELETE FROM {energy_proofs} WHERE id <= (SELECT max(id) - 100 FROM {energy_proofs})"
_LATEST = """
SELECT checked_at, meter_count, day_count, differences, customers FROM {energy_proofs} ORDER BY id DESC LIMIT 1
"""


async def insert(session: AsyncSession, layout: Layout, proof: EnergyProof) -> None:
    """Keep a proof; of earlier ones the last hundred stay."""
    await session.execute(
        text(layout.sql(_INSERT)),
        {
            "checked_at": proof.checked_at,
            "meter_count": proof.meter_count,
            "day_count": proof.day_count,
            "differences": msgspec.json.encode(proof.differences).decode(),
            "customers": msgspec.json.encode(proof.customers or {}).decode(),
        },
    )
    await session.execute(text(layout.sql(_DELETE_OLD)))


class _StoredProof(NamedTuple):
    checked_at: datetime
    meter_count: int
    day_count: int
    differences: list[object]
    customers: dict[str, object] | None


async def latest(session: AsyncSession, layout: Layout) -> EnergyProof | None:
    """Return the last proof."""
    found = await row_if_any(session, _StoredProof, layout.sql(_LATEST))
    if found is None:
        return None
    return EnergyProof(
        found.checked_at,
        found.meter_count,
        found.day_count,
        msgspec.convert(found.differences, tuple[ProofDifference, ...]),
        msgspec.convert(found.customers, dict[UUID, Compared] | None, str_keys=True),
    )


def only_of(proof: EnergyProof, customer_id: UUID) -> EnergyProof:
    """Return the proof as if there were one customer only: its meters, its days, its differences."""
    own = tuple(d for d in proof.differences if d.customer_id == customer_id)
    compared = (proof.customers or {}).get(customer_id, Compared(0, 0))
    return EnergyProof(proof.checked_at, *compared, own, {customer_id: compared})
