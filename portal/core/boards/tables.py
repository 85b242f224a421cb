"""What a Client knows of the boards beside its meters (`monitoring`)."""

# SQLModel declares the table name as computed; a plain text is its documented way.
# pyright: reportAssignmentType=false

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, ForeignKey, LargeBinary, SmallInteger, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from portal.core.database.columns import stored, timestamp


def _device() -> UUID:
    return Field(
        sa_column=Column(
            Uuid,
            ForeignKey("monitoring.devices.id", ondelete="CASCADE", onupdate="CASCADE"),
            primary_key=True,
        )
    )


class Board(SQLModel, table=True):
    """A board that says of itself what it runs; `settings` is what it is to have, in the version `settings_version`.

    `running`, `failed_release`, `applied_version`, `signal_dbm`, `ring_readings` (how many it keeps before it drops
    the oldest) and `heard_at` are what it last said.
    """

    __tablename__ = "boards"
    __table_args__ = {"schema": "monitoring"}

    device_id: UUID = _device()
    running: str = stored("", max_length=32)
    failed_release: str = stored("", max_length=32)
    applied_version: int = stored(0)
    signal_dbm: int | None = Field(default=None, sa_type=SmallInteger)
    heard_at: datetime | None = timestamp(nullable=True)
    settings_version: int = stored(0)
    settings: dict[str, object] | None = Field(default=None, sa_column=Column(JSONB, nullable=True))
    pinned_release: str = stored("", max_length=32)
    ring_readings: int | None = None


class BoardClaim(SQLModel, table=True):
    """The code of a board that is to be a device's."""

    __tablename__ = "board_claims"
    __table_args__ = {"schema": "monitoring"}

    device_id: UUID = _device()
    code: str = Field(max_length=12, unique=True)
    expires_at: datetime = timestamp()


class BoardRelease(SQLModel, table=True):
    """Firmware that boards are offered: `percent` of them, chosen by chance, once for each release."""

    __tablename__ = "board_releases"
    __table_args__ = {"schema": "monitoring"}

    version: str = Field(max_length=32, primary_key=True)
    bundle: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    percent: int = stored(0, sa_type=SmallInteger)
    added_at: datetime = timestamp(now=True)
