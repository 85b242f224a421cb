"""The list of customers: in which state one is, and what may be asked of the list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

ACTIVE_WITHIN: Final = timedelta(hours=1)
"""A customer is active while its last batch was stored so lately."""
PAGE_ROWS: Final = 50
_MOST_WORDS: Final = 5
_LONGEST_SEARCH: Final = 100
_MOST_PAGES: Final = 100_000


class CustomerStatus(StrEnum):
    """How a customer's stack does, the ones with trouble first.

    Failing: what it pushed last is refused. Late: nothing was stored within the hour.
    """

    FAILING = "failing"
    LATE = "late"
    NEVER_SEEN = "never"
    ACTIVE = "active"
    DISABLED = "disabled"


class CustomerOrder(StrEnum):
    """What the list may be ordered by."""

    TROUBLE = "trouble"
    NAME = "name"
    SEEN = "seen"
    SITES = "sites"
    METERS = "meters"
    TODAY = "today"
    ISSUED = "issued"


OLD_TOKEN: Final = "old-token"  # noqa: S105 - what a filter is called
"""Beside the states: customers whose previous token is still honoured."""
FILTERS: Final = (*CustomerStatus, OLD_TOKEN)


@dataclass(frozen=True)
class CustomersAsked:
    """Which customers are wanted: those that match every word, of a filter ("" is all), in an order.

    `page` is from 1, of `rows` customers each.
    """

    search: str = ""
    shown: str = ""
    order: CustomerOrder = CustomerOrder.TROUBLE
    is_descending: bool = False
    page: int = 1
    rows: int = PAGE_ROWS

    @property
    def words(self) -> list[str]:
        """The words searched for, in lower case."""
        return self.search[:_LONGEST_SEARCH].lower().split()[:_MOST_WORDS]

    @property
    def skipped(self) -> int:
        """How many customers stand on the pages before."""
        return (min(max(self.page, 1), _MOST_PAGES) - 1) * self.rows
