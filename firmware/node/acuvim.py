"""The Acuvim II: which registers it has, and what they mean. `docs/firmware.md` says where that is known from.

All quantities of a reading come from one request, so that no pair of registers is torn between two; a meter that
refuses that many is asked in two parts, neither of which cuts a pair.
"""

from node.clock import seconds_of
from node.float_bits import scaled
from node.modbus import Master, MeterRefused
from node.power_unit import PowerUnit
from node.quantities import (
    ACTIVE_DEMAND,
    ACTIVE_POWER,
    ACTIVE_POWER_L1,
    ALL,
    APPARENT_DEMAND,
    APPARENT_POWER,
    CURRENT_L1,
    CURRENT_N,
    CURRENT_THD,
    CURRENT_UNBALANCE,
    FIRST_REGISTER,
    FREQUENCY,
    POWER_FACTOR,
    POWER_FACTOR_L1,
    REACTIVE_POWER,
    VOLTAGE,
    VOLTAGE_L1,
    VOLTAGE_THD,
    VOLTAGE_UNBALANCE,
    fits,
)

SETTINGS_AT, SETTINGS_COUNT = 0x1003, 0x1B
_CLOCK_AT, _CLOCK_COUNT = 0x1040, 6
BLOCK_AT = 0x4000
# Whole block with the distortions; in two parts; and without what is behind the energies.
PLANS = (((0x00, 0x62),), ((0x00, 0x48), (0x48, 0x1A)), ((0x00, 0x48), (0x48, 0x12)))
_REFUSED_TOO_MUCH = (2, 3)  # illegal address, illegal value: anything else has another reason

VOLTS_WIRINGS = ("3LN", "1LN", "2LL", "3LL", "1LL")
AMPS_WIRINGS = ("3CT", "1CT", "2CT")
_MOST_COUNTS = 999_999_999
_LINE_TO_LINE = 0x10

# What each quantity is read from: the register behind 4000h; several in a row where there are three phases.
_AMPS = ((CURRENT_L1, 0x12), (CURRENT_L1 + 1, 0x14), (CURRENT_L1 + 2, 0x16), (CURRENT_N, 0x1A))
_POWERS = (
    (ACTIVE_POWER, 0x22),
    (REACTIVE_POWER, 0x2A),
    (APPARENT_POWER, 0x32),
    (ACTIVE_POWER_L1, 0x1C),
    (ACTIVE_POWER_L1 + 1, 0x1E),
    (ACTIVE_POWER_L1 + 2, 0x20),
    (ACTIVE_DEMAND, 0x42),
    (APPARENT_DEMAND, 0x46),
)
_FACTORS = (
    (POWER_FACTOR, 0x3A),
    (POWER_FACTOR_L1, 0x34),
    (POWER_FACTOR_L1 + 1, 0x36),
    (POWER_FACTOR_L1 + 2, 0x38),
)
_FACTOR_OF = (
    (ACTIVE_POWER, POWER_FACTOR),
    (ACTIVE_POWER_L1, POWER_FACTOR_L1),
    (ACTIVE_POWER_L1 + 1, POWER_FACTOR_L1 + 1),
    (ACTIVE_POWER_L1 + 2, POWER_FACTOR_L1 + 2),
)
_COUNTS = (0x48, 0x4A, 0x4C, 0x4E, 0x58)
_DISTORTIONS = ((VOLTAGE_THD, 0x5D), (CURRENT_THD, 0x61))


class Scaling:
    """How the meter is set up: what its numbers have to be multiplied by, and how it is wired.

    `pt1` to `ct2` are the transformers' sides; a pair may be in any unit that both have. `power_factor_is_ieee`: its
    sign tells leading from lagging, and not the direction of the power.
    """

    def __init__(
        self,
        ratios: "tuple[int, int, int, int]" = (1, 1, 1, 1),
        volts_wiring: int = 0,
        amps_wiring: int = 0,
        flags: "tuple[bool, bool, bool]" = (True, True, False),
    ) -> None:
        self.pt1, self.pt2, self.ct1, self.ct2 = ratios
        self.volts_wiring = volts_wiring
        self.amps_wiring = amps_wiring
        self.is_primary, self.energies_are_primary, self.power_factor_is_ieee = flags
        self.knows_energies = True

    def name(self) -> str:
        """Return how the meter is wired, as people write it."""
        return f"{_named(VOLTS_WIRINGS, self.volts_wiring)}/{_named(AMPS_WIRINGS, self.amps_wiring)}"

    def register_decimals(self) -> int:
        """Return how many decimals the registers have that are made of this meter's counts."""
        direct = self.pt1 * self.ct1 == self.pt2 * self.ct2
        return 1 if self.energies_are_primary else 3 if direct else 6

    def kept(self) -> "list[int]":
        """Return all of it as the settings keep it."""
        numbers = [self.pt1, self.pt2, self.ct1, self.ct2, self.volts_wiring, self.amps_wiring]
        flags = (self.is_primary, self.energies_are_primary, self.power_factor_is_ieee, self.knows_energies)
        return numbers + [int(flag) for flag in flags]

    def fraction(self, volts: bool, amps: bool) -> "tuple[int, int]":  # noqa: FBT001 - read as a pair
        """Return what a value of the meter's present mode has to be multiplied by."""
        if self.is_primary:
            return 1, 1
        return (self.pt1 if volts else 1) * (self.ct1 if amps else 1), (self.pt2 if volts else 1) * (
            self.ct2 if amps else 1
        )


