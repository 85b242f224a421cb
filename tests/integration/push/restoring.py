"""A database as it was: copied at one moment, and opened later in place of what it became."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx

from fleet_ingest.app import build_app
from portal.core import energy
from portal.core.readings.service import readings
from portal.core.readings.wire import DeviceReading
from portal.core.stack import Stack, open_stack
from portal.push import task
from portal.push.recover import RecoverReport
from tests.integration.databases import Stacks
from tests.integration.push.rig import Rig


async def copied(stacks: Stacks, stack: Stack) -> str:
    """Copy a stack's database, as a dump would; returns the name of the copy."""
    await stack.db.dispose()
    name = next(opened for known, opened in stacks.opened if known.db is stack.db)
    copy = f"{name}_copy"
    await stacks.server.execute(
        f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
        stacks.server.copying(name, copy),
        f"ALTER DATABASE {name} ALLOW_CONNECTIONS true",
    )
    return copy


async def opened(stacks: Stacks, stack: Stack, name: str) -> Stack:
    """Open a copy with the settings of the stack it was made of."""
    restored = replace(open_stack(stack.settings, stacks.server.dsn(name)), clock=stack.clock)
    stacks.opened.append((restored, name))
    return restored


async def restored_client(stacks: Stacks, rig: Rig, name: str) -> Rig:
    return replace(rig, client=await opened(stacks, rig.client, name))


async def recover(rig: Rig, **options: Any) -> RecoverReport:
    return await task.recover_once(rig.client, transport=rig.network, **options)


async def replay(rig: Rig, device: UUID, rows: list[DeviceReading]) -> int:
    """Have a board send what is in its buffer; returns how many were new."""
    return (await readings.import_readings(rig.client, device, rows)).accepted


async def stored_energy(stack: Stack, schema: str) -> dict[str, int]:
    """Return all energy by external id, allocated and not, in milliwatt-hours."""
    await energy.refresh(stack)
    async with stack.db.snapshot() as session:
        connection = await session.connection()
        rows = await connection.exec_driver_sql(
            "SELECT d.external_id, sum(h.allocated_milliwh + h.unallocated_milliwh)::bigint "
            f"FROM {schema}.hourly_energy h JOIN {schema}.devices d ON d.id = h.device_id GROUP BY 1"
        )
        return {row[0]: row[1] for row in rows}


async def with_admin(stacks: Stacks, rig: Rig, copy: str) -> Rig:
    """Return the rig with a copy in place of the Admin's database."""
    admin = await opened(stacks, rig.admin, copy)
    rig.network.inner = httpx.ASGITransport(app=build_app(admin.settings, admin))
    return Rig(rig.client, admin, rig.network, rig.token, rig.customer_id)
