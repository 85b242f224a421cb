"""What a page reads again after a change of a customer: the pages say it themselves, and dialogs know none of them."""

from collections.abc import Sequence
from typing import Any

LIST, CUSTOMER = "list", "customer"
# Any: handlers of states, which Reflex knows as events.
_reads: dict[str, Sequence[Any]] = {}


def reads_again(page: str, events: Sequence[Any]) -> None:
    """Say what a page (LIST or CUSTOMER) reads again."""
    _reads[page] = events


def events_of(page: str) -> list[Any]:
    """Return what a page reads again."""
    return list(_reads.get(page, ()))
