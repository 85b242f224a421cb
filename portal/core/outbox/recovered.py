"""How the sets of a Client and of the Admin become one again, after the Client's database was set back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from msgspec import UNSET, structs

from portal.core import energy
from portal.core.database.layout import LAYOUTS
from portal.core.energy.queries.decisions import decision_of_row, insert_decisions
from portal.core.energy.queries.rejudging import judge_again
from portal.core.exchange.batches import BatchType
from portal.core.exchange.limits import to_tariff
from portal.core.outbox.queries import push_recovery, push_sets
from portal.core.settings import RunMode
from portal.core.sites.queries import sites
from portal.core.sites.rules.meter_tree import Formula
from portal.core.tariffs.queries import municipalities
from portal.core.tariffs.queries import tariffs as tariff_queries

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from portal.core.database.db import AsyncSession
    from portal.core.exchange.recovery import HeldDevice, HeldMunicipality, HeldSets, HeldSite, HeldTariff
    from portal.core.outbox.queries.push_sets import NamedRow, SetRow
    from portal.core.sites.wire import DeviceRow, MunicipalityRow, SiteRow
    from portal.core.tariffs.rules.tariffs import Tariff
    from portal.core.tariffs.wire import TariffRow

_Key = TypeVar("_Key")
_Row = TypeVar("_Row", bound="NamedRow")
_Named = TypeVar("_Named", "SiteRow", "MunicipalityRow")
_NEWER = "was changed here since: it stays as it is here"


@dataclass(frozen=True, slots=True)
class MergedRow:
    """What was done with one row, or why nothing was; `key` is the Admin's."""

    resource: str
    key: str
    name: str
    what: str


@dataclass
class MergeReport:
    """What was put back, and what was left as it is here.

    `devices` leads from the Admin's id of a device to the one here; those of `set_aside` are not taken back.
    `to_rotate` are the external ids of devices whose boards need a new token, also of those put back before.
    """

    changes: list[MergedRow] = field(default_factory=list[MergedRow])
    conflicts: list[MergedRow] = field(default_factory=list[MergedRow])
    to_rotate: list[str] = field(default_factory=list[str])
    devices: dict[UUID, UUID] = field(default_factory=dict["UUID", "UUID"])
    set_aside: set[UUID] = field(default_factory=set["UUID"])
    added_devices: set[UUID] = field(default_factory=set["UUID"])


