"""Whether a customer's stack is alive, in one word and a tone."""

from datetime import datetime, timedelta
from typing import Final

ALIVE_WITHIN: Final = timedelta(hours=1)
Status = tuple[str, str]


def customer_status(*, is_active: bool, last_seen_at: datetime | None, now: datetime) -> Status:
    """The word and the badge's tone: active means pushed within the hour."""
    if not is_active:
        return "Disabled", "neutral"
    if last_seen_at is None:
        return "Never seen", "neutral"
    return ("Active", "ok") if now - last_seen_at <= ALIVE_WITHIN else ("Quiet", "warn")
