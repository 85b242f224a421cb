"""The product's errors, in one tree and without HTTP codes.

Every shell (HTTP, pages, commands) maps these classes to its own way of saying no.
Messages are shown to people: they name what is wrong and what to change, never a secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class PortalError(Exception):
    """Base of everything the product refuses on purpose."""

    code = "error"

    def __init__(self, message: str, *, details: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.message = str(message)
        # As it was said, which pages put into the reader's language.
        self.said = message
        self.details = details


class Invalid(PortalError):
    """The input breaks a rule; `details["problems"]` lists each as `{path, message}` where known."""

    code = "invalid"


class NotFound(PortalError):
    """It does not exist, or it is not the caller's: the same answer on purpose."""

    code = "not_found"


class Conflict(PortalError):
    """It exists already, or its state forbids this."""

    code = "conflict"


class HasHistory(Conflict):
    """It has readings, which are not thrown away by the way."""

    code = "has_readings"


class Outdated(PortalError):
    """It has been changed since the version that this change was meant for."""

    code = "precondition_failed"


class ClientBehind(Conflict):
    """The Admin holds more than this Client ever sent: its database was restored, or another one pushes as it."""

    code = "client_behind"


class AdminBehind(Conflict):
    """The Client had more acknowledged than the Admin holds; `details["mark"]` is how far that goes."""

    code = "admin_behind"


class TooSlow(PortalError):
    """The database did not answer in the time that was set for it; asking for less may do."""

    code = "too_slow"


class Refused(PortalError):
    """The caller is known but may not do this."""

    code = "forbidden"


class Unauthenticated(PortalError):
    """The credentials are missing, unknown, expired or inactive."""

    code = "unauthenticated"


class LockedOut(Unauthenticated):
    """Too many failed log-ins; `until` is the aware UTC instant the account opens again."""

    code = "locked_out"

    def __init__(self, message: str, until: datetime) -> None:
        super().__init__(message)
        self.until = until


class TooLarge(PortalError):
    """More rows or bytes than the settings allow."""

    code = "too_large"


class Unavailable(PortalError):
    """Something this needs does not answer just now; the same request may work in a moment."""

    code = "unavailable"


class Undelivered(PortalError):
    """A message did not reach whom it was for; the words name neither an address nor a secret."""

    code = "undelivered"


class Throttled(PortalError):
    """Too many requests; the next is taken after `retry_after_seconds`."""

    code = "rate_limited"

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Misconfigured(PortalError):
    """The settings cannot work; one line that says what to change."""

    code = "misconfigured"
