"""Currencies: which there are, and how small their money gets (ISO 4217, as the library `iso4217` keeps it)."""

from decimal import Decimal
from functools import cache


def is_currency(code: str) -> bool:
    """Whether a code is of the list, in capitals, and of something that is paid in: not gold, not for tests."""
    return code in _digits()


def currency_digits(code: str) -> int:
    """Return how many decimals amounts of a currency have: 2 for ZAR, 0 for JPY, 3 for KWD; 2 for one not known.

    A tariff that an earlier release stored may be in a code that is no currency: it keeps the cents it had.
    """
    return _digits().get(code, 2)


def minor_unit(code: str) -> Decimal:
    """Return the smallest amount of a currency: 0.01 for ZAR, 1 for JPY, 0.001 for KWD."""
    return Decimal(1).scaleb(-currency_digits(code))


@cache
def _digits() -> dict[str, int]:
    # Here: reading the list takes a hundredth of a second, which a command that prices nothing need not wait for.
    from iso4217 import Currency  # noqa: PLC0415

    return {each.code: each.exponent for each in Currency if each.exponent is not None}
