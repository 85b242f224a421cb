"""Bodies of the routes for boards."""

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from fleet_ingest.requests import Body
from portal.core.boards.rules.board_settings import BOUNDS
from portal.core.boards.rules.claim_codes import SECRET_BYTES
from portal.core.readings.rules.quantities import QUANTITY_BY_WIRE_NAME

SETTINGS_EXAMPLE: dict[str, object] = {"periodSeconds": 60, "everySeconds": 1800}
_ONE_OF_ALL = "|".join(QUANTITY_BY_WIRE_NAME)
QuantityName = Annotated[str, msgspec.Meta(pattern=f"^({_ONE_OF_ALL})$")]
_Ratio = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
_Register = Annotated[int, msgspec.Meta(ge=1, le=65_535)]


def _bounds(name: str) -> msgspec.Meta:
    least, most = BOUNDS[name]
    return msgspec.Meta(ge=least, le=most)


_HEX = rf"^[0-9a-fA-F]{{{2 * SECRET_BYTES}}}$"


class SettingsFields(
    msgspec.Struct, rename="camel", kw_only=True, frozen=True, omit_defaults=True, forbid_unknown_fields=True
):
    """Settings of a board, of which those that are not there stay as it was made.

    Seconds between readings and between posts, names of the quantities that are sent, the meter's address, PT1, PT2,
    CT1 and CT2 in place of the meter's, and first register and number of registers of its serial number.
    """

    period_seconds: Annotated[int, _bounds("periodSeconds")] | UnsetType = UNSET
    every_seconds: Annotated[int, _bounds("everySeconds")] | UnsetType = UNSET
    quantities: Annotated[list[QuantityName], msgspec.Meta(min_length=1)] | UnsetType = UNSET
    meter_address: Annotated[int, _bounds("meterAddress")] | UnsetType = UNSET
    transformer_ratios: Annotated[list[_Ratio], msgspec.Meta(min_length=4, max_length=4)] | UnsetType = UNSET
    serial_registers: Annotated[list[_Register], msgspec.Meta(min_length=2, max_length=2)] | UnsetType = UNSET


class ClaimSecret(Body, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """The secret of a board that has no token yet; its code is the beginning of its SHA-256."""

    secret: Annotated[str, msgspec.Meta(pattern=_HEX)]


class ClaimCode(Body, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """The code that a board shows; hyphens, blanks and small letters do not matter."""

    code: Annotated[str, msgspec.Meta(max_length=40)]


class BoardSetup(Body, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """How a board is to be set up, all of it; what is not there stays as the board was made."""

    settings: SettingsFields


class PinnedRelease(Body, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """The release that a board is to run; empty for whichever is rolled out to it."""

    release: Annotated[str, msgspec.Meta(max_length=32)]


class ReleaseRollout(Body, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """How many of a hundred boards a release is offered to."""

    percent: Annotated[int, msgspec.Meta(ge=0, le=100)]
