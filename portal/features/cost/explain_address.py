"""What the address of a cost page explains: the whole range, a day, a device on it, or one of its hours."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final
from urllib.parse import urlencode

TOTAL: Final = "total"
EXPLAIN_NAMES: Final = ("explain", "device", "hour")
"""The names in an address that choose what is explained, and nothing of the figures of the page."""


@dataclass(frozen=True, slots=True)
class Explained:
    """`what` is "total", a day or nothing; `device` an id and `hour` an instant as the address has them."""

    what: str = ""
    device: str = ""
    hour: str = ""

    @property
    def day(self) -> date | None:
        """The day, where one is explained."""
        try:
            return date.fromisoformat(self.what)
        except ValueError:
            return None

    def query(self) -> str:
        """The end of an address; empty where nothing is explained."""
        given = dict(zip(EXPLAIN_NAMES, (self.what, self.device, self.hour), strict=True))
        text = urlencode({name: value for name, value in given.items() if value})
        return f"&{text}" if text else ""


def explained_in(query: Mapping[str, str]) -> Explained:
    """Read an address; what is neither the whole range nor a day explains nothing."""
    found = Explained(*(query.get(name, "") for name in EXPLAIN_NAMES))
    return found if found.what == TOTAL or found.day is not None else Explained()
