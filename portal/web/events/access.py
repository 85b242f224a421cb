"""What event handlers ask of whoever calls them: the mark that a guard puts on each, and what follows from it."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import reflex as rx

from portal.core.access import Actor, Role

MARK = "_portal_access"
Handler = Callable[..., Any]


class Access(StrEnum):
    """What a handler asks of its caller."""

    PUBLIC = "public"
    SIGNED_IN = "signed in"
    ADMIN = "admin"


def access_of(handler: Handler) -> Access | None:
    """Return the guard a handler carries, or None when it carries none."""
    return getattr(handler, MARK, None)


def allows(access: Access, actor: Actor | None) -> bool:
    """Tell whether somebody (None: nobody is signed in) may call a handler with this guard."""
    if access is Access.PUBLIC:
        return True
    required = Role.ADMIN if access is Access.ADMIN else Role.USER
    return actor is not None and actor.role.covers(required)


def refusal(actor: Actor | None) -> rx.event.EventSpec:
    """Send a caller who may not do this where they can go on: strangers to the login page, others home."""
    return rx.redirect("/" if actor else "/login", replace=True)