def _named(names: "tuple[str, ...]", number: int) -> str:
    return names[number] if number < len(names) else str(number)


def scaling_of(words: bytes, override: "tuple[int, int, int, int] | None" = None) -> Scaling:
    """Return what the registers 1003h to 101Dh say. Raises ValueError where a transformer has no side.

    `override` is what an installer has set in place of the four sides: the meter's own may be of another mode.
    """

    def word(address: int) -> int:
        at = 2 * (address - SETTINGS_AT)
        return words[at] << 8 | words[at + 1]

    ratios = (word(0x1005) << 16 | word(0x1006), word(0x1007), word(0x1008), word(0x1009))
    ratios = override or ratios
    if not (ratios[0] and ratios[1] and ratios[2] and ratios[3]):
        raise ValueError("a transformer ratio is zero")
    scaling = Scaling(
        ratios, word(0x1003), word(0x1004), (word(0x101D) == 1, word(0x1019) == 0, word(0x1015) == 1)
    )
    # A display mode of a later meter: by a factor of a hundred wrong is worse than not at all.
    scaling.knows_energies = word(0x1019) < 2
    return scaling


def kept_scaling(kept: "list[int]") -> "Scaling | None":
    """Return what `Scaling.kept` gave; None for anything else."""
    if len(kept) != 10:
        return None
    scaling = Scaling(
        (kept[0], kept[1], kept[2], kept[3]), kept[4], kept[5], (bool(kept[6]), bool(kept[7]), bool(kept[8]))
    )
    scaling.knows_energies = bool(kept[9])
    return scaling


class Acuvim:
    """One meter: reads it through a `Master` and says what it measured."""

    def __init__(
        self, master: Master, unit: int, override: "tuple[int, int, int, int] | None" = None
    ) -> None:
        self._master = master
        self._unit = unit
        self._override = override
        self._plan = 0
        self._power_unit = PowerUnit()
        self.scaling: Scaling | None = None

    def read_scaling(self) -> Scaling:
        """Ask the meter how it is set up. Raises `ModbusError`, ValueError."""
        words = self._master.read(self._unit, SETTINGS_AT, SETTINGS_COUNT)
        self.scaling = scaling_of(words, self._override)
        return self.scaling

    def read_clock(self) -> "int | None":
        """Return what the meter's own clock shows, in seconds since 1970 as if it were UTC; None where it shows none.

        Raises `ModbusError`.
        """
        words = self._master.read(self._unit, _CLOCK_AT, _CLOCK_COUNT)
        year, month, day, hour, minute, second = [
            words[at] << 8 | words[at + 1] for at in range(0, 2 * _CLOCK_COUNT, 2)
        ]
        if (
            year < 2000
            or not 1 <= month <= 12
            or not 1 <= day <= 31
            or hour > 23
            or minute > 59
            or second > 59
        ):
            return None
        return seconds_of(year, month, day, hour, minute, second)

    def read_text(self, address: int, count: int) -> str:
        """Return a text that stands in some registers, such as a serial number, without what cannot be printed."""
        words = self._master.read(self._unit, address, count)
        return "".join(chr(byte) for byte in words if 32 < byte < 127)

    def read_block(self) -> bytes:
        """Return the block from 4000h on, as much of it as the meter gives. Raises `ModbusError`."""
        while True:
            try:
                return b"".join(
                    [self._master.read(self._unit, BLOCK_AT + at, count) for at, count in PLANS[self._plan]]
                )
            except MeterRefused as refused:
                if refused.code not in _REFUSED_TOO_MUCH or self._plan + 1 == len(PLANS):
                    raise
                self._plan += 1

    def values(self, block: bytes) -> "tuple[list[int | None], int]":
        """Return the steps of every quantity in a block, and how many decimals its registers have."""
        scaling = self.scaling or Scaling()
        decoded = Decoded(block, scaling)
        kilowatts = self._power_unit.is_kilo(decoded.power_steps(10), decoded.expected_power_steps())
        decoded.decode(10_000 if kilowatts else 10)
        return decoded.values, decoded.register_decimals


