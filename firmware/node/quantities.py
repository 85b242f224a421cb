"""The thirty quantities in the portal's order: name in JSON, decimal digits of its step, most steps it takes.

The portal keeps a quantity as a whole number of steps; the node does so too, from the meter's answer to the JSON text.
What would not fit there is left out here, so that one garbled value does not cost the others of its reading.
"""

_INT4, _INT2 = (1 << 31) - 1, (1 << 15) - 1

QUANTITIES = (
    ("activePowerKw", 4, _INT4),
    ("reactivePowerKvar", 4, _INT4),
    ("apparentPowerKva", 4, _INT4),
    ("powerFactor", 4, _INT2),
    ("voltageV", 2, _INT4),
    ("frequencyHz", 3, _INT4),
    ("energyImportedKwh", 6, 1 << 51),
    ("energyExportedKwh", 6, 1 << 51),
    ("reactiveEnergyImportedKvarh", 6, 1 << 51),
    ("reactiveEnergyExportedKvarh", 6, 1 << 51),
    ("apparentEnergyKvah", 6, 1 << 51),
    ("voltageL1V", 2, _INT4),
    ("voltageL2V", 2, _INT4),
    ("voltageL3V", 2, _INT4),
    ("currentL1A", 3, _INT4),
    ("currentL2A", 3, _INT4),
    ("currentL3A", 3, _INT4),
    ("currentNA", 3, _INT4),
    ("activePowerL1Kw", 4, _INT4),
    ("activePowerL2Kw", 4, _INT4),
    ("activePowerL3Kw", 4, _INT4),
    ("powerFactorL1", 4, _INT2),
    ("powerFactorL2", 4, _INT2),
    ("powerFactorL3", 4, _INT2),
    ("voltageThdPercent", 2, _INT4),
    ("currentThdPercent", 2, _INT4),
    ("voltageUnbalancePercent", 2, _INT2),
    ("currentUnbalancePercent", 2, _INT2),
    ("activeDemandKw", 4, _INT4),
    ("apparentDemandKva", 4, _INT4),
)
ACTIVE_POWER, REACTIVE_POWER, APPARENT_POWER, POWER_FACTOR, VOLTAGE, FREQUENCY = range(6)
FIRST_REGISTER, PAST_REGISTERS = 6, 11
VOLTAGE_L1, CURRENT_L1, CURRENT_N, ACTIVE_POWER_L1, POWER_FACTOR_L1 = 11, 14, 17, 18, 21
VOLTAGE_THD, CURRENT_THD, VOLTAGE_UNBALANCE, CURRENT_UNBALANCE, ACTIVE_DEMAND, APPARENT_DEMAND = range(24, 30)

EIGHT = (0, 1, 2, 3, 4, 5, 6, 7)
"""What a board on a dear line sends: the totals, and the registers of active energy."""
ALL = tuple(range(len(QUANTITIES)))


class Reading:
    """What the meter said at one instant.

    `at` counts seconds since 1970 UTC, or, where `boot` is not None, since the board's start of that number: the time
    was not known yet. `values` has a whole number of steps for each quantity, None where it was not measured; those of
    registers are counts of the meter, of which `register_decimals` (1, 3 or 6) make a kWh. `meter` is the number under
    which the settings keep what the meter is called.
    """

    def __init__(
        self,
        at: int,
        values: "list[int | None]",
        register_decimals: int = 1,
        meter: int = 0,
        boot: "int | None" = None,
    ) -> None:
        self.at = at
        self.values = values
        self.register_decimals = register_decimals
        self.meter = meter
        self.boot = boot
