"""What a register can have counted in a time: the bound on power, the register's resolution and its width."""

from dataclasses import dataclass
from typing import Final

UNKNOWN_WATTS: Final = 1_000_000
"""Where neither a rated nor a learned power is there: a site above that must give its rated power."""

_OVERLOAD_PERCENT = 125
_LEARNED_IS_WIDER = (
    4  # a learned bound is eight times an hour's mean; the load's peaks are about twice that mean
)
_WATT_MICROSECONDS_PER_MILLIWH = 3_600_000  # 3,600 s per hour, 1,000 mWh per Wh, 1,000,000 us per s


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterFacts:
    """What is known of a meter's register: device data, and what was learned from its readings.

    `rated_watts` is the rated power and `learned_watts` the rung it was learned to be under (`learned_bound`), used
    where it is not known. `count_milliwh` is the resolution; None: read from the values. `width_milliwh` is the first
    value that does not fit in, where the register begins again at zero; None: a rollover is not recognised.
    Raises ValueError for a figure that is not above zero.
    """

    rated_watts: int | None = None
    learned_watts: int | None = None
    count_milliwh: int | None = None
    width_milliwh: int | None = None

    def __post_init__(self) -> None:
        for figure in (self.rated_watts, self.learned_watts, self.count_milliwh, self.width_milliwh):
            if figure is not None and figure <= 0:
                msg = f"what is known of a register must be above zero, not {figure}"
                raise ValueError(msg)

    def scaled(self, scale: "Scale") -> "RegisterFacts":
        """Return the facts of the register in primary energy.

        A rated power is primary already. What was learned is of the readings as they are, and is not made narrower.
        """
        learned = self.learned_watts
        return RegisterFacts(
            rated_watts=self.rated_watts,
            learned_watts=learned and max(learned, scaled(learned, scale)),
            count_milliwh=self.count_milliwh and scaled(self.count_milliwh, scale),
            width_milliwh=self.width_milliwh and scaled(self.width_milliwh, scale),
        )


Scale = tuple[int, int]
"""What a reading is multiplied by to be primary energy: numerator and denominator."""


def scaled(milliwh: int, scale: Scale) -> int:
    """Return what a register shows in primary energy, rounded down: differences of it add up exactly."""
    over, under = scale
    return milliwh if over == under else milliwh * over // under


def width_of(digits: int, count_milliwh: int) -> int:
    """Return the width (mWh) of a register that shows so many digits, the last of which is one count.

    An Acuvim II shows 9 digits of 0.1 kWh: behind 99,999,999.9 kWh it begins again at zero.
    Raises ValueError for fewer than one digit, or a count that is not above zero.
    """
    if digits < 1 or count_milliwh < 1:
        msg = f"a register has at least one digit and a count above zero, not {digits} and {count_milliwh}"
        raise ValueError(msg)
    return 10**digits * count_milliwh


class Limits:
    """What can lie between two readings of one register."""

    __slots__ = ("count_milliwh", "slack_milliwh", "stuck_divisor", "watts", "width_milliwh")

    def __init__(self, facts: RegisterFacts, count_milliwh: int) -> None:
        learned = None if facts.rated_watts else facts.learned_watts
        rated = facts.rated_watts and facts.rated_watts * _OVERLOAD_PERCENT // 100
        self.watts = rated or learned or UNKNOWN_WATTS
        self.count_milliwh = count_milliwh
        self.slack_milliwh = 2 * count_milliwh
        self.width_milliwh = facts.width_milliwh
        # By how much the bound is wider than the load may be; 0: nothing is known of the load.
        self.stuck_divisor = 0
        if facts.rated_watts or (learned and learned >= UNKNOWN_WATTS):
            self.stuck_divisor = 1
        elif learned:
            self.stuck_divisor = _LEARNED_IS_WIDER

    @property
    def is_load_known(self) -> bool:
        """Whether anything is known of the power that can flow."""
        return self.stuck_divisor > 0

    def most(self, microseconds: int) -> int:
        """Return the greatest rise (mWh) in a time: power x time, and two counts."""
        return self.watts * microseconds // _WATT_MICROSECONDS_PER_MILLIWH + self.slack_milliwh

    def within(self, rise: int, microseconds: int) -> bool:
        """Tell whether a register may have risen by so much (mWh) in a time."""
        return 0 <= rise <= self.most(microseconds)

    def after_standstill(self, rise: int, microseconds: int) -> bool:
        """Tell whether a register that stood still for a time may catch up by so much (mWh)."""
        return self.is_load_known and 0 <= rise <= self.most(microseconds) // self.stuck_divisor


def is_small_fall(base: int, shown: int) -> bool:
    """Tell whether a register fell by less than a tenth of the base: a wobble, not another line."""
    return 0 < (base - shown) * 10 < base


def is_near_zero(base: int, shown: int) -> bool:
    """Tell whether a register shows a tenth of the base or less."""
    return shown * 10 <= base
