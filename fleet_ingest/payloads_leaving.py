"""Answers about customers that leave."""

from typing import Annotated
from uuid import UUID

import msgspec

from portal.core.wire_fields import Instant


class DecommissionAnswer(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """How far the deletion of a customer is; of one that has left only its number remains."""

    id: UUID
    number: Annotated[int, msgspec.Meta(description="the customer's number, which nobody else ever gets")]
    customer_id: Annotated[UUID | None, msgspec.Meta(description="null once nothing of the customer is left")]
    begun_at: Instant
    rows_deleted: int
    relations_to_shrink: Annotated[
        int, msgspec.Meta(description="tables that still have to give back the space of what was deleted")
    ]
    exported_at: Instant | None
    manifest_sha256: Annotated[
        str | None,
        msgspec.Meta(description="of the manifest.json of the last export"),
    ]
    deleted_at: Instant | None
    finished_at: Instant | None


class DecommissionsAnswer(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Customers that leave or have left, the latest first."""

    decommissions: list[DecommissionAnswer]
