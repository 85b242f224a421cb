"""What the login page says, from what its address says."""

from collections.abc import Mapping

from portal.core.languages import tr
from portal.core.words import noted

_MOST_MINUTES = 24 * 60
# By the code of the refusal: what stands in an address is never shown as it is.
_SSO = {
    "unauthenticated": noted(
        "Single sign-on did not let you in: none of your groups may, or it took too long. Ask an admin."
    ),
    "unavailable": noted(
        "Single sign-on does not answer just now. Try again in a moment, or sign in with a password."
    ),
    "conflict": noted(
        "Your address has an account with a password already. Sign in with it, or ask an admin."
    ),
    "misconfigured": noted("Single sign-on is not set up completely. Ask an admin."),
}


def failure(query: Mapping[str, str]) -> str:
    """Return why the last attempt failed, in words, or nothing."""
    reason = query.get("error", "")
    if reason == "credentials":
        return tr("That e-mail and password do not match. Check both and try again.")
    if reason == "code":
        return tr(
            "That code is wrong or was used already. Type the one your app shows now, or one of "
            "your recovery codes."
        )
    if reason == "late":
        return tr("That took too long, so nobody was signed in. Start again.")
    if reason == "locked":
        return tr(
            "Too many attempts. Log-in from here opens again in {minutes}.",
            minutes=_minutes(query.get("minutes", "")),
        )
    if reason == "sso":
        return tr(_SSO.get(query.get("why", ""), _SSO["unauthenticated"]))
    return ""


def notice(query: Mapping[str, str]) -> str:
    """Return what else is worth saying: that signing out or setting a password worked."""
    if query.get("error"):
        return ""
    if query.get("password-set"):
        return tr("Your password is set. Sign in with it now.")
    return tr("You are signed out.") if query.get("signed-out") else ""


def _minutes(text: str) -> str:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= _MOST_MINUTES:
        return tr("a few minutes")
    return tr("1 minute") if int(text) == 1 else tr("{words} minutes", words=int(text))
