"""Bodies of the management routes. The rows of the ingest routes are in the `wire` modules of the core.

An unknown field is refused by its name. A whole answer may be handed back, to make a thing like it or to change it:
what it says beside what can be set is read only, and taken where the answer's `id` comes with it.
"""

from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from fleet_ingest.payloads import BacklogAnswer, SiteDeviceAnswer
from portal.core.energy.rules.registers import FEWEST_DIGITS, MOST_DIGITS
from portal.core.fleet.service.customers import CODE_PATTERN, DEFAULT_GRACE_HOURS, MAX_GRACE_HOURS
from portal.core.sites.rules.rated_power import MOST_KW
from portal.core.sites.service.devices import MAX_GRACE_HOURS as MOST_GRACE_OF_DEVICE
from portal.core.sites.wire import FormulaRow
from portal.core.tariffs.wire import TariffEntry
from portal.core.wire_fields import Address, Description, Exact, ExternalId, Instant, Key, Name, ZoneName

_READ_ONLY = msgspec.Meta(extra_json_schema={"readOnly": True})
_Echo = Annotated[UUID | UnsetType, _READ_ONLY]
_EchoedInstant = Annotated[Instant | UnsetType | None, _READ_ONLY]
_EchoedNumber = Annotated[int | UnsetType | None, _READ_ONLY]
_EchoedText = Annotated[str | UnsetType | None, _READ_ONLY]
_EchoedCount = Annotated[int | UnsetType | None, _READ_ONLY]

RatedPower = Annotated[
    Exact,
    msgspec.Meta(
        description="rated power, above 0",
        extra_json_schema={"exclusiveMinimum": 0, "minimum": 0.001, "exclusiveMaximum": MOST_KW},
    ),
]
_ABOVE_ZERO = {"exclusiveMinimum": 0}
CtPrimary = Annotated[
    Exact, msgspec.Meta(description="primary current of the CTs in A", extra_json_schema=_ABOVE_ZERO)
]
NominalVoltage = Annotated[
    Exact,
    msgspec.Meta(description="nominal voltage between two phases in V", extra_json_schema=_ABOVE_ZERO),
]
RegisterDigits = Annotated[
    int,
    msgspec.Meta(
        ge=FEWEST_DIGITS,
        le=MOST_DIGITS,
        description="digits of whole kWh of its register, which begins again at 0 behind the last of them",
    ),
]
CustomerCode = Annotated[
    str,
    msgspec.Meta(pattern=CODE_PATTERN, description="1 to 50 letters, digits and hyphens, none at either end"),
]


class Body(msgspec.Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """A body of a management route; `READ_ONLY` are the fields that answers have and nobody sets."""

    READ_ONLY: ClassVar[tuple[str, ...]] = ()

    # Any: each value is of its field's type, and goes to the field of that name of the edits of the core.
    def given(self) -> dict[str, Any]:
        """Return what is there to be set, by its own name."""
        return {name: value for name, value in self._there().items() if name not in self.READ_ONLY}

    def said(self) -> dict[str, object]:
        """Return what is there and read only, by its own name."""
        return {name: value for name, value in self._there().items() if name in self.READ_ONLY}

    @classmethod
    def settable(cls) -> list[str]:
        """Return the fields there are to be set, as they travel."""
        fields = msgspec.structs.fields(cls)
        return [field.encode_name for field in fields if field.name not in cls.READ_ONLY]

    def _there(self) -> dict[str, object]:
        every = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: value for name, value in every.items() if value is not UNSET}


