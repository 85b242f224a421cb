"""Field types the wire rows share, with the limits the database columns set."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

import msgspec

Instant = Annotated[datetime, msgspec.Meta(tz=True, description="ISO 8601 with offset")]
"""A point in time. A text without an offset is refused while decoding."""

Key = Annotated[int, msgspec.Meta(ge=0, le=2_147_483_647)]
"""An integer id made by the Client."""

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Address = Annotated[str, msgspec.Meta(max_length=500)]
ExternalId = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Description = Annotated[str, msgspec.Meta(max_length=500)]
PeriodName = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Source = Annotated[str, msgspec.Meta(max_length=50)]
ZoneName = Annotated[str, msgspec.Meta(min_length=1, max_length=64, description="IANA time zone")]
CurrencyCode = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}\Z", description="ISO 4217")]
ClockTime = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9](:00)?\Z",
        description="local wall clock, HH:MM; 00:00 or 23:59 as an end is the end of the day",
    ),
]
MonthDay = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])\Z", description="month and day of any year, MM-DD"
    ),
]
DayMask = Annotated[int, msgspec.Meta(ge=1, le=127, description="bit mask, Monday = 1 ... Sunday = 64")]

TEXTS_OF_LINES = frozenset(("address", "description"))
"""Fields, by their names in Python, whose text may have several lines; every other text is a name, on one."""

Exact = Annotated[Decimal, msgspec.Meta(description="exact decimal")]
"""An exact decimal, written and read as a JSON number (a text is read as well)."""


class RowProblem(msgspec.Struct, frozen=True):
    """Why one row was refused; `row` counts from 0 in the body as sent."""

    row: int
    reason: str
