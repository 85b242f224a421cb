"""What the Admin gives back to a Client whose database was restored: how far it has come, its sets and its readings.

Sets come in pages by key, readings by time. A row is what a batch of its type holds, beside when the Admin got it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec

from portal.core.energy.wire import MeterDecisionRow
from portal.core.exchange.rules.push_epoch import HeldPosition
from portal.core.readings.wire import FleetReading
from portal.core.sites.wire import DeviceRow, MunicipalityRow, SiteRow
from portal.core.tariffs.wire import TariffRow
from portal.core.wire_fields import Instant, Key


class RecoveryHead(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Whose token it is, the last batch of it with a mark, and the highest numbers it ever used."""

    code: str
    name: str
    epoch: UUID | None
    mark: int
    nonce: str
    was_seen: bool
    highest_municipality_id: int
    highest_tariff_id: int

    @property
    def position(self) -> HeldPosition:
        """What `compare` takes."""
        return HeldPosition(self.epoch, self.mark, self.nonce, was_seen=self.was_seen)


class RecoverySpan(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The first and the last reading the Admin holds; null where it holds none."""

    first_at: Instant | None
    last_at: Instant | None


class HeldSite(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """A site as the Admin holds it; `isEnded`: a Client said that it has it no more."""

    received_at: Instant
    row: SiteRow
    is_ended: bool = False


class HeldDevice(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """A device as the Admin holds it; `aliases` are other ids a Client gave it when it was added again.

    `isEnded`: a Client said that it has it no more.
    """

    received_at: Instant
    row: DeviceRow
    aliases: list[UUID] = []
    is_ended: bool = False


class HeldMunicipality(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """A municipality as the Admin holds it."""

    received_at: Instant
    row: MunicipalityRow


class HeldTariff(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """A tariff as the Admin holds it."""

    received_at: Instant
    row: TariffRow


@dataclass(frozen=True, slots=True)
class HeldSets:
    """All that the Admin holds of a customer but readings."""

    municipalities: Sequence[HeldMunicipality]
    sites: Sequence[HeldSite]
    tariffs: Sequence[HeldTariff]
    devices: Sequence[HeldDevice]
    decisions: Sequence[MeterDecisionRow] = ()


class SitePage(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Sites by id; `next` is `after` of the next page, null after the last."""

    rows: list[HeldSite]
    next: UUID | None = None


class DevicePage(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Devices by id; `next` is `after` of the next page, null after the last."""

    rows: list[HeldDevice]
    next: UUID | None = None


class MunicipalityPage(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Municipalities by number; `next` is `after` of the next page, null after the last."""

    rows: list[HeldMunicipality]
    next: Key | None = None


class TariffPage(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Tariffs by number; `next` is `after` of the next page, null after the last."""

    rows: list[HeldTariff]
    next: Key | None = None


class DecisionPage(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Decisions about meters by id; `next` is `after` of the next page, null after the last."""

    rows: list[MeterDecisionRow]
    next: UUID | None = None


class HeldConflict(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """A value that came for an instant beside the reading's, which is greater; `quantity` by its JSON name."""

    time: Instant
    quantity: str
    value: float


class ConflictPage(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Conflicting values of one device by time; `next` is `from` of the next page, null after the last."""

    rows: list[HeldConflict]
    next: Instant | None = None


class ReadingPage(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Readings of one device by time; `next` is `from` of the next page, null after the last."""

    rows: list[FleetReading]
    next: Instant | None = None
