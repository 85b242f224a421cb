"""The envelope of a fleet batch: headers, types, limits of the cursor, and the answer."""

from enum import StrEnum

import msgspec

from portal.core.brand.wire import PushedBrand
from portal.core.energy.wire import MeterDecisionRow
from portal.core.readings.wire import FleetReading
from portal.core.sites.wire import DeviceRow, MunicipalityRow, SiteRow
from portal.core.tariffs.wire import TariffRow
from portal.core.wire_fields import RowProblem

TOKEN_HEADER = "X-Customer-Token"  # noqa: S105 - the header's name
TYPE_HEADER = "X-Batch-Type"
CURSOR_HEADER = "X-Push-Cursor"
MAX_CURSOR_LENGTH = 50


def _as_text(value: object) -> str:
    """Return a sentence that knows its pattern as the text it is. Raises `NotImplementedError` for all else."""
    if isinstance(value, str):
        return str(value)
    message = f"{type(value).__name__} has no JSON"
    raise NotImplementedError(message)


ENCODER = msgspec.json.Encoder(decimal_format="number", enc_hook=_as_text)
"""Writes rows and answers: decimals as exact JSON numbers, UTC instants with `Z`."""


class BatchType(StrEnum):
    """What the rows of a batch are."""

    SITES = "sites"
    DEVICES = "devices"
    MUNICIPALITIES = "municipalities"
    TARIFFS = "tariffs"
    MEASUREMENTS = "measurements"
    EVENTS = "events"
    BRAND = "brand"


def known_type(batch_type: str) -> str:
    """Return a batch's type, and `unknown` for whatever else is sent: what is kept or counted by type has few."""
    return batch_type if batch_type in set(BatchType) else "unknown"


ROW_TYPES: dict[BatchType, type[msgspec.Struct]] = {
    BatchType.SITES: SiteRow,
    BatchType.DEVICES: DeviceRow,
    BatchType.MUNICIPALITIES: MunicipalityRow,
    BatchType.TARIFFS: TariffRow,
    BatchType.MEASUREMENTS: FleetReading,
    BatchType.EVENTS: MeterDecisionRow,
    BatchType.BRAND: PushedBrand,
}

NEWER_TYPES = frozenset((BatchType.EVENTS, BatchType.BRAND))
"""Types that an Admin of an earlier release does not know, and refuses: a Client then goes on without them."""


class BatchAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of the fleet ingest. Rows that were there already count as accepted."""

    accepted: int
    rejected: int
    errors: list[RowProblem]
