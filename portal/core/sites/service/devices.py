"""The devices of a Client and their tokens: read, added, changed and removed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Unpack
from uuid import UUID, uuid4

from portal.core import energy
from portal.core.audit import queries as audit
from portal.core.audit.rules.changes import amount, changes_in_words, facts_in_words
from portal.core.errors import Conflict, HasHistory, Invalid, NotFound
from portal.core.sites.queries import devices as queries
from portal.core.sites.queries import sites
from portal.core.sites.queries.devices import StoredDevice
from portal.core.sites.rules.meter_tree import (
    DeviceKind,
    Formula,
    Tree,
    TreePosition,
    check_position,
    check_removal,
)
from portal.core.sites.rules.sites import DeviceEdits, DeviceFacts, sound_device
from portal.core.values.pages import EVERYTHING, Asked, Page, page_of
from portal.core.values.tokens import new_device_token
from portal.core.values.versions import require_version
from portal.core.words import noted, say

if TYPE_CHECKING:
    from collections.abc import Collection

    from portal.core.database.db import AsyncSession
    from portal.core.stack import Stack

__all__ = ["IssuedDevice", "StoredDevice"]

MAX_GRACE_HOURS = 720
DEFAULT_GRACE_HOURS = 24
_NO_SITE = noted("There is no such site")
_NO_DEVICE = noted("There is no such device at this site")


@dataclass(frozen=True)
class IssuedDevice:
    """A device with a new token; `token` is shown once, and None for a virtual meter."""

    id: UUID
    name: str
    external_id: str
    token: str | None


async def list_devices(stack: Stack) -> tuple[StoredDevice, ...]:
    """Return every device by site and name."""
    async with stack.db.snapshot() as session:
        return await queries.list_devices(session, stack.clock())


async def page_of_devices(stack: Stack, asked: Asked = EVERYTHING) -> Page[StoredDevice]:
    """Return a page of all devices by site and name."""
    async with stack.db.snapshot() as session:
        found = await queries.list_devices(session, stack.clock(), asked)
    return page_of(found, asked, lambda device: device.key)


async def list_site_devices(stack: Stack, site_id: UUID, asked: Asked = EVERYTHING) -> Page[StoredDevice]:
    """Return a page of a site's devices by name. Raises `NotFound`."""
    async with stack.db.snapshot() as session:
        if await sites.get_site(session, site_id) is None:
            raise NotFound(_NO_SITE)
        found = await queries.list_devices(session, stack.clock(), asked, [site_id])
    return page_of(found, asked, lambda device: device.key)


async def get_device(stack: Stack, site_id: UUID, device_id: UUID) -> StoredDevice:
    """Return one device of a site. Raises `NotFound`."""
    async with stack.db.snapshot() as session:
        found = await queries.get_device(session, device_id, stack.clock())
    if found is None or found.site_id != site_id:
        raise NotFound(_NO_DEVICE)
    return found


async def add_device(
    stack: Stack, name: str, *, site: UUID | str, external_id: str, **facts: Unpack[DeviceFacts]
) -> IssuedDevice:
    """Add a device to a site, given by its id or its name, and issue its token; `facts` are what else is known of it.

    One with a `formula` is virtual: it has no token and never a reading. Raises `NotFound` for an unknown site,
    `Conflict` for a taken external id, `Invalid`.
    """
    given = DeviceFacts(
        description="", is_active=True, max_power_kw=None, register_digits=None, parent_id=None, formula=None
    )
    values = sound_device(DeviceEdits(**(given | facts), name=name, external_id=external_id))
    parent_id, formula = values.get("parent_id"), values.get("formula")
    token = None if formula is not None else new_device_token()
    async with stack.db.transaction() as session:
        tree = await queries.tree(session)
        values["site_id"] = await _site_id(session, site)
        position = TreePosition(values["site_id"], values.get("name", name), parent_id, formula)
        check_position(uuid4(), position, tree)
        columns = {**values, "kind": position.kind}
        made = await queries.insert_device(session, columns, token, stack.clock())
        if made is None:
            raise Conflict(_taken(external_id.strip()))
        await audit.record(session, "device.added", made.external_id, facts_in_words(_facts(made, tree)))
    return IssuedDevice(made.id, made.name, made.external_id, token)


async def change_device(
    stack: Stack,
    site_id: UUID,
    device_id: UUID,
    edits: DeviceEdits,
    *,
    expected: Collection[str] | None = None,
) -> StoredDevice:
    """Change what is given of a site's device; `site_id` in it moves the device, and all its energy, to another site.

    With another rated power or register its readings are judged anew; `parent_id` puts it below another meter of its
    site, from where it is not added up any more, in what is past as well. `expected` are the versions that are meant,
    None for any. Raises `NotFound` for an unknown site or device, `Conflict` for a taken external id and where meters
    depend on it at the site it would leave, `Outdated`, `Invalid`.
    """
    edits = sound_device(edits)
    async with stack.db.transaction() as session:
        tree = await queries.tree(session)
        before = await _lock(stack, session, device_id, site_id, expected)
        external_id = edits.get("external_id")
        if external_id and await queries.external_id_is_taken(session, external_id, device_id):
            raise Conflict(_taken(external_id))
        if "site_id" in edits:
            await _site_id(session, edits["site_id"])
        position = _position(before, edits)
        check_position(device_id, position, tree)
        if any(getattr(before, name) != value for name, value in edits.items()):
            await queries.update_device(session, device_id, {**edits, "kind": position.kind})
        after = await queries.get_device(session, device_id, stack.clock()) or before
        if _is_judged_by(after) != _is_judged_by(before):
            await energy.ask_for_passes(session, stack.layout, [(device_id,)])
        if words := changes_in_words(_named_facts(before, tree), _named_facts(after, tree)):
            await audit.record(session, "device.changed", before.external_id, words)
    return after


