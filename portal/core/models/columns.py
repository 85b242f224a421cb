"""Column types used by several tables."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from sqlalchemy import TIMESTAMP, Column, Numeric, text
from sqlmodel import Field

Rate = Numeric(16, 6)
Money = Numeric(16, 6)
Share = Numeric(8, 6)
Kilowatts = Numeric(12, 3)


def timestamp(*, nullable: bool = False, now: bool = False, index: bool = False) -> Any:
    """Return a `timestamptz` field; `now` lets the database stamp the transaction's time."""
    default = text("now()") if now else None
    column = Column(TIMESTAMP(timezone=True), nullable=nullable, server_default=default, index=index)
    return Field(default=None, sa_column=column)


Instant = Annotated[datetime, "aware, UTC"]
