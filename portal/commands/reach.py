"""Who can reach a stack, and what must hold before strangers can."""

from __future__ import annotations

from ipaddress import ip_address
from socket import gaierror, getaddrinfo
from typing import TYPE_CHECKING

from portal.core.errors import Misconfigured
from portal.core.identity.service import accounts

if TYPE_CHECKING:
    from portal.core.stack import Stack


def is_beyond_this_machine(host: str) -> bool:
    """Tell whether others can reach what listens on this address; a name counts by all it stands for."""
    if not host:
        return True
    try:
        found = {str(entry[4][0]).partition("%")[0] for entry in getaddrinfo(host, None)}
    except (gaierror, UnicodeError):
        return True
    return not all(ip_address(address).is_loopback for address in found)


async def require_own_password(stack: Stack, host: str) -> None:
    """Refuse to be reached by others while the first admin has the password of the documentation.

    Raises `Misconfigured`. `Authentication__AllowDefaultPassword` lets it pass in Development.
    """
    settings = stack.settings
    is_allowed = settings.authentication.allow_default_password and not settings.is_production
    if is_allowed or not (settings.is_production or is_beyond_this_machine(host)):
        return
    address = await accounts.holder_of_default_password(stack)
    if address is None:
        return
    why = "in Production" if settings.is_production else f"and others can reach --host {host}"
    ways = "start it with --host 127.0.0.1 and change it in Settings, Account"
    if settings.is_production:
        ways = "start it once in Development on 127.0.0.1 and change it in Settings, Account"
    else:
        ways += ", or set Authentication__AllowDefaultPassword=true"
    raise Misconfigured(f"{address} still has the default password, {why}: {ways}.")
