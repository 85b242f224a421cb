"""What operating a stack leaves behind (`app`, both run modes)."""

# SQLModel declares the table name as computed; a plain text is its documented way.
# pyright: reportAssignmentType=false

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from portal.core.database.columns import number_key, timestamp


class RestoreProofRow(SQLModel, table=True):
    """A nightly backup that was restored beside the stack: what came back of it, and what was wrong, if anything."""

    __tablename__ = "restore_proofs"
    __table_args__ = {"schema": "app"}

    id: int = number_key(always=True)
    checked_at: datetime = timestamp()
    file: str = Field(max_length=500)
    file_bytes: int = Field(sa_type=BigInteger)
    row_count: int = Field(sa_type=BigInteger)
    meter_count: int
    day_count: int
    problem: str = Field(max_length=1000)
