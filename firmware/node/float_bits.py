"""A float32 as the meter sends it, to a whole number of steps, with integers only."""

_ENDLESS = 255


def scaled(bits: int, numerator: int, denominator: int) -> "int | None":
    """Return the float times a fraction, rounded to the nearest integer, halves away from zero.

    `bits` are the 32 of IEEE 754, numerator and denominator are above zero. None for what is no finite number. Exact
    whatever the sizes: no float takes part, so a board with 32-bit floats says what a host says.
    """
    exponent = bits >> 23 & 0xFF
    if exponent == _ENDLESS:
        return None
    mantissa = bits & 0x7FFFFF
    if exponent:
        mantissa |= 0x800000
        exponent -= 1
    shift = exponent - 149
    numerator *= mantissa
    if shift > 0:
        numerator <<= shift
    else:
        denominator <<= -shift
    steps = (2 * numerator + denominator) // (2 * denominator)
    return -steps if bits >> 31 else steps
