"""What of a Data quality page stands in its address: the tab, the month, the site and the event."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from portal.core.errors import NotFound
from portal.core.languages import tr
from portal.core.values.time import FIRST_YEAR, LAST_YEAR
from portal.features.data_quality.view import known_tab

_LONGEST: Final = 200


@dataclass(frozen=True)
class QualityAddress:
    """What is shown. `month` is its first day; `event` and `site` are empty for none and all."""

    tab: str
    month: date
    site: str = ""
    event: str = ""

    def query(self, today: date, **more: str) -> str:
        """The query of the page's address; what goes without saying is left out."""
        parts = dict(more)
        parts |= {"show": self.tab} if self.tab != known_tab("") else {}
        parts |= {"month": f"{self.month:%Y-%m}"} if self.month != today.replace(day=1) else {}
        parts |= {"site": self.site} if self.site else {}
        parts |= {"event": self.event} if self.event else {}
        return urlencode(parts)

    def stepped(self, months: int) -> "QualityAddress":
        """The same of another month."""
        at = self.month.year * 12 + self.month.month - 1 + months
        return replace(self, month=date(at // 12, at % 12 + 1, 1))

    @property
    def site_id(self) -> UUID | None:
        """The site; None for all. Raises `NotFound` for what is no id."""
        try:
            return UUID(self.site) if self.site else None
        except ValueError:
            message = tr("There is no such site.")
            raise NotFound(message) from None


def read_address(query: Mapping[str, str], today: date) -> QualityAddress:
    """Return what an address asks for; this month where it names none that is over or has begun."""
    return QualityAddress(
        known_tab(query.get("show", "")),
        _month(query.get("month", ""), today),
        query.get("site", "")[:_LONGEST],
        query.get("event", "")[:_LONGEST],
    )


def _month(text: str, today: date) -> date:
    present = today.replace(day=1)
    try:
        found = date.fromisoformat(f"{text}-01")
    except ValueError:
        return present
    is_known = FIRST_YEAR <= found.year <= LAST_YEAR and found <= present
    return found if is_known else present
