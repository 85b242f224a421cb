"""What the chain of accepted readings pays for, and how far anything reaches.

The prices are those of the specification's energy section. Only their order matters, and it says the rules: that one
rise behind a reset confirms it (2 readings cost more than a reset), that three readings confirm an exchange (3 cost
more than an exchange, 2 less), that a rollover of known width is more likely than either.
"""

from typing import Final

SECOND: Final = 1_000_000
HOUR: Final = 3_600 * SECOND
DAY: Final = 24 * HOUR
"""Instants are microseconds since 1970, UTC, and times are microseconds: integers compare and divide exactly."""

LEFT_OUT: Final = 10
"""A reading that is not believed; a row of zeros costs as much together."""
RESET: Final = 15
EXCHANGE: Final = 25
ROLLOVER: Final = 14
LONG_SILENCE: Final = 21
"""More than two readings and less than three: fewer than three before a long silence are a board's wrong year."""
FROM_NEAR_ZERO: Final = 1
"""A leap up from under a tenth: a little less likely than anything else that costs the same."""
ZERO_AGAIN: Final = 5
"""From zero to zero over readings that show something: zeros are no line that those could be a glitch of."""
IN_BETWEEN: Final = 20
"""On top, for readings that are leapt over although nothing but the rate speaks against them: rather an exchange."""
STOOD_STILL: Final = 10

REMEMBERED: Final = 35 * DAY
"""For how long an old line may come back. After that only a person can say so."""
WOBBLE_LASTS: Final = DAY
"""How long a register may stay below where it was by less than a tenth, and still be the same."""

MANY: Final = 8
"""Readings that put a line beyond doubt."""
FEW: Final = 3
"""Readings that make a line, and ends of a run at which a chain may enter or leave it."""
RUNS_BACK: Final = 48
"""How many runs a link leaps over at most."""
ANY_PRICE: Final = 1 << 60
