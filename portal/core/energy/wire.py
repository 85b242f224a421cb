"""Rows of the `events` batch: what people decided about meters. What the judge found the Admin finds for itself."""

from typing import Annotated, Any
from uuid import UUID

import msgspec

from portal.core.wire_fields import Instant

Note = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
Author = Annotated[str, msgspec.Meta(min_length=1, max_length=254)]
Kind = Annotated[str, msgspec.Meta(min_length=1, max_length=20)]


class MeterDecisionRow(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """A decision; `eventKind` and `eventAt` name the event it is about, where it is about one.

    `says` is what holds of the readings: a switch to another line, or readings that are true or are not.
    `undoes` is the decision that this one undoes.
    """

    id: UUID
    device_id: UUID
    note: Note
    author: Author
    decided_at: Instant
    event_kind: Kind | None = None
    event_at: Instant | None = None
    # Any: an object of JSON, which `decision_of` reads; `object` has no schema.
    says: dict[str, Any] | None = None
    undoes: UUID | None = None
