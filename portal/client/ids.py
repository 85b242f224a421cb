"""Ids as browsers send them."""

from uuid import UUID

from portal.core.errors import NotFound
from portal.core.languages import tr


def uuid_of(text: str) -> UUID:
    """Return an id that a browser sent. Raises `NotFound` for none."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(tr("There is no such thing any more")) from None
