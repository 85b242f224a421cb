"""Parameters that several routes share, and the example values of the document."""

from __future__ import annotations

from fleet_ingest.operations import Parameter
from fleet_ingest.parameters import LARGEST_PAGE, PAGE_SIZE

SITE_ID = "22222222-2222-4222-8222-222222222222"
DEVICE_ID = "11111111-1111-4111-8111-111111111111"
CUSTOMER_ID = "33333333-3333-4333-8333-333333333333"
TOKEN = "0123456789abcdef" * 4
FROM, TO = "2026-05-18T00:00:00Z", "2026-05-19T00:00:00Z"

INSTANT = {"type": "string", "format": "date-time"}
UUID = {"type": "string", "format": "uuid"}


def window(description: str = "at most 366 days on") -> tuple[Parameter, Parameter]:
    """Return `from` and `to`."""
    return (
        Parameter("from", "query", "start of the window, with offset", schema=INSTANT | {"example": FROM}),
        Parameter(
            "to", "query", f"end of the window, after `from`, {description}", schema=INSTANT | {"example": TO}
        ),
    )


def limit(default: int, most: int) -> Parameter:
    """Return `limit`, the size of a page."""
    schema: dict[str, object] = {"type": "integer", "minimum": 1, "maximum": most, "default": default}
    return Parameter("limit", "query", "how many at most", required=False, schema=schema)


_TAG = r'(W/)?"[!#-~]*"'
PAGE = (
    limit(PAGE_SIZE, LARGEST_PAGE),
    Parameter("cursor", "query", "`next` of the page before; without it the first page", required=False),
)
IF_MATCH = Parameter(
    "If-Match",
    "header",
    "the `ETag` of the version that this is meant for; of another version nothing is changed (412)",
    required=False,
    schema={"type": "string", "pattern": rf"^(\*|{_TAG}(\s*,\s*{_TAG})*)$"},
)
GAPS = Parameter(
    "gaps",
    "query",
    "`estimate` spreads the energy of long gaps evenly; `report` leaves it unallocated",
    required=False,
    schema={"type": "string", "enum": ["report", "estimate"], "default": "report"},
)
DAYS = Parameter(
    "days",
    "query",
    "`utc` groups by UTC date; `local` by the local date of each site's municipality",
    required=False,
    schema={"type": "string", "enum": ["utc", "local"], "default": "utc"},
)
AS_OF = Parameter(
    "asOf",
    "query",
    "the answer as it stood then: without what was restated since; by the tariffs of today",
    required=False,
    schema=INSTANT,
)
EXPLAINED = (
    Parameter("deviceId", "query", "whose hour", schema=UUID | {"example": DEVICE_ID}),
    Parameter("hour", "query", "an instant in the hour, with offset", schema=INSTANT | {"example": FROM}),
)