class NewCustomer(Body, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """A customer to register."""

    READ_ONLY: ClassVar[tuple[str, ...]] = (
        *(
            "id",
            "is_active",
            "first_seen_at",
            "last_seen_at",
            "site_count",
            "device_count",
            "energy_today_kwh",
            "energy_as_of",
            "energy_is_complete",
        ),
        *("token_issued_at", "token_rotated_at", "previous_token_expires_at", "last_batch_rows", "push"),
    )

    code: CustomerCode
    name: Name
    id: _Echo = UNSET
    is_active: Annotated[bool | UnsetType, _READ_ONLY] = UNSET
    first_seen_at: _EchoedInstant = UNSET
    last_seen_at: _EchoedInstant = UNSET
    site_count: _EchoedCount = UNSET
    device_count: _EchoedCount = UNSET
    energy_today_kwh: Annotated[Exact | UnsetType, _READ_ONLY] = UNSET
    energy_as_of: _EchoedInstant = UNSET
    energy_is_complete: Annotated[bool | UnsetType, _READ_ONLY] = UNSET
    token_issued_at: _EchoedInstant = UNSET
    token_rotated_at: _EchoedInstant = UNSET
    previous_token_expires_at: _EchoedInstant = UNSET
    last_batch_rows: _EchoedCount = UNSET
    push: Annotated[BacklogAnswer | UnsetType | None, _READ_ONLY] = UNSET


class Rotation(Body, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """How long the present token stays valid; 0 ends it at once."""

    grace_hours: Annotated[float, msgspec.Meta(ge=0, le=MAX_GRACE_HOURS)] = DEFAULT_GRACE_HOURS


class Decommissioning(Body, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """The code of the customer whose data is to be deleted, as a person typed it."""

    confirm: str
    without_export: bool = False


class DeviceRotation(Body, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """How long the present token of a device stays valid; 0, and no body, end it at once."""

    grace_hours: Annotated[float, msgspec.Meta(ge=0, le=MOST_GRACE_OF_DEVICE)] = 0


class _SiteBody(Body, rename="camel", kw_only=True, forbid_unknown_fields=True):
    READ_ONLY: ClassVar[tuple[str, ...]] = ("id", "municipality", "time_zone_id", "devices")

    id: _Echo = UNSET
    municipality: _EchoedText = UNSET
    time_zone_id: _EchoedText = UNSET
    devices: Annotated[list[SiteDeviceAnswer] | UnsetType, _READ_ONLY] = UNSET


class NewSite(_SiteBody, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """A site to add; without a municipality it has no tariffs. Devices are added one by one."""

    name: Name
    address: Address = ""
    municipality_id: Key | None = None
    is_active: bool = True


class SiteChange(_SiteBody, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """What to change of a site; what is not there stays."""

    name: Name | UnsetType = UNSET
    address: Address | UnsetType = UNSET
    municipality_id: Key | UnsetType | None = UNSET
    is_active: bool | UnsetType = UNSET


_OF_DEVICE = (
    *("last_reading_at", "clock_skew_seconds", "kind"),
    *("token_last4", "token_issued_at", "previous_token_expires_at"),
)


class _DeviceBody(Body, rename="camel", kw_only=True, forbid_unknown_fields=True):
    last_reading_at: _EchoedInstant = UNSET
    clock_skew_seconds: _EchoedNumber = UNSET
    kind: _EchoedText = UNSET
    token_last4: _EchoedText = UNSET
    token_issued_at: _EchoedInstant = UNSET
    previous_token_expires_at: _EchoedInstant = UNSET


class NewDevice(_DeviceBody, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """A device to add to the site of the path: with `parentId` a sub-meter, with `formula` a virtual one.

    In place of `maxPowerKw`, the primary current of its CTs and the nominal voltage between two phases: three phases at
    that current are its rated power.
    """

    READ_ONLY: ClassVar[tuple[str, ...]] = ("id", "site_id", *_OF_DEVICE)

    name: Name
    external_id: ExternalId
    description: Description = ""
    max_power_kw: RatedPower | None = None
    ct_primary_a: CtPrimary | None = None
    nominal_voltage_v: NominalVoltage | None = None
    register_digits: RegisterDigits | None = None
    is_active: bool = True
    parent_id: UUID | None = None
    formula: FormulaRow | None = None
    id: _Echo = UNSET
    site_id: _Echo = UNSET


class DeviceChange(_DeviceBody, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """What to change of a device; what is not there stays.

    `siteId` moves it, `parentId` puts it below another meter of its site (null: a bulk meter).
    """

    READ_ONLY: ClassVar[tuple[str, ...]] = ("id", *_OF_DEVICE)

    name: Name | UnsetType = UNSET
    external_id: ExternalId | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    max_power_kw: RatedPower | UnsetType | None = UNSET
    register_digits: RegisterDigits | UnsetType | None = UNSET
    is_active: bool | UnsetType = UNSET
    site_id: UUID | UnsetType = UNSET
    parent_id: UUID | UnsetType | None = UNSET
    formula: FormulaRow | UnsetType | None = UNSET
    id: _Echo = UNSET


class NewMunicipality(Body, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """A municipality to add."""

    READ_ONLY: ClassVar[tuple[str, ...]] = ("id",)

    name: Name
    time_zone_id: ZoneName
    id: Annotated[int | UnsetType, _READ_ONLY] = UNSET


class MunicipalityChange(Body, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """What to change of a municipality; what is not there stays."""

    READ_ONLY: ClassVar[tuple[str, ...]] = ("id",)

    name: Name | UnsetType = UNSET
    time_zone_id: ZoneName | UnsetType = UNSET
    id: Annotated[int | UnsetType, _READ_ONLY] = UNSET


class TariffList(msgspec.Struct, rename="camel", kw_only=True):
    """Tariffs as a list of them is answered."""

    tariffs: list[TariffEntry]
    next: Annotated[str | UnsetType | None, _READ_ONLY] = UNSET
