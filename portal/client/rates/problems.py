"""What is wrong with a draft, said by the fields of the form instead of the paths of the wire."""

import re
from typing import cast

from portal.client.rates.draft import ALL_YEAR, WORDS, Draft, listed_as
from portal.core.errors import PortalError
from portal.core.languages import tr

_PATH = re.compile(
    r"(?:seasons\[(?P<season>\d+)\]\.?)?(?:(?P<part>periods|holidayPeriods|holidays)\[(?P<row>\d+)\]\.?)?(?P<field>\w*)"
)
_NO_TEXT = "a text is needed here"


def problems_in_words(error: PortalError, draft: Draft) -> list[str]:
    """One line for each problem, with its location in the form; none when the error lists no problems."""
    found = cast("list[dict[str, str]]", (error.details or {}).get("problems", []))
    return [_line(each["path"], each["message"], draft) for each in found]


def _line(path: str, message: str, draft: Draft) -> str:
    match = _PATH.fullmatch(path)
    if match is None:
        return message
    field = match["field"] or ""
    location = ", ".join(word for word in (*_row(match, draft), tr(WORDS.get(field, field))) if word)
    words = _message(field, message, draft)
    return f"{location[:1].upper()}{location[1:]}: {words}" if location else words


def _row(match: re.Match[str], draft: Draft) -> list[str]:
    """Which row of the form it is: a season, a period by its number and name, a holiday."""
    season = ALL_YEAR
    if match["season"] is not None:
        number = int(match["season"])
        if number >= len(draft.seasons):
            return []
        season = draft.seasons[number].key
        if match["part"] is None:
            return [tr("season {number}{name}", number=number + 1, name=_called(draft.seasons[number].name))]
    if match["part"] is None:
        return []
    row = int(match["row"])
    if match["part"] == "holidays":
        return [tr("holiday {row}", row=row + 1)]
    rows = [
        (index, period)
        for index, period in enumerate(draft.periods)
        if period.season == season and listed_as(period) == match["part"]
    ]
    if row >= len(rows):
        return []
    index, period = rows[row]
    return [tr("period {index}{name}", index=index + 1, name=_called(period.name))]


def _called(name: str) -> str:
    return f" ({name.strip()})" if name.strip() else ""


def _message(field: str, message: str, draft: Draft) -> str:
    """The core's words, but where they speak of what is sent and not of what was typed."""
    if field == "daysOfWeek":
        return tr("choose at least one day")
    if field == "vatRate":
        return tr(
            "a percentage from 0 to 100 is needed here, like 15, not {vat_percent}",
            vat_percent=f"{draft.vat_percent!r}",
        )
    return tr("it is still empty") if message == _NO_TEXT else message
