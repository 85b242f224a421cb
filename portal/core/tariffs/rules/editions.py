"""Editions: tariffs of municipalities that an operator keeps once, and that customers take over one by one.

An edition is a tariff by the name of its municipality. Which of them a Client may want, what one would change there,
and how both sides tell that they hold the same is said here.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256
from uuid import UUID

from portal.core.audit.rules.changes import amount, fact_in_words
from portal.core.tariffs.rules.tariff_changes import tariff_facts
from portal.core.tariffs.rules.tariff_wire import tariff_to_wire
from portal.core.tariffs.rules.tariffs import Period, Tariff, active_tariff
from portal.core.values.versions import version_of

LONGEST_SOURCE = 300
_STAMP_CHARACTERS = 16
_NO_PRICE = Decimal(0)
# 2026, 2026/27, 2026-2027: what a tariff's name says of its year.
_YEARS = re.compile(r"\b(19|20)\d\d(\s*[/\u2013-]\s*(\d\d){1,2})?\b")
# Of one tariff, "from" and "to" differ each year; the page says them in its heading.
_ALWAYS_OTHERS = ("municipality", "from", "to", "name", "active")


@dataclass(frozen=True, slots=True)
class Edition:
    """An edition as it travels and is kept: `tariff` names its municipality, `source` where its figures are from."""

    id: UUID
    municipality: str
    time_zone_id: str
    source: str
    tariff: Tariff

    @property
    def version(self) -> str:
        """A text that says what it holds: another one after every change, the same again after one that is undone.

        So neither side takes an edition of a database that was set back for one it has seen.
        """
        return version_of(self.municipality, self.time_zone_id, self.source, self.wire(str))

    def wire(self, number: Callable[[Decimal], object] = float) -> dict[str, object]:
        """Return the tariff as it travels and is kept, without its municipality; `number` makes the numbers."""
        return tariff_to_wire(replace(self.tariff, municipality=None), number)


@dataclass(frozen=True, slots=True)
class TariffDifference:
    """One thing that two tariffs say differently, as texts; "none" where one does not have it.

    `share` is by which share of the first the second is more, where both are amounts; None where they are not.
    """

    label: str
    before: str
    after: str
    share: Decimal | None = None


def library_stamp(editions: Iterable[tuple[UUID, str]]) -> str:
    """Return a short text that two sides share where they hold the same versions of the same editions."""
    lines = sorted(f"{key}:{version}" for key, version in editions)
    return sha256("\n".join(lines).encode()).hexdigest()[:_STAMP_CHARACTERS]


def same_municipality(one: str, other: str) -> bool:
    """Whether two names mean one municipality: blanks and capitals do not matter."""
    return _folded(one) == _folded(other)


def same_series(one: str, other: str) -> bool:
    """Whether two tariffs are one of different years, by their names without what says the year."""
    return _folded(_YEARS.sub(" ", one)) == _folded(_YEARS.sub(" ", other))


def _folded(text: str) -> str:
    return " ".join(text.casefold().split()).strip(" ,;()-\u2013")


def replaced_by(edition: Tariff, own: Sequence[Tariff]) -> Tariff | None:
    """Return the tariff of a municipality that an edition would take the place of.

    That is the one of its name and first day; else the one in force on its first day, or else on the day before.
    """
    first = edition.effective_from
    for tariff in own:
        if (tariff.name, tariff.effective_from) == (edition.name, first):
            return tariff
    return active_tariff(own, first) or active_tariff(own, first - timedelta(days=1))


def is_meant_for(edition: Tariff, own: Sequence[Tariff], others: Sequence[Tariff]) -> bool:
    """Whether an edition goes on with what a municipality's tariffs are.

    It does when one of `own` is of its series; where there are none at all, when it is the only one: `others` are the
    municipality's other editions of that first day.
    """
    if any(same_series(edition.name, tariff.name) for tariff in own):
        return True
    return not own and not others


def differences(before: Tariff | None, after: Tariff) -> tuple[TariffDifference, ...]:
    """Return what a tariff says otherwise than the one before, or all that it says where there was none."""
    # Period by period where they hold at other times; else a price list has one line for each of its prices.
    is_same_week = _has_one_price_a_name(after) and (
        before is None or (_has_one_price_a_name(before) and _week(before) == _week(after))
    )
    was = {} if before is None else _facts(before, is_same_week=is_same_week)
    now = _facts(after, is_same_week=is_same_week)
    names = [*now, *(name for name in was if name not in now)]
    return tuple(
        TariffDifference(
            name,
            fact_in_words(was.get(name)),
            fact_in_words(now.get(name)),
            _share(was.get(name), now.get(name)),
        )
        for name in names
        if name not in _ALWAYS_OTHERS and was.get(name) != now.get(name)
    )


def _facts(tariff: Tariff, *, is_same_week: bool) -> dict[str, object]:
    """Return what there is to say of a tariff: its prices by their names, and how many public holidays it knows."""
    bare = replace(tariff, holidays=())
    holidays: dict[str, object] = {
        "public holidays": f"{len(tariff.holidays)} dates" if tariff.holidays else None
    }
    if not is_same_week:
        return tariff_facts(bare, "") | holidays
    seasons = [("", tariff.periods), *((f"{each.name}, ", each.periods) for each in tariff.seasons)]
    prices = {
        f"{season}{period.name}": amount(period.rate_per_kwh)
        for season, periods in seasons
        for period in periods
    }
    without = replace(bare, periods=(), seasons=tuple(replace(each, periods=()) for each in tariff.seasons))
    return tariff_facts(without, "") | prices | holidays


def _week(tariff: Tariff) -> tuple[object, ...]:
    """Return when the prices of a tariff hold, by their names: its periods and seasons without their prices."""
    seasons = [
        replace(each, default_rate_per_kwh=_NO_PRICE, periods=_without_prices(each.periods))
        for each in tariff.seasons
    ]
    return *_without_prices(tariff.periods), *seasons


def _without_prices(periods: Iterable[Period]) -> tuple[Period, ...]:
    return tuple(replace(period, rate_per_kwh=_NO_PRICE) for period in periods)


def _has_one_price_a_name(tariff: Tariff) -> bool:
    """Whether the periods of one name cost the same, within each season."""
    return all(
        len({(each.name, each.rate_per_kwh) for each in periods}) == len({each.name for each in periods})
        for periods in (tariff.periods, *(season.periods for season in tariff.seasons))
    )


def _share(was: object, now: object) -> Decimal | None:
    first, second = _amount(was), _amount(now)
    if first is None or second is None or first <= 0:
        return None
    return second / first - 1


def _amount(fact: object) -> Decimal | None:
    """Return the number of a fact that is one; a share has a sign behind it."""
    text = str(fact)
    return Decimal(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else None
