"""Who may read one customer's data in the database itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.core.audit import queries as audit
from portal.core.database.reader_role import ensure_reader, role_of_customer

if TYPE_CHECKING:
    from uuid import UUID

    from portal.core.database.db import AsyncSession
    from portal.core.stack import Stack


async def let_read(stack: Stack, customer_id: UUID, code: str, password: str) -> str:
    """Have a role of the database that reads this customer's rows of `reporting` and nothing else; returns its name.

    Raises `Misconfigured` where the portal's own role may not make roles.
    """
    role = role_of_customer(stack.settings.grafana.reader_name, customer_id)

    async def note(session: AsyncSession) -> None:
        await audit.record(session, "customer.reader_set", code, role)

    await ensure_reader(stack.db, stack.layout, role, password, note)
    return role
