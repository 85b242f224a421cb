"""What the page of one's own account shows, as texts."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypedDict

from portal.core.identity.service.second_factor import Status
from portal.core.identity.service.sessions import SessionLine
from portal.core.languages import tr
from portal.core.words import noted
from portal.ui import formats

FEW_CODES = 3
_PROBLEMS = {
    "language": noted("That language or way to write numbers is not there: choose one of the list."),
    "wrong": noted("The present password is wrong, so it was not changed."),
    "poor": noted(
        "The new password has to be 10 to 512 characters long, and another word than your e-mail address."
    ),
    "locked": noted(
        "Too many failed attempts, so the password was not changed. Try again in a quarter of an hour."
    ),
    "busy": noted("The password could not be changed just now. Try again in a moment."),
}
# How browsers and systems call themselves; the first that fits, because most claim to be several.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrom", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


class SessionRow(TypedDict):
    """One place where a person is signed in."""

    id: str
    agent: str
    address: str
    last_used: str
    last_used_utc: str
    is_current: bool


def build_rows(lines: Iterable[SessionLine], now: datetime) -> list[SessionRow]:
    """The sessions as rows."""
    return [
        {
            "id": str(line.id),
            "agent": agent_words(line.agent),
            "address": line.address or tr("address not known"),
            "last_used": formats.relative(line.last_seen_at, now),
            "last_used_utc": formats.utc_time(line.last_seen_at),
            "is_current": line.is_current,
        }
        for line in lines
    ]


def agent_words(agent: str) -> str:
    """What a browser's description of itself comes down to: `Firefox on Linux`."""
    browser = next((name for sign, name in _BROWSERS if sign in agent), "")
    system = next((name for sign, name in _SYSTEMS if sign in agent), "")
    if browser or system:
        return (
            tr("{browser} on {system}", browser=browser or tr("Browser"), system=system)
            if system
            else browser
        )
    return re.split(r"[/ ]", agent)[0] or tr("Unknown program")


def second_factor(status: Status, zone: str) -> str:
    """How the second factor stands."""
    if status.since is None:
        return tr(
            "With it, signing in also asks for a code from your phone: a password somebody learned "
            "is not enough."
        )
    left = formats.counted(status.codes_left, "{count} recovery code", "{count} recovery codes")
    return tr("On since {since}; {left} left.", since=formats.local_time(status.since, zone), left=left)


def grouped(key: str) -> str:
    """A key as it is typed: in groups of four."""
    return " ".join(key[at : at + 4] for at in range(0, len(key), 4))


def ended(count: int) -> str:
    """What signing out elsewhere came to."""
    return (
        tr(
            "Signed out of {session}.",
            session=formats.counted(count, "{count} other session", "{count} other sessions"),
        )
        if count
        else tr("There was no other session.")
    )


def outcome(query: Mapping[str, str]) -> tuple[str, str]:
    """The problem and the notice the address speaks of."""
    notice = tr("Your password is changed.") if query.get("changed") else ""
    if query.get("language"):
        notice = tr("Your language is saved.")
    return tr(_PROBLEMS.get(query.get("problem", ""), "")), notice
