"""Ids as they come from an address or an event: believed only when they are one."""

from uuid import UUID

from portal.core.errors import NotFound


def customer_uuid(text: str) -> UUID:
    """Read a customer's id. Raises NotFound for anything else: a wrong id and an unknown one are the same."""
    try:
        return UUID(text)
    except ValueError:
        message = "There is no such customer."
        raise NotFound(message) from None