class Decoded:
    """A block on its way to quantities."""

    def __init__(self, block: bytes, scaling: Scaling) -> None:
        self._block = block
        self._scaling = scaling
        self.values: list[int | None] = [None] * len(ALL)
        self.register_decimals = 1

    def _bits(self, at: int) -> int:
        return int.from_bytes(self._block[2 * at : 2 * at + 4], "big")

    def _put(self, quantity: int, steps: "int | None") -> None:
        if steps is not None and fits(quantity, steps):
            self.values[quantity] = steps

    def _float(self, at: int, step: int, volts: bool = False, amps: bool = False) -> "int | None":  # noqa: FBT001, FBT002
        numerator, denominator = self._scaling.fraction(volts, amps)
        return scaled(self._bits(at), step * numerator, denominator)

    def power_steps(self, step: int) -> "int | None":
        """Return the total active power in steps of which the meter's unit has so many."""
        return self._float(0x22, step, volts=True, amps=True)

    def expected_power_steps(self) -> "int | None":
        """Return the active power by V x I x PF in steps of 0.1 W; by the lines where there is no neutral."""
        triples = ((0x02, 0x12, 0x34), (0x04, 0x14, 0x36), (0x06, 0x16, 0x38))
        has_neutral = self._scaling.volts_wiring < 2
        total = 0
        # Without neutral: root 3 times line voltage times current, from their averages.
        for v, i, pf in triples if has_neutral else ((_LINE_TO_LINE, 0x18, 0x3A),):
            volts, amps = self._float(v, 100, volts=True), self._float(i, 1000, amps=True)
            factor = self._float(pf, 10_000)
            if volts is None or amps is None or factor is None:
                return None
            total += volts * amps * abs(factor)
        return total // 100_000_000 if has_neutral else total * 1732 // 100_000_000_000

    def decode(self, power_step: int) -> None:
        """Fill in every quantity; `power_step` is how many steps of 0.1 W the meter's unit of power has."""
        self._put(FREQUENCY, self._float(0, 1000))
        self._voltages()
        for quantity, at in _AMPS:
            self._put(quantity, self._float(at, 1000, amps=True))
        for quantity, at in _POWERS:
            self._put(quantity, self._float(at, power_step, volts=True, amps=True))
        for quantity, at in _FACTORS:
            self._put(quantity, self._float(at, 10_000))
        self._signs()
        self._put(VOLTAGE_UNBALANCE, self._float(0x3C, 10_000))
        self._put(CURRENT_UNBALANCE, self._float(0x3E, 10_000))
        self._registers()
        for quantity, at in _DISTORTIONS:
            if 2 * at < len(self._block):
                self._put(quantity, self._block[2 * at] << 8 | self._block[2 * at + 1])
        self._only_what_is_wired()

    def _voltages(self) -> None:
        wiring = self._scaling.volts_wiring
        # The average over the neutral; of one phase its own, since two of three are nothing there.
        average = _LINE_TO_LINE if wiring > 1 else 0x02 if wiring == 1 else 0x08
        self._put(VOLTAGE, self._float(average, 100, volts=True))
        for phase in range(3):
            self._put(VOLTAGE_L1 + phase, self._float(0x02 + 2 * phase, 100, volts=True))

    def _signs(self) -> None:
        """Bring both conventions to one: the power factor has the sign of the active power, lagging is positive."""
        values = self.values
        active, reactive, factor = values[ACTIVE_POWER], values[REACTIVE_POWER], values[POWER_FACTOR]
        if self._scaling.power_factor_is_ieee and active and reactive and factor:
            # IEEE: the factor is below zero where active and reactive power have the same direction.
            same = factor < 0
            values[REACTIVE_POWER] = abs(reactive) if same == (active > 0) else -abs(reactive)
        for power, its_factor in _FACTOR_OF:
            watts, share = values[power], values[its_factor]
            if watts is not None and share is not None:
                values[its_factor] = -abs(share) if watts < 0 else abs(share)

    def _registers(self) -> None:
        """Registers are integers, not floats: 0.1 kWh, or in secondary mode 0.001 kWh beside the transformers."""
        scaling = self._scaling
        if not scaling.knows_energies:
            return
        numerator, denominator = scaling.pt1 * scaling.ct1, scaling.pt2 * scaling.ct2
        self.register_decimals = scaling.register_decimals()
        for register, at in enumerate(_COUNTS, FIRST_REGISTER):
            counts = self._bits(at)
            if counts <= _MOST_COUNTS:
                # Rounded down, so that a register never runs back.
                self.values[register] = (
                    counts * 1000 * numerator // denominator if self.register_decimals == 6 else counts
                )

    def _only_what_is_wired(self) -> None:
        wiring = self._scaling.volts_wiring
        if wiring == 0:
            return
        first = 0 if wiring > 1 else 1
        for quantity in (VOLTAGE_L1, ACTIVE_POWER_L1, POWER_FACTOR_L1):
            for phase in range(first, 3):
                self.values[quantity + phase] = None
        if wiring == 1:
            self.values[CURRENT_L1 + 1] = self.values[CURRENT_L1 + 2] = None
