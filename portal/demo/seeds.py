"""Puts the demo's customer into both stacks, through the same services a person's clicks go through.

Everything here may be repeated: what is there is left as it is, also where somebody has changed it.
"""

from collections.abc import Sequence
from datetime import datetime

from portal.core.errors import NotFound, Unauthenticated
from portal.core.fleet.service import customers, fleet_batches
from portal.core.identity.service import accounts
from portal.core.readings.service import readings
from portal.core.sites.service import devices, sites
from portal.core.stack import Stack
from portal.core.tariffs.service import municipalities, tariff_imports, tariffs
from portal.demo import site_plan
from portal.demo.memory import Memory
from portal.demo.site_plan import DevicePlan


async def seed_client(
    stack: Stack, memory: Memory, plans: Sequence[DevicePlan]
) -> dict[str, datetime | None]:
    """Make the customer's sites, tariffs and devices; return the last reading of each device by external id.

    Device tokens end up in `memory`.
    """
    await accounts.ensure_first_admin(stack)
    await _seed_tariffs(stack)
    await _seed_sites(stack)
    for plan in plans:
        await _seed_device(stack, memory, plan)
    memory.save()
    wanted = {plan.external_id for plan in plans}
    there = await devices.list_devices(stack)
    return {device.external_id: device.last_reading_at for device in there if device.external_id in wanted}


async def seed_admin(stack: Stack, memory: Memory) -> None:
    """Register the customer at the Admin, or give it a new token when the remembered one is not good any more."""
    await accounts.ensure_first_admin(stack)
    try:
        await fleet_batches.authenticate_customer(stack, memory.customer_token)
    except Unauthenticated:
        memory.customer_token = await _issue_customer_token(stack)
        memory.save()


async def _issue_customer_token(stack: Stack) -> str:
    try:
        customer_id = await customers.find_customer_id(stack, site_plan.CUSTOMER_CODE)
    except NotFound:
        return (await customers.register(stack, site_plan.CUSTOMER_CODE, site_plan.CUSTOMER_NAME)).token
    return (await customers.rotate(stack, customer_id, grace_hours=0)).token


async def _seed_tariffs(stack: Stack) -> None:
    found = {municipality.name: municipality for municipality in await tariffs.list_tariffs(stack)}.get(
        site_plan.MUNICIPALITY
    )
    if found is None:
        await municipalities.add_municipality(stack, site_plan.MUNICIPALITY, site_plan.ZONE.key)
    if found is None or not found.tariffs:
        await tariff_imports.import_tariffs(stack, site_plan.tariffs())


async def _seed_sites(stack: Stack) -> None:
    there = {site.name for site in await sites.list_sites(stack)}
    for name, address in site_plan.SITES.items():
        if name not in there:
            await sites.add_site(stack, name, address=address, municipality=site_plan.MUNICIPALITY)


async def _seed_device(stack: Stack, memory: Memory, plan: DevicePlan) -> None:
    if all(device.external_id != plan.external_id for device in await devices.list_devices(stack)):
        made = await devices.add_device(
            stack,
            plan.name,
            site=plan.site,
            external_id=plan.external_id,
            description=plan.description,
            max_power_kw=plan.max_power_kw,
        )
        memory.device_tokens[plan.external_id] = made.token or ""
        return
    try:
        await readings.authenticate_device(stack, memory.device_tokens.get(plan.external_id, ""))
    except Unauthenticated:
        issued = await devices.rotate_device_token(stack, plan.external_id)
        memory.device_tokens[plan.external_id] = issued.token or ""
