"""What a customer's stack does, in one word and a tone."""

from typing import Final

from portal.core.fleet.rules.customer_lists import OLD_TOKEN, CustomerStatus
from portal.core.words import noted

WORDS: Final[dict[str, str]] = {
    CustomerStatus.FAILING: noted("Failing"),
    CustomerStatus.LATE: noted("Late"),
    CustomerStatus.NEVER_SEEN: noted("Never seen"),
    CustomerStatus.ACTIVE: noted("Active"),
    CustomerStatus.DISABLED: noted("Disabled"),
    OLD_TOKEN: noted("Old token valid"),
}
TONES: Final[dict[str, str]] = {
    CustomerStatus.FAILING: "fail",
    CustomerStatus.LATE: "warn",
    CustomerStatus.ACTIVE: "ok",
}


def tone_of(state: CustomerStatus) -> str:
    """The tone of a state's badge."""
    return TONES.get(state, "neutral")
