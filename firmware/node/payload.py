"""Readings as the portal's JSON: numbers written from integers, digit by digit."""

from node.quantities import DECIMALS, FIRST_REGISTER, KEYS, PAST_REGISTERS, Reading


def decimal_text(steps: int, decimals: int) -> str:
    """Return a whole number of steps as JSON: 381089 with one decimal is `38108.9`; no zeros at the end."""
    sign = "-" if steps < 0 else ""
    digits = str(abs(steps))
    if len(digits) <= decimals:
        digits = "0" * (decimals + 1 - len(digits)) + digits
    whole, part = digits[:-decimals], digits[-decimals:].rstrip("0")
    return f"{sign}{whole}.{part}" if part else sign + whole


def row_fields(reading: Reading, at: int, wanted: "tuple[int, ...]", source: str) -> "list[tuple[str, str]]":
    """Return what a row is made of, in order: the text up to a value, and the value.

    `at` are seconds since 1970 UTC, which the portal takes as they are. `source` has to be free of quotation marks,
    backslashes and what is not ASCII.
    """
    fields = [('{"time":', str(at))]
    for quantity in wanted:
        steps = reading.values[quantity]
        if steps is not None:
            decimals = DECIMALS[quantity]
            if FIRST_REGISTER <= quantity < PAST_REGISTERS:
                decimals = reading.register_decimals
            fields.append((KEYS[quantity], decimal_text(steps, decimals)))
    fields.append((',"source":"', source + '"'))
    return fields
