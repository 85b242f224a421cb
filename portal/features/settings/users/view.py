"""What the Users page shows, as texts."""

from collections.abc import Iterable
from datetime import datetime
from typing import TypedDict

from portal.core.access import Role
from portal.core.identity.service.accounts import PasswordLink, UserLine
from portal.core.languages import tr
from portal.core.words import noted
from portal.ui import formats

ROLE_WORDS = {Role.ADMIN: noted("Admin"), Role.USER: noted("User")}


class UserRow(TypedDict):
    """One person."""

    id: str
    email: str
    role: str
    is_admin: bool
    is_active: bool
    has_second_factor: bool
    status: str
    tone: str
    note: str
    last_seen: str
    last_seen_utc: str


def build_rows(lines: Iterable[UserLine], now: datetime, zone: str) -> list[UserRow]:
    """Everybody as rows."""
    return [_row(line, now, zone) for line in lines]


def link_address(link: PasswordLink, public_url: str, origin: str) -> str:
    """The address to hand to a person."""
    return f"{(public_url or origin).rstrip('/')}/set-password?token={link.token}"


def link_note(link: PasswordLink, zone: str) -> str:
    """How long a link works."""
    return tr("It works once, until {expires_at}.", expires_at=formats.near_time(link.expires_at, zone))


def _row(line: UserLine, now: datetime, zone: str) -> UserRow:
    status, tone = _status(line)
    return {
        "id": str(line.id),
        "email": line.email,
        "role": tr(ROLE_WORDS[line.role]),
        "is_admin": line.role is Role.ADMIN,
        "is_active": line.is_active,
        "has_second_factor": line.has_second_factor,
        "status": status,
        "tone": tone,
        "note": _note(line, zone),
        "last_seen": formats.relative(line.last_sign_in_at, now),
        "last_seen_utc": formats.utc_time(line.last_sign_in_at),
    }


def _note(line: UserLine, zone: str) -> str:
    if line.link_expires_at:
        return tr(
            "Link open until {link_expires_at}", link_expires_at=formats.near_time(line.link_expires_at, zone)
        )
    return tr("With a second factor") if line.has_second_factor else ""


def _status(line: UserLine) -> tuple[str, str]:
    if not line.is_active:
        return tr("Deactivated"), "neutral"
    return (tr("Active"), "ok") if line.has_password else (tr("No password yet"), "warn")
