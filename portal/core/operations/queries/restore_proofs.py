"""What restoring the nightly backups showed, the latest and the latest that went well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select
from sqlmodel import col

from portal.core.operations.tables import RestoreProofRow

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

_LONGEST_PROBLEM = 1000


@dataclass(frozen=True)
class RestoreProof:
    """A backup that was restored beside the stack; `problem` is empty where all of it came back and balances."""

    checked_at: datetime
    file: str
    file_bytes: int = 0
    row_count: int = 0
    meter_count: int = 0
    day_count: int = 0
    problem: str = ""


@dataclass(frozen=True)
class RestoreProofs:
    """The latest, and when one last went well; None where none ever did."""

    latest: RestoreProof
    proven_at: datetime | None


async def add(session: AsyncSession, proof: RestoreProof) -> None:
    """Keep what was found."""
    values = vars(proof) | {"problem": proof.problem[:_LONGEST_PROBLEM]}
    await session.execute(insert(RestoreProofRow).values(values))


async def found(session: AsyncSession) -> RestoreProofs | None:
    """Return what the latest showed; None before the first."""
    row = await session.scalar(select(RestoreProofRow).order_by(col(RestoreProofRow.id).desc()).limit(1))
    if row is None:
        return None
    well = select(func.max(col(RestoreProofRow.checked_at))).where(col(RestoreProofRow.problem) == "")
    latest = RestoreProof(
        row.checked_at, row.file, row.file_bytes, row.row_count, row.meter_count, row.day_count, row.problem
    )
    return RestoreProofs(latest, await session.scalar(well))