class Merge:
    """One merge, in the caller's transaction; `currency` is what a tariff without its own is in."""

    def __init__(self, session: AsyncSession, currency: str, held: HeldSets, report: MergeReport) -> None:
        self._session = session
        self._currency = currency
        self._held = held
        self._report = report
        self._sites: dict[UUID, UUID] = {}
        self._positions: list[tuple[DeviceRow, DeviceRow | None]] = []

    async def run(self) -> None:
        """Merge one set after the other: sites need their municipality, devices their site."""
        here = {
            municipality.row.id: municipality
            for municipality in await push_sets.municipalities(self._session)
        }
        for municipality in self._held.municipalities:
            await self._municipality(municipality, here)
        numbers = {municipality.row.id for municipality in await push_sets.municipalities(self._session)}
        sites_here = {site.row.id: site for site in await push_sets.sites(self._session)}
        for site in self._held.sites:
            await self._site(site, sites_here, numbers)
        tariffs_here = {
            tariff.row.id: tariff for tariff in await push_sets.tariff_set(self._session, self._currency)
        }
        for tariff in self._held.tariffs:
            await self._tariff(tariff, tariffs_here, numbers)
        await self._devices()
        await self._decisions()

    async def _decisions(self) -> None:
        """Store what was decided about the devices that are here, and have it judged."""
        layout, known = LAYOUTS[RunMode.CLIENT], self._report.devices
        held = {
            row.id: decision_of_row(row, (known[row.device_id],))
            for row in self._held.decisions
            if row.device_id in known
        }
        if not held:
            return
        new = await insert_decisions(self._session, layout, list(held.values()))
        await judge_again(self._session, layout, [held[each] for each in held if each in new])
        for row in self._held.decisions:
            if row.id in new:
                what = MergedRow(BatchType.EVENTS.value, str(row.id), row.note, "added")
                self._report.changes.append(what)

    def _changed(self, kind: BatchType, row: NamedRow, what: str) -> None:
        self._report.changes.append(MergedRow(kind.value, str(row.id), row.name, what))

    def _kept(self, kind: BatchType, row: NamedRow, why: str) -> None:
        self._report.conflicts.append(MergedRow(kind.value, str(row.id), row.name, why))

    async def _municipality(self, held: HeldMunicipality, here: dict[int, SetRow[MunicipalityRow]]) -> None:
        row, kind, session = held.row, BatchType.MUNICIPALITIES, self._session
        mine = here.get(row.id)
        if mine is not None and mine.row.name != row.name and mine.updated_at > held.received_at:
            number = await push_recovery.unused_number(session, push_recovery.MUNICIPALITY_NUMBERS)
            await push_recovery.renumber_municipality(session, row.id, number)
            self._changed(kind, mine.row, f"has number {number} now: {row.id} is {row.name!r} at the Admin")
            here[number] = _under(here.pop(row.id), number)
            mine = None
        if mine is None and (same := _named(here, row.name)) is not None:
            await push_recovery.renumber_municipality(session, same.row.id, row.id)
            self._changed(kind, row, f"has number {row.id} now, as at the Admin, and not {same.row.id}")
            mine = here[row.id] = _under(here.pop(same.row.id), row.id)
        if mine is None:
            await push_recovery.put_municipality(session, row)
            self._changed(kind, row, "added")
        elif mine.row != row and self._may_change(kind, mine, row, held.received_at, here):
            changes = {"name": row.name, "time_zone_id": row.time_zone_id}
            await municipalities.update_municipality(session, row.id, changes)
            self._changed(kind, row, "updated")

    def _may_change(
        self,
        kind: BatchType,
        mine: SetRow[_Named],
        row: _Named,
        received_at: datetime,
        here: Mapping[_Key, SetRow[_Named]],
    ) -> bool:
        """Whether a row here may become what the Admin has: it is older, and no other one has its name."""
        if mine.updated_at > received_at:
            self._kept(kind, row, _NEWER)
            return False
        other = _named(here, row.name)
        if other is not None and other.row.id != mine.row.id:
            self._kept(kind, row, "its name is another's here: it stays as it is here")
            return False
        return True

    async def _site(self, held: HeldSite, here: dict[UUID, SetRow[SiteRow]], numbers: set[int]) -> None:
        row, kind = held.row, BatchType.SITES
        if row.local_municipality_id not in numbers:
            row = structs.replace(row, local_municipality_id=None)
        mine = here.get(row.id)
        if mine is None and (same := _named(here, row.name)) is not None:
            if same.row.id in {site.row.id for site in self._held.sites}:
                self._kept(kind, row, "the Admin has two sites of this name: they are one here")
                self._sites[row.id] = same.row.id
                return
            await push_recovery.rename_site_id(self._session, same.row.id, row.id)
            self._changed(kind, row, f"has the Admin's id now, and not {same.row.id}")
            mine = here[row.id] = _under(here.pop(same.row.id), row.id)
        if mine is None:
            await push_recovery.put_site(self._session, row)
            self._changed(kind, row, "added")
        elif (
            not held.is_ended
            and mine.row != row
            and self._may_change(kind, mine, row, held.received_at, here)
        ):
            await sites.update_site(self._session, row.id, push_recovery.site_columns(row))
            self._changed(kind, row, "updated")

    async def _tariff(self, held: HeldTariff, here: dict[int, SetRow[TariffRow]], numbers: set[int]) -> None:
        row, kind, session = held.row, BatchType.TARIFFS, self._session
        if row.municipality_id not in numbers:
            self._kept(kind, row, "its municipality is not there")
            return
        mine = here.get(row.id)
        if mine is not None and _identity(mine.row) != _identity(row) and mine.updated_at > held.received_at:
            number = await push_recovery.unused_number(session, push_recovery.TARIFF_NUMBERS)
            await self._renumber_tariff(mine, number)
            self._changed(kind, mine.row, f"has number {number} now: {row.id} is {row.name!r} at the Admin")
            here[number] = _under(here.pop(row.id), number)
            mine = None
        same = next((each for each in here.values() if _identity(each.row) == _identity(row)), None)
        if mine is None and same is not None:
            await self._renumber_tariff(same, row.id)
            self._changed(kind, row, f"has number {row.id} now, as at the Admin, and not {same.row.id}")
            mine = here[row.id] = _under(here.pop(same.row.id), row.id)
        if mine is None:
            await tariff_queries.insert_as(session, self._stored(row), row.id)
            self._changed(kind, row, "added")
        elif mine.row != row:
            await self._change_tariff(held, mine, same)

    async def _change_tariff(
        self, held: HeldTariff, mine: SetRow[TariffRow], same: SetRow[TariffRow] | None
    ) -> None:
        row, kind = held.row, BatchType.TARIFFS
        if mine.updated_at > held.received_at or (same is not None and same.row.id != mine.row.id):
            self._kept(kind, row, _NEWER)
            return
        await tariff_queries.update(self._session, self._stored(row))
        self._changed(kind, row, "updated")

    async def _renumber_tariff(self, mine: SetRow[TariffRow], number: int) -> None:
        await tariff_queries.delete(self._session, mine.row.id)
        await tariff_queries.insert_as(self._session, self._stored(mine.row), number)

    def _stored(self, row: TariffRow) -> Tariff:
        tariff = to_tariff(row)
        return replace(tariff, currency=None) if tariff.currency == self._currency else tariff

    async def _devices(self) -> None:
        here = {device.row.id: device for device in await push_sets.devices(self._session)}
        claimed = {key for device in self._held.devices for key in (device.row.id, *device.aliases)}
        for held in self._held.devices:
            mine = next((here[key] for key in (held.row.id, *held.aliases) if key in here), None)
            named = _external(here, held.row.external_id)
            row = structs.replace(held.row, site_id=self._sites.get(held.row.site_id, held.row.site_id))
            if mine is None and named is not None and named.row.id in claimed:
                self._report.set_aside.add(row.id)
                why = "the Admin has two devices of this external id: what it has of this one was not fetched"
                self._kept(BatchType.DEVICES, row, why)
                continue
            mine = mine or named
            if mine is None:
                await self._add_device(row)
            elif not held.is_ended:
                await self._change_device(held, mine, structs.replace(row, id=mine.row.id), named)
            self._report.devices[row.id] = row.id if mine is None else mine.row.id
            if not held.is_ended and (mine is None or mine.updated_at <= held.received_at):
                self._positions.append((row, None if mine is None else mine.row))
        await self._restore_positions()
        # Also what a run that was killed put back: nobody was told of it.
        self._report.to_rotate = await push_recovery.without_token(self._session)

    async def _restore_positions(self) -> None:
        """Put meters below others again: when all are here, since one may come before the one above it."""
        here = self._report.devices
        for row, mine in self._positions:
            if row.parent_id is UNSET:  # an earlier release of the Admin knows nothing of it
                continue
            parent_id = here.get(row.stands_below) if row.stands_below else None
            formula = _formula_here(row, here)
            before = (None, None) if mine is None else (mine.stands_below, mine.made_of)
            if before != (parent_id, formula) and (mine is None or bool(mine.made_of) == bool(formula)):
                await push_recovery.set_position(self._session, here[row.id], parent_id, formula)

    async def _add_device(self, row: DeviceRow) -> None:
        await push_recovery.put_device(self._session, row)
        self._changed(BatchType.DEVICES, row, "added")
        self._report.added_devices.add(row.id)

    async def _change_device(
        self, held: HeldDevice, mine: SetRow[DeviceRow], row: DeviceRow, named: SetRow[DeviceRow] | None
    ) -> None:
        if row.register_digits is UNSET:
            row = structs.replace(row, register_digits=mine.row.register_digits)
        if _as_entered(mine.row) == _as_entered(row):
            return
        is_taken = named is not None and named.row.id != mine.row.id
        if mine.updated_at > held.received_at or is_taken:
            self._kept(BatchType.DEVICES, row, _NEWER)
            return
        await push_recovery.change_device(self._session, row.id, row)
        was, now = ((each.max_power_kw, each.register_digits) for each in (mine.row, row))
        if was != now:
            await energy.ask_for_passes(self._session, LAYOUTS[RunMode.CLIENT], [(row.id,)])
        self._changed(BatchType.DEVICES, row, "updated")


