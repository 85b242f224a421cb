"""Who may write readings of a customer while what they lie under may go: in place of a foreign key in every row.

A foreign key would be looked up for each reading, which takes nearly half of what storing one takes. Instead whoever
stores readings shares a lock of their customer, in the transaction that stores them, and asks for the meters after it
has it. Whoever removes a device or a customer has the lock alone.

The locks are advisory ones of two numbers, so that `pg_locks` shows which they are: the first says which kind, the
second is the customer's number, or the meter's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

WRITERS = 7_301_012
"""Shared by those who store readings of a customer; its number follows."""
MERGES = 7_301_013
"""Held by the one who compares readings with those that are stored: by meter at a Client, by customer at the Admin."""
SOURCES = 7_301_014
"""Held by the one who numbers new sources."""
MOVES = 7_301_015
"""Held by the one who moves readings of a customer out of the table of an earlier release."""


async def keep_writers_out(session: AsyncSession, customer: int) -> None:
    """Wait until nobody stores readings of a customer (its number), and have others wait for this transaction.

    To be asked for before anything else is locked: a writer has this one first.
    """
    await session.execute(
        text("SELECT pg_advisory_xact_lock(CAST(:kind AS integer), CAST(:customer AS integer))"),
        {"kind": WRITERS, "customer": customer},
    )


async def move_alone(session: AsyncSession, customer: int) -> None:
    """Be the one who moves readings of a customer (its number), beside those who store others, until the commit."""
    await session.execute(
        text(
            "SELECT pg_advisory_xact_lock_shared(CAST(:writers AS integer), CAST(:customer AS integer)), "
            "pg_advisory_xact_lock(CAST(:moves AS integer), CAST(:customer AS integer))"
        ),
        {"writers": WRITERS, "moves": MOVES, "customer": customer},
    )
