"""Accounts, sessions and machine keys (`app`, both run modes)."""

# SQLModel declares the table name as computed; a plain text is its documented way.
# pyright: reportAssignmentType=false

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from portal.core.access import Role, Scope
from portal.core.database.columns import Word, stored, timestamp, uuid_key


class User(SQLModel, table=True):
    """A person who may log in; `email` is stored in lower case.

    A limited one sees some customers of an Admin, and changes nothing there.
    """

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("email = lower(email)"),
        CheckConstraint("role IN ('admin', 'user')"),
        CheckConstraint("NOT is_limited OR role = 'user'", name="users_limited_check"),
        {"schema": "app"},
    )

    id: UUID = uuid_key(primary_key=True)
    email: str = Field(max_length=254, unique=True)
    password_hash: str | None = Field(default=None, max_length=255)
    role: Role = Field(sa_type=Word(Role, 20))
    is_active: bool = stored(default=True)
    created_at: datetime = timestamp(now=True)
    password_changed_at: datetime = timestamp(now=True)
    last_sign_in_at: datetime | None = timestamp(nullable=True)
    is_limited: bool = stored(default=False)
    language: str = stored("en", max_length=10)
    locale: str = stored("en-ZA", max_length=10)


class ExternalIdentity(SQLModel, table=True):
    """Who a person is to a provider of single sign-on: `subject` is the provider's name for them, for good."""

    __tablename__ = "external_identities"
    __table_args__ = {"schema": "app"}

    issuer: str = Field(max_length=300, primary_key=True)
    subject: str = Field(max_length=255, primary_key=True)
    user_id: UUID = Field(foreign_key="app.users.id", ondelete="CASCADE", index=True)
    linked_at: datetime = timestamp(now=True)


class LoginAttempts(SQLModel, table=True):
    """Failed log-ins of an account from an address; `rules.lockout` has the keys that stand for all of either."""

    __tablename__ = "login_attempts"
    __table_args__ = {"schema": "app"}

    email: str = Field(max_length=254, primary_key=True)
    address: str = Field(max_length=64, primary_key=True)
    failures: int = stored(0)
    window_at: datetime = timestamp()
    closed_until: datetime | None = timestamp(nullable=True)
    succeeded_at: datetime | None = timestamp(nullable=True)


class PasswordLinkRow(SQLModel, table=True):
    """The one open invitation of an account to set its password; only the SHA-256 of its token is stored."""

    __tablename__ = "password_links"
    __table_args__ = {"schema": "app"}

    token_hash: str = Field(max_length=64, primary_key=True)
    user_id: UUID = Field(foreign_key="app.users.id", ondelete="CASCADE", unique=True)
    created_at: datetime = timestamp(now=True)
    expires_at: datetime = timestamp()


class Session(SQLModel, table=True):
    """A log-in; only the SHA-256 of the cookie's value is stored."""

    __tablename__ = "sessions"
    __table_args__ = {"schema": "app"}

    token_hash: str = Field(max_length=64, primary_key=True)
    id: UUID = uuid_key(unique=True)
    user_id: UUID = Field(foreign_key="app.users.id", ondelete="CASCADE", index=True)
    address: str = stored("", max_length=64)
    agent: str = stored("", max_length=200)
    created_at: datetime = timestamp(now=True)
    last_seen_at: datetime = timestamp(now=True)
    expires_at: datetime = timestamp()


class SecondFactor(SQLModel, table=True):
    """The authenticator app of a person: asked for at log-in once confirmed. The secret is stored sealed."""

    __tablename__ = "second_factors"
    __table_args__ = {"schema": "app"}

    user_id: UUID = Field(foreign_key="app.users.id", ondelete="CASCADE", primary_key=True)
    sealed_secret: str = Field(max_length=255)
    created_at: datetime = timestamp()
    confirmed_at: datetime | None = timestamp(nullable=True)
    last_step: int | None = Field(default=None, sa_type=BigInteger)


class RecoveryCode(SQLModel, table=True):
    """A code that takes the app's place once; only its SHA-256 is stored."""

    __tablename__ = "recovery_codes"
    __table_args__ = {"schema": "app"}

    user_id: UUID = Field(foreign_key="app.second_factors.user_id", ondelete="CASCADE", primary_key=True)
    code_hash: str = Field(max_length=64, primary_key=True)


class LoginStep(SQLModel, table=True):
    """A log-in whose password was right and whose code is still to come; it opens nothing."""

    __tablename__ = "login_steps"
    __table_args__ = {"schema": "app"}

    token_hash: str = Field(max_length=64, primary_key=True)
    user_id: UUID = Field(foreign_key="app.users.id", ondelete="CASCADE", index=True)
    created_at: datetime = timestamp()
    expires_at: datetime = timestamp()


class ApiKey(SQLModel, table=True):
    """A machine's key; only its SHA-256 is stored. A revoked one keeps its row, and its name is free again."""

    __tablename__ = "api_keys"
    __table_args__ = (
        Index("ix_app_api_keys_name", "name", unique=True, postgresql_where=text("revoked_at IS NULL")),
        CheckConstraint("scope IN ('read', 'manage')"),
        {"schema": "app"},
    )

    id: UUID = uuid_key(primary_key=True)
    name: str = Field(max_length=100)
    key_hash: str = Field(max_length=64, unique=True)
    scope: Scope = stored(Scope.MANAGE, sa_type=Word(Scope, 20))
    created_at: datetime = timestamp(now=True)
    last_used_at: datetime | None = timestamp(nullable=True)
    revoked_at: datetime | None = timestamp(nullable=True)