def _under(found: SetRow[_Row], key: UUID | int) -> SetRow[_Row]:
    return replace(found, row=structs.replace(found.row, id=key))


def _named(here: Mapping[_Key, SetRow[_Named]], name: str) -> SetRow[_Named] | None:
    return next((row for row in here.values() if row.row.name == name), None)


def _as_entered(row: DeviceRow) -> DeviceRow:
    """Return a row without its position, and without what is found out of a device rather than entered."""
    return structs.replace(row, parent_id=UNSET, formula=UNSET, clock_skew_seconds=UNSET, learned=UNSET)


def _formula_here(row: DeviceRow, here: Mapping[UUID, UUID]) -> Formula | None:
    """Return what a virtual meter is made of, by the ids there are here; those that are not are left out."""
    if (made_of := row.made_of) is None:
        return None
    plus, minus = (
        tuple(here[term] for term in terms if term in here) for terms in (made_of.plus, made_of.minus)
    )
    return Formula(plus, minus)


def _external(here: Mapping[UUID, SetRow[DeviceRow]], external_id: str) -> SetRow[DeviceRow] | None:
    return next((row for row in here.values() if row.row.external_id == external_id), None)


def _identity(row: TariffRow) -> tuple[int, str, object]:
    """Return what tells a municipality's tariffs apart."""
    return row.municipality_id, row.name, row.effective_from
