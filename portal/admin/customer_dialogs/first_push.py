"""A customer that was just registered: what its stack is set to, and what has been heard of it. Pure words."""

import re
from typing import Final, TypedDict
from zoneinfo import ZoneInfo

from portal.core.fleet.rules.customer_lists import CustomerStatus
from portal.core.fleet.service.customer_lists import ListedCustomer
from portal.core.fleet.service.customers import CODE_PATTERN
from portal.ui import formats

CODE_RULE: Final = "1 to 50 letters, digits and hyphens; begins and ends with a letter or digit. For good."
_CODE: Final = re.compile(CODE_PATTERN)


class PushHeard(TypedDict):
    """What has been heard of a stack: a title, what that means, and a tone; the title is empty where nobody waits."""

    title: str
    words: str
    tone: str
    is_received: bool


NOTHING: Final[PushHeard] = {"title": "", "words": "", "tone": "", "is_received": False}
WAITING: Final[PushHeard] = {
    "title": "Waiting for the first push",
    "words": "Start the customer's stack with this block. It pushes within a minute; this changes by itself.",
    "tone": "",
    "is_received": False,
}


def code_words(code: str) -> str:
    """What a code makes of names, or which rule it breaks; empty for none."""
    if not code:
        return ""
    if not _CODE.fullmatch(code):
        return f"Not a code: {CODE_RULE[0].lower()}{CODE_RULE[1:]}"
    return f"In compose and in host names: {code.lower()}"


def fleet_url(origin: str) -> str:
    """Where stacks push to, at a portal that answers at an origin."""
    return f"{origin.rstrip('/')}/api/fleet/ingest"


def grace_words(hours: int) -> str:
    """How long the old token is good for, after it was replaced."""
    if hours == 0:
        return "The old token has ended: the stack pushes again once it has the new one."
    return (
        f"The old token stays valid for {formats.count(hours, 'hour')}: until then the stack goes on pushing."
    )


def heard_of(customer: ListedCustomer, zone: str) -> PushHeard:
    """What has been heard of a customer that was waited for."""
    if customer.first_seen_at is not None:
        at = customer.first_seen_at.astimezone(ZoneInfo(zone))
        there = (
            f"{formats.count(customer.site_count, 'site')}, {formats.count(customer.meter_count, 'meter')}"
        )
        words = f"At {at:%H:%M:%S}; so far {there}."
        return {"title": "First push received", "words": words, "tone": "ok", "is_received": True}
    if customer.state is CustomerStatus.FAILING:
        words = f"{customer.refusal}. Nothing is lost: its stack keeps what it could not push."
        return {"title": "A push was refused", "words": words, "tone": "fail", "is_received": False}
    return WAITING
