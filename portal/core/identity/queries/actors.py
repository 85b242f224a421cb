"""What is read of a person wherever somebody acts as them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlmodel import col

from portal.core.access import Actor
from portal.core.identity.tables import User

if TYPE_CHECKING:
    from collections.abc import Sequence

ACTOR_COLUMNS = (
    col(User.id),
    col(User.email),
    col(User.role),
    col(User.is_limited),
    col(User.language),
    col(User.locale),
)


# Any: columns of a row
def actor_in(row: Sequence[Any]) -> Actor:
    """Return the person of a row of these columns."""
    user_id, email, role, is_limited, language, locale = row
    return Actor(user_id, email, role, is_limited=is_limited, language=language, locale=locale)
