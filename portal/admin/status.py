"""What a customer's stack does, in one word and a tone."""

from typing import Final

from portal.core.fleet.rules.customer_lists import OLD_TOKEN, CustomerStatus

WORDS: Final[dict[str, str]] = {
    CustomerStatus.FAILING: "Failing",
    CustomerStatus.LATE: "Late",
    CustomerStatus.NEVER_SEEN: "Never seen",
    CustomerStatus.ACTIVE: "Active",
    CustomerStatus.DISABLED: "Disabled",
    OLD_TOKEN: "Old token valid",
}
TONES: Final[dict[str, str]] = {
    CustomerStatus.FAILING: "fail",
    CustomerStatus.LATE: "warn",
    CustomerStatus.ACTIVE: "ok",
}


def tone_of(state: CustomerStatus) -> str:
    """The tone of a state's badge."""
    return TONES.get(state, "neutral")
