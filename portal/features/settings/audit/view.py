"""What the audit trail says, in words."""

from collections.abc import Iterable
from typing import TypedDict

from portal.core.audit.service import AuditEvent
from portal.ui import formats

# The part of an action before its dot, and what it is called; empty shows everything.
TOPICS = (
    ("", "Everything"),
    ("login", "Log-ins"),
    ("user", "People"),
    ("api_key", "API keys"),
    ("customer", "Customers"),
    ("site", "Sites"),
    ("device", "Devices"),
    ("tariff", "Rates"),
    ("alert", "Alerts"),
    ("alert_rule", "Rules of alerts"),
    ("alert_channel", "Who is told"),
    ("report", "Monthly reports"),
    ("brand", "Brand"),
    ("push", "Push"),
    ("data", "Data in and out"),
)
_WORDS = {
    "login.succeeded": "Signed in",
    "login.failed": "Log-in failed",
    "login.code_wanted": "Password right, code asked for",
    "login.closed": "Log-in closed after failures",
    "login.ended": "Signed out",
    "user.added": "Person added",
    "user.link_issued": "Password link made",
    "user.password_set": "Password set",
    "user.password_changed": "Password changed",
    "user.role_changed": "Role changed",
    "user.activated": "Person activated",
    "user.deactivated": "Person deactivated",
    "user.proof_refused": "Password or code refused",
    "user.second_factor_on": "Second factor turned on",
    "user.second_factor_off": "Second factor turned off",
    "user.second_factor_reset": "Second factor reset",
    "user.recovery_codes_renewed": "Recovery codes renewed",
    "api_key.issued": "API key made",
    "api_key.revoked": "API key revoked",
    "customer.registered": "Customer registered",
    "customer.reader_set": "Database reader set",
    "customer.token_rotated": "Token rotated",
    "customer.viewed": "Looked at as the customer",
    "customer.enabled": "Customer enabled",
    "customer.disabled": "Customer disabled",
    "customer.deleted": "Customer deleted",
    "site.added": "Site added",
    "site.changed": "Site changed",
    "site.removed": "Site deleted",
    "device.added": "Device added",
    "device.changed": "Device changed",
    "device.removed": "Device deleted",
    "device.token_rotated": "Device token rotated",
    "device.board_claimed": "Board claimed",
    "device.token_collected": "Token collected by a board",
    "device.board_set_up": "Board set up",
    "device.board_pinned": "Board's release chosen",
    "release.added": "Firmware added",
    "release.rolled_out": "Firmware rolled out",
    "release.removed": "Firmware removed",
    "tariff.imported": "Tariff imported",
    "tariff.saved": "Tariff saved",
    "tariff.removed": "Tariff deleted",
    "tariff.municipality_added": "Municipality added",
    "tariff.municipality_changed": "Municipality changed",
    "tariff.municipality_removed": "Municipality deleted",
    "meter_event.decided": "Meter event decided",
    "meter_event.declared": "Meter change declared",
    "meter_event.undone": "Decision undone",
    "alert.acknowledged": "Alert acknowledged",
    "report.sent": "Monthly report sent",
    "alert_rule.added": "Rule added",
    "alert_rule.changed": "Rule changed",
    "alert_rule.removed": "Rule deleted",
    "alert_channel.added": "Channel added",
    "alert_channel.changed": "Channel changed",
    "alert_channel.tried": "Trial message sent",
    "alert_channel.removed": "Channel deleted",
    "brand.changed": "Brand changed",
    "brand.image_changed": "Brand image changed",
    "brand.image_removed": "Brand image removed",
    "push.retried": "Rows given up pushed again",
    "push.discarded": "Rows given up discarded",
    "push.sets_recovered": "Lost sites, devices and rates fetched",
    "push.recovered": "Lost data fetched from the Admin",
    "push.admin_behind": "Admin restored, sent again",
    "data.imported": "Readings imported from a file",
    "data.exported": "Data exported",
}
_FAILURES = ("login.failed", "login.closed", "user.proof_refused")
_NOBODY = {"system": "The system", "command": "Command line", "anonymous": "Somebody not signed in"}


class EventRow(TypedDict):
    """One event."""

    at: str
    at_utc: str
    action: str
    is_failure: bool
    who: str
    address: str
    subject: str
    detail: str


def build_rows(events: Iterable[AuditEvent], zone: str) -> list[EventRow]:
    """The events as rows; times to the minute in the stack's zone."""
    return [
        {
            "at": formats.local_time(event.at, zone),
            "at_utc": formats.utc_time(event.at),
            "action": action_words(event.action),
            "is_failure": event.action in _FAILURES,
            "who": who(event),
            "address": event.address,
            "subject": event.subject,
            "detail": event.detail,
        }
        for event in events
    ]


def action_words(action: str) -> str:
    """An action in words; one without words of its own reads as it is."""
    return _WORDS.get(action) or action.replace(".", ": ").replace("_", " ").capitalize()


def who(event: AuditEvent) -> str:
    """Who acted: a person, a machine by its key's name, or a part of the product.

    A command says under which account of the machine it ran; those of earlier releases did not.
    """
    if event.actor_kind in _NOBODY and not _is_account(event):
        return _NOBODY[event.actor_kind]
    return f"API key {event.actor_name}" if event.actor_kind == "api_key" else event.actor_name


def _is_account(event: AuditEvent) -> bool:
    return event.actor_kind == "command" and event.actor_name != "command line"
