"""The brand: its settings and its images (`app`, both run modes)."""

# SQLModel declares the table name as computed; a plain text is its documented way.
# pyright: reportAssignmentType=false

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from portal.core.database.columns import stored, timestamp


class Branding(SQLModel, table=True):
    """The one row of brand settings."""

    __tablename__ = "branding"
    __table_args__ = (
        CheckConstraint("id = 1"),
        CheckConstraint("appearance IN ('system', 'light', 'dark')"),
        {"schema": "app"},
    )

    id: int = stored(1, primary_key=True)
    product_name: str = Field(max_length=80)
    primary_color: str = Field(max_length=7)
    accent_color: str = Field(max_length=7)
    appearance: str = stored("system", max_length=10)
    updated_at: datetime = timestamp(now=True)


class BrandImage(SQLModel, table=True):
    """The logo or the icon of the brand."""

    __tablename__ = "brand_images"
    __table_args__ = (CheckConstraint("kind IN ('logo', 'icon')"), {"schema": "app"})

    kind: str = Field(max_length=10, primary_key=True)
    content: bytes
    media_type: str = Field(max_length=30)
    updated_at: datetime = timestamp(now=True)
