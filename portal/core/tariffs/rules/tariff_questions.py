"""Prices that may be right, and that somebody should say are: below zero, nothing at all, or unlike the others.

Price lists are printed in cents and typed by hand: 192,35 c becomes R 192.35, or a figure loses its decimal sign.
A question is never a refusal; who says that a price is right has his way.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from portal.core.tariffs.rules.period_kinds import PeriodKind, period_kind
from portal.core.tariffs.rules.tariff_problems import period_paths
from portal.core.tariffs.rules.tariffs import Period, Season, Tariff

_DEAREST = Decimal(15)
"""Rand per kWh: the dearest peak of the published price lists up to 2026/27 is R 11.95."""
_LARGEST_STEP_UP = 3
_LARGEST_STEP_DOWN = 10
_BY_PRICE = (PeriodKind.PEAK, PeriodKind.STANDARD, PeriodKind.OFF_PEAK)


class Doubt(StrEnum):
    """Why a price is asked about."""

    NEGATIVE = "negative"
    ZERO = "zero"
    ODD = "odd"


class Question(NamedTuple):
    """A price that is asked about: its JSON path, and the question in words without the price itself."""

    path: str
    doubt: Doubt
    rate: Decimal
    words: str


class _Price(NamedTuple):
    path: str
    name: str
    kind: PeriodKind
    rate: Decimal


def questions(tariff: Tariff) -> list[Question]:
    """Return every price of a tariff that somebody should confirm; those of other currencies are never too dear."""
    is_rand = tariff.currency in (None, "ZAR")
    return [
        question
        for prices in (_prices(tariff, ""), *_of_seasons(tariff))
        for question in _questions(prices, is_rand=is_rand)
    ]


def negative_rates(tariff: Tariff) -> list[Question]:
    """Return the prices below zero alone, which nobody means by accident through a file or the API either."""
    return [question for question in questions(tariff) if question.doubt is Doubt.NEGATIVE]


def _of_seasons(tariff: Tariff) -> Iterator[list[_Price]]:
    for index, season in enumerate(tariff.seasons):
        yield _prices(season, f"seasons[{index}].")


def _prices(part: Tariff | Season, prefix: str) -> list[_Price]:
    of = f" in the {part.name}" if isinstance(part, Season) else ""
    default = _Price(
        f"{prefix}defaultRatePerKwh", f"the default rate{of}", PeriodKind.DEFAULT, part.default_rate_per_kwh
    )
    paths = zip(period_paths(part.periods, prefix), part.periods, strict=True)
    return [default, *(_of_period(path, period, of) for path, period in paths)]


def _of_period(path: str, period: Period, of: str) -> _Price:
    return _Price(f"{path}.ratePerKwh", f"{period.name}{of}", period_kind(period.name), period.rate_per_kwh)


def _questions(prices: Iterable[_Price], *, is_rand: bool) -> Iterator[Question]:
    prices = list(prices)
    asked: set[tuple[str, Decimal]] = set()
    for price in prices:
        found = _doubt(price, prices, is_rand=is_rand)
        # A price of many periods is asked about once.
        if found is not None and (price.name, price.rate) not in asked:
            asked.add((price.name, price.rate))
            yield Question(price.path, found[0], price.rate, found[1])


def _doubt(price: _Price, beside: Sequence[_Price], *, is_rand: bool) -> tuple[Doubt, str] | None:
    if not price.rate.is_finite():
        return None
    if price.rate < 0:
        return Doubt.NEGATIVE, f"{price.name} is below zero: who uses energy then would be paid for it"
    if price.rate == 0:
        return Doubt.ZERO, f"{price.name} is nothing: energy then costs nothing"
    if is_rand and price.rate > _DEAREST:
        return Doubt.ODD, f"{price.name} is more than R {_DEAREST} a kWh. A price list prints cents"
    words = _step(price, beside, is_rand=is_rand)
    return None if words is None else (Doubt.ODD, words)


def _step(price: _Price, beside: Sequence[_Price], *, is_rand: bool) -> str | None:
    """Say that a price is far from the next dearer kind's of its season."""
    if price.kind not in _BY_PRICE:
        return None
    dearer = _BY_PRICE[: _BY_PRICE.index(price.kind)]
    nearest = next(
        (each for kind in reversed(dearer) for each in beside if each.kind is kind and each.rate > 0), None
    )
    if nearest is None:
        return None
    if price.rate >= nearest.rate * _LARGEST_STEP_UP:
        return f"{price.name} would be three times {nearest.name} or more"
    # Where that is the odd one it is asked about itself.
    if price.rate * _LARGEST_STEP_DOWN <= nearest.rate and _doubt(nearest, beside, is_rand=is_rand) is None:
        return f"{price.name} would be a tenth of {nearest.name} or less"
    return None
