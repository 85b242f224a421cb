"""A customer that was just registered: what its stack is set to, and what has been heard of it. Pure words."""

import re
from typing import Final, TypedDict
from zoneinfo import ZoneInfo

from portal.core.fleet.rules.customer_lists import CustomerStatus
from portal.core.fleet.service.customer_lists import ListedCustomer
from portal.core.fleet.service.customers import CODE_PATTERN
from portal.core.languages import tr
from portal.core.words import noted
from portal.ui import formats

CODE_RULE: Final = noted(
    "1 to 50 letters, digits and hyphens; begins and ends with a letter or digit. For good."
)
_CODE: Final = re.compile(CODE_PATTERN)


class PushHeard(TypedDict):
    """What has been heard of a stack: a title, what that means, and a tone; the title is empty where nobody waits."""

    title: str
    words: str
    tone: str
    is_received: bool


NOTHING: Final[PushHeard] = {"title": "", "words": "", "tone": "", "is_received": False}
WAITING: Final[PushHeard] = {
    "title": noted("Waiting for the first push"),
    "words": noted(
        "Start the customer's stack with this block. It pushes within a minute; this changes by itself."
    ),
    "tone": "",
    "is_received": False,
}


def waiting() -> PushHeard:
    """Return what is said while nothing has been heard."""
    return {**WAITING, "title": tr(WAITING["title"]), "words": tr(WAITING["words"])}


def code_words(code: str) -> str:
    """What a code makes of names, or which rule it breaks; empty for none."""
    if not code:
        return ""
    if not _CODE.fullmatch(code):
        return tr("Not a code: {rule}", rule=tr(CODE_RULE))
    return tr("In compose and in host names: {lower}", lower=code.lower())


def fleet_url(origin: str) -> str:
    """Where stacks push to, at a portal that answers at an origin."""
    return f"{origin.rstrip('/')}/api/fleet/ingest"


def grace_words(hours: int) -> str:
    """How long the old token is good for, after it was replaced."""
    if hours == 0:
        return tr("The old token has ended: the stack pushes again once it has the new one.")
    return tr(
        "The old token stays valid for {hour}: until then the stack goes on pushing.",
        hour=formats.counted(hours, "{count} hour", "{count} hours"),
    )


def heard_of(customer: ListedCustomer, zone: str) -> PushHeard:
    """What has been heard of a customer that was waited for."""
    if customer.first_seen_at is not None:
        at = customer.first_seen_at.astimezone(ZoneInfo(zone))
        sites = formats.counted(customer.site_count, "{count} site", "{count} sites")
        there = f"{sites}, {formats.counted(customer.meter_count, '{count} meter', '{count} meters')}"
        words = tr("At {at}; so far {there}.", at=f"{at:%H:%M:%S}", there=there)
        return {"title": tr("First push received"), "words": words, "tone": "ok", "is_received": True}
    if customer.state is CustomerStatus.FAILING:
        words = tr(
            "{refusal}. Nothing is lost: its stack keeps what it could not push.", refusal=customer.refusal
        )
        return {"title": tr("A push was refused"), "words": words, "tone": "fail", "is_received": False}
    return waiting()
