"""Messages to services of other people (chat, phones, on-call rotas), by Apprise and an address of its kind."""

from __future__ import annotations

import asyncio
import logging

import apprise
from apprise import NotifyBase

from portal.core.errors import Invalid, Undelivered
from portal.core.words import say

# It logs addresses and answers, and secrets stand in both.
logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
_SECONDS = 60.0
_OF_THIS_MACHINE = frozenset(("dbus", "kde", "qt", "glib", "gnome", "macosx", "syslog", "windows"))
"""They would show something on the server's own screen, or write to its log."""


def service_name(address: str) -> str:
    """Return what the service of an address is called. Raises `Invalid`, which does not repeat the address."""
    return str(_service(address).service_name)


async def tell_service(address: str, title: str, text: str) -> None:
    """Send a message. Raises `Invalid` for an address of no service, `Undelivered`."""
    service = _service(address)
    try:
        async with asyncio.timeout(_SECONDS):
            is_told = bool(await service.async_notify(body=text, title=title))
    except (TimeoutError, TypeError):
        is_told = False
    if not is_told:
        message = say("{service_name} did not take the message", service_name=service.service_name)
        raise Undelivered(message)


def _service(address: str) -> NotifyBase:
    scheme = address.partition("://")[0].lower()
    if scheme not in _OF_THIS_MACHINE:
        # Its types are not complete.
        made = apprise.Apprise.instantiate(address)  # pyright: ignore[reportUnknownMemberType]
        if made is not None:
            return made
    message = say(
        "There is no service whose addresses begin with {scheme}://, or the address is not complete",
        scheme=scheme,
    )
    raise Invalid(message)
