"""What the audit trail says, in words."""

from collections.abc import Iterable
from typing import TypedDict

from portal.core.audit.service import AuditEvent
from portal.core.languages import tr
from portal.core.words import noted
from portal.ui import formats

# The part of an action before its dot, and what it is called; empty shows everything.
TOPICS = (
    ("", noted("Everything")),
    ("login", noted("Log-ins")),
    ("user", noted("People")),
    ("api_key", noted("API keys")),
    ("customer", noted("Customers")),
    ("site", noted("Sites")),
    ("device", noted("Devices")),
    ("tariff", noted("Rates")),
    ("alert", noted("Alerts")),
    ("alert_rule", noted("Rules of alerts")),
    ("alert_channel", noted("Who is told")),
    ("report", noted("Monthly reports")),
    ("brand", noted("Brand")),
    ("push", noted("Push")),
    ("data", noted("Data in and out")),
)
_WORDS = {
    "login.succeeded": noted("Signed in"),
    "login.failed": noted("Log-in failed"),
    "login.code_wanted": noted("Password right, code asked for"),
    "login.closed": noted("Log-in closed after failures"),
    "login.ended": noted("Signed out"),
    "user.added": noted("Person added"),
    "user.link_issued": noted("Password link made"),
    "user.password_set": noted("Password set"),
    "user.password_changed": noted("Password changed"),
    "user.role_changed": noted("Role changed"),
    "user.language_changed": noted("Language changed"),
    "user.activated": noted("Person activated"),
    "user.deactivated": noted("Person deactivated"),
    "user.proof_refused": noted("Password or code refused"),
    "user.second_factor_on": noted("Second factor turned on"),
    "user.second_factor_off": noted("Second factor turned off"),
    "user.second_factor_reset": noted("Second factor reset"),
    "user.recovery_codes_renewed": noted("Recovery codes renewed"),
    "api_key.issued": noted("API key made"),
    "api_key.revoked": noted("API key revoked"),
    "customer.registered": noted("Customer registered"),
    "customer.reader_set": noted("Database reader set"),
    "customer.token_rotated": noted("Token rotated"),
    "customer.viewed": noted("Looked at as the customer"),
    "customer.enabled": noted("Customer enabled"),
    "customer.disabled": noted("Customer disabled"),
    "customer.deleted": noted("Customer deleted"),
    "site.added": noted("Site added"),
    "site.changed": noted("Site changed"),
    "site.removed": noted("Site deleted"),
    "device.added": noted("Device added"),
    "device.changed": noted("Device changed"),
    "device.removed": noted("Device deleted"),
    "device.token_rotated": noted("Device token rotated"),
    "device.board_claimed": noted("Board claimed"),
    "device.token_collected": noted("Token collected by a board"),
    "device.board_set_up": noted("Board set up"),
    "device.board_pinned": noted("Board's release chosen"),
    "release.added": noted("Firmware added"),
    "release.rolled_out": noted("Firmware rolled out"),
    "release.removed": noted("Firmware removed"),
    "tariff.imported": noted("Tariff imported"),
    "tariff.saved": noted("Tariff saved"),
    "tariff.removed": noted("Tariff deleted"),
    "tariff.municipality_added": noted("Municipality added"),
    "tariff.municipality_changed": noted("Municipality changed"),
    "tariff.municipality_removed": noted("Municipality deleted"),
    "meter_event.decided": noted("Meter event decided"),
    "meter_event.declared": noted("Meter change declared"),
    "meter_event.undone": noted("Decision undone"),
    "alert.acknowledged": noted("Alert acknowledged"),
    "report.sent": noted("Monthly report sent"),
    "alert_rule.added": noted("Rule added"),
    "alert_rule.changed": noted("Rule changed"),
    "alert_rule.removed": noted("Rule deleted"),
    "alert_channel.added": noted("Channel added"),
    "alert_channel.changed": noted("Channel changed"),
    "alert_channel.tried": noted("Trial message sent"),
    "alert_channel.removed": noted("Channel deleted"),
    "brand.changed": noted("Brand changed"),
    "brand.image_changed": noted("Brand image changed"),
    "brand.image_removed": noted("Brand image removed"),
    "push.retried": noted("Rows given up pushed again"),
    "push.discarded": noted("Rows given up discarded"),
    "push.sets_recovered": noted("Lost sites, devices and rates fetched"),
    "push.recovered": noted("Lost data fetched from the Admin"),
    "push.admin_behind": noted("Admin restored, sent again"),
    "data.imported": noted("Readings imported from a file"),
    "data.exported": noted("Data exported"),
}
_FAILURES = ("login.failed", "login.closed", "user.proof_refused")
_NOBODY = {
    "system": noted("The system"),
    "command": noted("Command line"),
    "anonymous": noted("Somebody not signed in"),
}


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
    return tr(_WORDS.get(action, "")) or action.replace(".", ": ").replace("_", " ").capitalize()


def who(event: AuditEvent) -> str:
    """Who acted: a person, a machine by its key's name, or a part of the product.

    A command says under which account of the machine it ran; those of earlier releases did not.
    """
    if event.actor_kind in _NOBODY and not _is_account(event):
        return tr(_NOBODY[event.actor_kind])
    return (
        tr("API key {actor_name}", actor_name=event.actor_name)
        if event.actor_kind == "api_key"
        else event.actor_name
    )


def _is_account(event: AuditEvent) -> bool:
    return event.actor_kind == "command" and event.actor_name != "command line"
