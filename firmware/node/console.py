"""What a board answers to a line that is typed in over USB: how it is set up, and how it fares.

show                      what is set, without secrets, and what has been counted
{"host": "...", ...}      sets what is in it, null takes it away; holds from the next start on
restart                   starts anew
"""

import json

from node.claim import code_of, secret_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from node.node import Node

_SECRET = ("token", "claim_secret", "apn_password", "wlan_key")
_KNOWN = (
    "host", "port", "tls", "ca", "token", "apn", "apn_user", "apn_password", "ssid", "wlan_key", "baud",
    "unit", "period_s", "every_s", "wanted", "ratios", "serial_at",
)  # fmt: skip
_COUNTED = (
    "taken",
    "failed_reads",
    "not_stored",
    "sent",
    "refused",
    "undated",
    "set_aside",
    "posts",
    "failed_posts",
)


def reply(line: str, node: "Node") -> str:
    """Return the answer to a line, as one line."""
    if line == "restart":
        node.wants_restart = True
        return "restarting"
    if line == "show":
        return json.dumps(_shown(node))
    try:
        given = json.loads(line)
    except ValueError:
        return "no: show, restart, or a JSON object"
    if not isinstance(given, dict):
        return "no: not an object"
    return _kept(given, node)  # pyright: ignore[reportUnknownArgumentType] - a dictionary of JSON


def _kept(given: "dict[str, object]", node: "Node") -> str:
    unknown = [name for name in given if name not in _KNOWN]
    if unknown:
        return "no: unknown " + ", ".join(unknown)
    return "ok" if node.settings.keep(given) else "no: the flash does not take it"


def _shown(node: "Node") -> "dict[str, object]":
    settings = node.settings
    shown: dict[str, object] = {
        name: value for name, value in settings.values.items() if name not in _SECRET and value is not None
    }
    shown["code"] = code_of(secret_of(settings, node.board))
    shown["has_token"] = bool(settings.text("token"))
    shown["counted"] = {name: getattr(node.counters, name) for name in _COUNTED}
    shown["waiting_sectors"] = node.ring.sectors_waiting()
    shown["dropped"] = node.ring.dropped
    shown["now_ms"] = node.clock.now_ms()
    return shown