async def remove_device(
    stack: Stack, site_id: UUID, device_id: UUID, *, expected: Collection[str] | None = None
) -> None:
    """Delete a device of one of the `expected` versions (None: any).

    Raises `NotFound`, `Outdated`, `Conflict` where other meters depend on it, and `HasHistory` where it has readings:
    those are kept for ever.
    """
    async with stack.db.transaction() as session:
        await queries.keep_writers_out(session)
        await queries.forget_keys(session)
        tree = await queries.tree(session)
        device = await _lock(stack, session, device_id, site_id, expected)
        if await queries.has_readings(session, device_id):
            message = noted("The device has readings, which are kept: make it inactive instead")
            raise HasHistory(message)
        check_removal(device_id, tree)
        await queries.delete_device(session, device_id)
        await audit.record(
            session, "device.removed", device.external_id, facts_in_words(_facts(device, tree))
        )


async def rotate_device_token(
    stack: Stack,
    device: UUID | str,
    *,
    site_id: UUID | None = None,
    grace_hours: float = 0,
    expected: Collection[str] | None = None,
) -> IssuedDevice:
    """Give a device, named by its id or its external id, a new token; the old one works for `grace_hours` more.

    At most one old token ever works: that of a rotation before ends. With `site_id` only a device that stands there.
    `expected` are the versions of the device that this is meant for, None for any. Raises `NotFound`, `Outdated`, and
    `Invalid` for a grace out of bounds and a virtual meter.
    """
    if not 0 <= grace_hours <= MAX_GRACE_HOURS:
        message = say(
            "An old token may stay valid for 0 to {max_grace_hours} hours", max_grace_hours=MAX_GRACE_HOURS
        )
        raise Invalid(message)
    token, now = new_device_token(), stack.clock()
    async with stack.db.transaction() as session:
        found = await _lock(stack, session, device, site_id, expected)
        if found.kind is DeviceKind.VIRTUAL:
            message = noted("A virtual meter is calculated: it has no board and no token")
            raise Invalid(message)
        honoured_until = now + timedelta(hours=grace_hours) if grace_hours else None
        await queries.replace_token(session, found.id, token, now, honoured_until)
        detail = f"old token honoured for {grace_hours:g} hours" if grace_hours else ""
        await audit.record(session, "device.token_rotated", found.external_id, detail)
    return IssuedDevice(found.id, found.name, found.external_id, token)


def _position(device: StoredDevice, edits: DeviceEdits) -> TreePosition:
    """Return where a device would stand. Raises `Invalid` where it would begin or cease to be calculated."""
    formula = edits.get("formula", device.formula)
    if (formula is None) != (device.formula is None):
        message = noted("Whether a meter measures or is calculated stays as it is: add another one")
        raise Invalid(message)
    site_id, name = edits.get("site_id", device.site_id), edits.get("name", device.name)
    return TreePosition(site_id, name, edits.get("parent_id", device.parent_id), formula)


def _is_judged_by(device: StoredDevice) -> tuple[object, ...]:
    return device.max_power_kw, device.register_digits


def _facts(device: StoredDevice, tree: Tree) -> dict[str, object]:
    return {
        "name": device.name,
        "site": device.site_name,
        "description": device.description,
        "rated power": amount(device.max_power_kw, "kW"),
        "digits of its register": device.register_digits,
        "active": device.is_active,
        "below": None if device.parent_id is None else tree[device.parent_id].name,
        "is": None if device.formula is None else _in_words(device.formula, tree),
    }


def _in_words(formula: Formula, tree: Tree) -> str:
    return " ".join(f"{'+' if sign > 0 else '-'} {tree[term].name}" for term, sign in formula.signs())


def _named_facts(device: StoredDevice, tree: Tree) -> dict[str, object]:
    return {"external id": device.external_id, **_facts(device, tree)}


async def _lock(
    stack: Stack,
    session: AsyncSession,
    device: UUID | str,
    site_id: UUID | None,
    expected: Collection[str] | None,
) -> StoredDevice:
    if isinstance(device, str):
        found = await queries.find_device(session, device, stack.clock(), for_change=True)
        if found is None:
            message = say("There is no device with external id {device}", device=f"{device!r}")
            raise NotFound(message)
    else:
        found = await queries.get_device(session, device, stack.clock(), for_change=True)
    if found is None or site_id not in {None, found.site_id}:
        raise NotFound(_NO_DEVICE)
    require_version(found.version, expected)
    return found


async def _site_id(session: AsyncSession, site: UUID | str) -> UUID:
    """Return the id of a site given by its id or its name. Raises `NotFound` where there is none."""
    if isinstance(site, UUID):
        if await sites.get_site(session, site) is None:
            raise NotFound(_NO_SITE)
        return site
    found = await sites.find_site(session, site)
    if found is None:
        message = say("There is no site named {site}", site=f"{site!r}")
        raise NotFound(message)
    return found


def _taken(external_id: str) -> str:
    return f"There is a device with external id {external_id!r} already"
