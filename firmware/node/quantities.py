"""The thirty quantities, in the portal's order.

The portal keeps a quantity as a whole number of steps; the node does so too, from the meter's answer to the JSON text.
What would not fit there is left out here, so that one garbled value does not cost the others of its reading.
"""

KEYS = (
    ',"activePowerKw":',
    ',"reactivePowerKvar":',
    ',"apparentPowerKva":',
    ',"powerFactor":',
    ',"voltageV":',
    ',"frequencyHz":',
    ',"energyImportedKwh":',
    ',"energyExportedKwh":',
    ',"reactiveEnergyImportedKvarh":',
    ',"reactiveEnergyExportedKvarh":',
    ',"apparentEnergyKvah":',
    ',"voltageL1V":',
    ',"voltageL2V":',
    ',"voltageL3V":',
    ',"currentL1A":',
    ',"currentL2A":',
    ',"currentL3A":',
    ',"currentNA":',
    ',"activePowerL1Kw":',
    ',"activePowerL2Kw":',
    ',"activePowerL3Kw":',
    ',"powerFactorL1":',
    ',"powerFactorL2":',
    ',"powerFactorL3":',
    ',"voltageThdPercent":',
    ',"currentThdPercent":',
    ',"voltageUnbalancePercent":',
    ',"currentUnbalancePercent":',
    ',"activeDemandKw":',
    ',"apparentDemandKva":',
)
"""What stands before the value of each in a row of JSON: with names beside it a board would have all of them twice."""
DECIMALS = bytes((4, 4, 4, 4, 2, 3, 6, 6, 6, 6, 6, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 2, 2, 2, 2, 4, 4))
"""How many decimals of its unit a step of each is; of a register that depends on the meter, the portal keeps six."""
ACTIVE_POWER, REACTIVE_POWER, APPARENT_POWER, POWER_FACTOR, VOLTAGE, FREQUENCY = range(6)
FIRST_REGISTER, PAST_REGISTERS = 6, 11
VOLTAGE_L1, CURRENT_L1, CURRENT_N, ACTIVE_POWER_L1, POWER_FACTOR_L1 = 11, 14, 17, 18, 21
VOLTAGE_THD, CURRENT_THD, VOLTAGE_UNBALANCE, CURRENT_UNBALANCE, ACTIVE_DEMAND, APPARENT_DEMAND = range(24, 30)

EIGHT = (0, 1, 2, 3, 4, 5, 6, 7)
"""What a board on a dear line sends: the totals, and the registers of active energy."""
ALL = tuple(range(len(KEYS)))
_TWO_BYTES = (
    POWER_FACTOR,
    POWER_FACTOR_L1,
    POWER_FACTOR_L1 + 1,
    POWER_FACTOR_L1 + 2,
    VOLTAGE_UNBALANCE,
    CURRENT_UNBALANCE,
)


def fits(quantity: int, steps: int) -> bool:
    """Return whether the portal's integer for a quantity that is no register takes so many steps."""
    return abs(steps) < (1 << 15 if quantity in _TWO_BYTES else 1 << 31)


class Reading:
    """What the meter said at one instant.

    `at` counts seconds since 1970 UTC, or, where `boot` is not None, since the board's start of that number: the time
    was not known yet. `guess` is when that start was, where it could be guessed. `values` has a whole number of steps
    for each quantity, None where it was not measured; those of registers are counts of the meter, of which
    `register_decimals` (1, 3 or 6) make a kWh. `meter` is the number under which the settings keep what the meter is
    called.
    """

    def __init__(
        self,
        at: int,
        values: "list[int | None]",
        register_decimals: int = 1,
        meter: int = 0,
        boot: "int | None" = None,
        guess: "int | None" = None,
    ) -> None:
        self.at = at
        self.values = values
        self.register_decimals = register_decimals
        self.meter = meter
        self.boot = boot
        self.guess = guess
