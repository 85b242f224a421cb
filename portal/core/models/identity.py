"""Accounts, sessions and machine keys (`app`, both run modes)."""

# SQLModel declares the table name as computed; a plain text is its documented way.
# pyright: reportAssignmentType=false

from datetime import datetime
from uuid import UUID, uuid4

from sqlmodel import Field, SQLModel

from portal.core.models.columns import timestamp


class User(SQLModel, table=True):
    """A person who may log in; `email` is stored in lower case."""

    __tablename__ = "users"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    email: str = Field(max_length=254, unique=True)
    password_hash: str = Field(max_length=255)
    role: str = Field(max_length=20)
    is_active: bool = True
    failed_attempts: int = 0
    locked_until: datetime | None = timestamp(nullable=True)
    created_at: datetime = timestamp(now=True)
    password_changed_at: datetime = timestamp(now=True)


class Session(SQLModel, table=True):
    """A log-in; only the SHA-256 of the cookie's value is stored."""

    __tablename__ = "sessions"
    __table_args__ = {"schema": "app"}

    token_hash: str = Field(max_length=64, primary_key=True)
    user_id: UUID = Field(foreign_key="app.users.id", ondelete="CASCADE", index=True)
    created_at: datetime = timestamp(now=True)
    last_seen_at: datetime = timestamp(now=True)
    expires_at: datetime = timestamp()


class ApiKey(SQLModel, table=True):
    """A machine's key; only its SHA-256 is stored."""

    __tablename__ = "api_keys"
    __table_args__ = {"schema": "app"}

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    name: str = Field(max_length=100, unique=True)
    key_hash: str = Field(max_length=64, unique=True)
    created_at: datetime = timestamp(now=True)
    last_used_at: datetime | None = timestamp(nullable=True)
    revoked_at: datetime | None = timestamp(nullable=True)


class Branding(SQLModel, table=True):
    """The one row of brand settings."""

    __tablename__ = "branding"
    __table_args__ = {"schema": "app"}

    id: int = Field(default=1, primary_key=True)
    product_name: str = Field(max_length=80)
    primary_color: str = Field(max_length=7)
    accent_color: str = Field(max_length=7)
    updated_at: datetime = timestamp(now=True)
