"""What the login page says, from what its address says."""

from collections.abc import Mapping

_MOST_MINUTES = 24 * 60


def failure(query: Mapping[str, str]) -> str:
    """Return why the last attempt failed, in words, or nothing."""
    reason = query.get("error", "")
    if reason == "credentials":
        return "That e-mail and password do not match. Check both and try again."
    if reason == "code":
        return "That code is wrong or was used already. Type the one your app shows now, or one of your recovery codes."
    if reason == "late":
        return "That took too long, so nobody was signed in. Start again."
    if reason == "locked":
        return f"Too many attempts. Log-in from here opens again in {_minutes(query.get('minutes', ''))}."
    return ""


def notice(query: Mapping[str, str]) -> str:
    """Return what else is worth saying: that signing out or setting a password worked."""
    if query.get("error"):
        return ""
    if query.get("password-set"):
        return "Your password is set. Sign in with it now."
    return "You are signed out." if query.get("signed-out") else ""


def _minutes(text: str) -> str:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= _MOST_MINUTES:
        return "a few minutes"
    return "1 minute" if int(text) == 1 else f"{int(text)} minutes"
