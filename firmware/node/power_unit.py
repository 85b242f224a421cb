"""Whether a meter says watts or kilowatts: firmware differs, and a factor of a thousand is not seen in a number."""

# Of less than this nothing is concluded: 5 W beside the transformers, in steps of 0.1 W.
_LEAST_STEPS = 50
_VOTES = 3
# Halfway between one and a thousand, by ratio.
_BETWEEN = 30


class PowerUnit:
    """What the readings so far say. The first with a load decides, three in a row change it."""

    def __init__(self) -> None:
        self._is_kilo: bool | None = None
        self._against = 0

    def is_kilo(self, steps: "int | None", expected_steps: "int | None") -> bool:
        """Return whether the meter says kilowatts.

        `steps` is its active power in steps of 0.1 W if it says watts, `expected_steps` what V x I x PF make of it.
        """
        if steps is not None and expected_steps is not None and expected_steps >= _LEAST_STEPS:
            said = abs(steps) * _BETWEEN < expected_steps
            if self._is_kilo is None:
                self._is_kilo = said
            self._against = 0 if said == self._is_kilo else self._against + 1
            if self._against == _VOTES:
                self._is_kilo, self._against = said, 0
        return bool(self._is_kilo)
