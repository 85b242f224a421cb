"""What the Acuvim's registers mean, in every mode it can be set to."""

from node import quantities as q
from node.acuvim import PLANS, Acuvim, Decoded, Scaling, kept_scaling, scaling_of
from node.float_bits import scaled
from node.modbus import Master, MeterRefused
from tests.firmware.checks import NAMES, raises
from tests.firmware.simulated_meter import (
    SimulatedMeter,
    VirtualTicks,
    bytes_of,
    float_bits,
    put,
    words_of_block,
)

# What the simulated meter shows, in the steps the portal stores.
EXPECTED = {
    "activePowerKw": 68_883, "reactivePowerKvar": 22_641, "apparentPowerKva": 72_508, "powerFactor": 9_500,
    "voltageV": 23_020, "frequencyHz": 50_020,
    "energyImportedKwh": 381_089, "energyExportedKwh": 12, "reactiveEnergyImportedKvarh": 91_223,
    "reactiveEnergyExportedKvarh": 7, "apparentEnergyKvah": 399_121,
    "voltageL1V": 23_010, "voltageL2V": 22_990, "voltageL3V": 23_060,
    "currentL1A": 10_500, "currentL2A": 11_250, "currentL3A": 9_750, "currentNA": 500,
    "activePowerL1Kw": 22_952, "activePowerL2Kw": 24_571, "activePowerL3Kw": 21_360,
    "powerFactorL1": 9_500, "powerFactorL2": 9_500, "powerFactorL3": 9_500,
    "voltageThdPercent": 205, "currentThdPercent": 1_142, "voltageUnbalancePercent": 17, "currentUnbalancePercent": 714,
    "activeDemandKw": 65_000, "apparentDemandKva": 69_000,
}  # fmt: skip


def _meter() -> "tuple[Acuvim, SimulatedMeter]":
    ticks = VirtualTicks()
    line = SimulatedMeter(ticks)
    return Acuvim(Master(line, ticks), 1), line


def _decoded(words: "list[int]", scaling: Scaling, power_step: int = 10) -> Decoded:
    decoded = Decoded(bytes_of(words), scaling)
    decoded.decode(power_step)
    return decoded


def _named(values: "list[int | None]") -> "dict[str, int | None]":
    return {NAMES[index]: value for index, value in enumerate(values)}


def test_every_quantity_of_one_request() -> None:
    meter, line = _meter()
    meter.read_scaling()
    values, decimals = meter.values(meter.read_block())
    assert _named(values) == EXPECTED
    assert decimals == 1
    assert line.requests == [(0x1003, 0x1B), (0x4000, 0x62)]


def test_the_manuals_example_is_read_as_it_says() -> None:
    words = words_of_block()
    words[:6] = [0x4248, 0x0000, 0x42C7, 0xCCCD, 0x42C8, 0x3333]
    values = _decoded(words, Scaling()).values
    assert (values[q.FREQUENCY], values[q.VOLTAGE_L1], values[q.VOLTAGE_L1 + 1]) == (50_000, 9_990, 10_010)


def test_a_register_is_an_integer_and_its_high_word_comes_first() -> None:
    """As read from a meter in the field: 38,108.9 kWh. Taken for a float, as others do, it is nothing at all."""
    words = words_of_block()
    words[0x48:0x4A] = [0x0005, 0xD0A1]
    assert _decoded(words, Scaling()).values[q.FIRST_REGISTER] == 381_089
    assert scaled(0x0005D0A1, 10, 1) == 0


def test_a_register_keeps_its_last_digit_up_to_where_it_rolls_over() -> None:
    words = words_of_block()
    for counts in (10_485_761, 99_999_999, 999_999_998, 999_999_999, 0):
        put(words, 0x48, counts)
        assert _decoded(words, Scaling()).values[q.FIRST_REGISTER] == counts
    put(words, 0x48, 0xFFFFFFFF)
    assert _decoded(words, Scaling()).values[q.FIRST_REGISTER] is None


def test_a_meter_that_refuses_so_many_registers_is_asked_in_two_parts_that_cut_no_pair() -> None:
    meter, line = _meter()
    line.most_registers = 90
    meter.read_scaling()
    values, _ = meter.values(meter.read_block())
    assert _named(values) == EXPECTED
    assert line.requests[1:] == [(0x4000, 0x62), (0x4000, 0x48), (0x4048, 0x1A)]
    meter.read_block()
    assert line.requests[4:] == [(0x4000, 0x48), (0x4048, 0x1A)]


def test_no_pair_of_registers_is_read_in_two_requests() -> None:
    """One of the ways of losing data: a low word that rolls over between the requests for its two halves."""
    for plan in PLANS:
        parts = [set(range(at, at + count)) for at, count in plan]
        assert sum([count for _, count in plan]) == len({at for part in parts for at in part}), (
            "no part is read twice"
        )
        for at in range(0, 0x5A, 2):
            assert [each for each in parts if at in each] == [each for each in parts if at + 1 in each]
            assert any(at in each for each in parts)
        assert max(count for _, count in plan) <= 125


def test_a_meter_without_distortions_is_read_without_them() -> None:
    meter, line = _meter()
    for address in range(0x405A, 0x4062):
        del line.registers[address]
    meter.read_scaling()
    values, _ = meter.values(meter.read_block())
    expected = dict(EXPECTED)
    expected["voltageThdPercent"] = expected["currentThdPercent"] = None
    assert _named(values) == expected


def test_a_meter_that_is_busy_is_not_taken_for_one_that_refuses() -> None:
    meter, line = _meter()
    line.faults = ["busy"]
    assert raises(MeterRefused, meter.read_block)
    meter.read_block()
    assert line.requests[-1] == (0x4000, 0x62)


def test_secondary_values_are_multiplied_by_the_transformers() -> None:
    """The meter's default. As a collector in the field had it: 60.1 V, 0.67 A, 39 W, behind 11 kV and 200 A."""
    words = words_of_block()
    put(words, 0x02, float_bits(60.1))
    put(words, 0x12, float_bits(0.67))
    put(words, 0x22, float_bits(39.0))
    values = _decoded(words, Scaling((11_000, 110, 200, 5), flags=(False, True, False))).values
    assert values[q.VOLTAGE_L1] == 601_000
    assert values[q.CURRENT_L1] == 26_800
    assert values[q.ACTIVE_POWER] == 39 * 100 * 40 * 10
    assert values[q.FIRST_REGISTER] == 381_089  # energies are primary, by a setting of their own


def test_secondary_energies_are_a_thousandth_and_go_through_the_transformers() -> None:
    words = words_of_block()
    direct = _decoded(words, Scaling((400, 400, 5, 5), flags=(False, False, False)))
    assert (direct.values[q.FIRST_REGISTER], direct.register_decimals) == (381_089, 3)
    behind = _decoded(words, Scaling((400, 400, 200, 5), flags=(False, False, False)))
    assert (behind.values[q.FIRST_REGISTER], behind.register_decimals) == (381_089 * 1000 * 40, 6)
    thirds = Scaling((400, 300, 5, 5), flags=(False, False, False))
    last = -1
    for counts in range(381_000, 381_100):
        put(words, 0x48, counts)
        register = _decoded(words, thirds).values[q.FIRST_REGISTER]
        assert register is not None
        assert register > last
        last = register


def test_an_energy_mode_that_is_not_known_gives_no_registers() -> None:
    _, line = _meter()
    line.registers[0x1019] = 2
    scaling = scaling_of(bytes_of([line.registers[address] for address in range(0x1003, 0x101E)]))
    assert _decoded(words_of_block(), scaling).values[6:11] == [None] * 5


def test_settings_are_read_from_the_meter_or_overruled() -> None:
    meter, line = _meter()
    line.registers.update(
        {0x1003: 3, 0x1004: 2, 0x1005: 1, 0x1006: 0x86A0, 0x1007: 100, 0x1015: 1, 0x1019: 1, 0x101D: 0}
    )
    scaling = meter.read_scaling()
    assert (scaling.pt1, scaling.pt2, scaling.ct1, scaling.ct2) == (100_000, 100, 200, 5)
    assert scaling.name() == "3LL/2CT"
    assert (scaling.is_primary, scaling.energies_are_primary, scaling.power_factor_is_ieee) == (
        False,
        False,
        True,
    )
    again = kept_scaling(scaling.kept())
    assert again is not None
    assert again.kept() == scaling.kept()
    line.registers[0x1009] = 0
    assert raises(ValueError, meter.read_scaling)
    overruled = Acuvim(Master(line, line.ticks), 1, (11_000, 110, 600, 5))
    assert overruled.read_scaling().fraction(volts=True, amps=True) == (6_600_000, 550)


def test_watts_and_kilowatts_are_told_apart() -> None:
    meter, line = _meter()
    meter.read_scaling()
    watts = ((0x1C, 2295.2), (0x1E, 2457.1), (0x20, 2136.0), (0x22, 6888.3), (0x2A, 2264.1), (0x32, 7250.8))
    for at, value in watts + ((0x42, 6500.0), (0x46, 6900.0)):
        bits = float_bits(value / 1000)
        line.registers[0x4000 + at], line.registers[0x4001 + at] = bits >> 16, bits & 0xFFFF
    values, _ = meter.values(meter.read_block())
    assert _named(values) == EXPECTED


def test_the_unit_of_power_stays_what_it_was_without_a_load() -> None:
    meter, line = _meter()
    meter.values(meter.read_block())
    for at in (0x12, 0x14, 0x16, 0x1C, 0x1E, 0x20, 0x22):
        line.registers[0x4000 + at] = line.registers[0x4001 + at] = 0
    values, _ = meter.values(meter.read_block())
    assert values[q.ACTIVE_POWER] == 0


def test_one_odd_reading_does_not_change_the_unit_of_power() -> None:
    meter, _ = _meter()
    meter.read_scaling()
    good = meter.read_block()
    meter.values(good)
    words = words_of_block()
    put(words, 0x22, float_bits(6.8))
    values, _ = meter.values(bytes_of(words))
    assert values[q.ACTIVE_POWER] == 68
    values, _ = meter.values(good)
    assert values[q.ACTIVE_POWER] == 68_883


def test_signs_are_those_of_the_power_whichever_convention() -> None:
    """Four quadrants: active power, what IEC and IEEE show as power factor, and the reactive power of each."""
    for active, iec, ieee, reactive in ((1, 1, -1, 1), (1, 1, 1, -1), (-1, -1, 1, 1), (-1, -1, -1, -1)):
        for factor, is_ieee, shown in (
            (iec, False, reactive),
            (ieee, True, reactive),
            (ieee, True, -reactive),
        ):
            words = words_of_block()
            put(words, 0x22, float_bits(6888.3 * active))
            put(words, 0x2A, float_bits(2264.1 * shown))
            put(words, 0x3A, float_bits(0.95 * factor))
            values = _decoded(words, Scaling(flags=(True, True, is_ieee))).values
            assert values[q.POWER_FACTOR] == 9_500 * active
            assert values[q.REACTIVE_POWER] == 22_641 * reactive


def test_what_is_not_wired_is_not_measured() -> None:
    one_phase = _named(_decoded(words_of_block(), Scaling(volts_wiring=1)).values)
    assert one_phase["voltageV"] == one_phase["voltageL1V"] == 23_010
    assert one_phase["voltageL2V"] is None
    assert one_phase["currentL3A"] is None
    no_neutral = _named(_decoded(words_of_block(), Scaling(volts_wiring=3)).values)
    assert no_neutral["voltageV"] == 39_880
    assert no_neutral["voltageL1V"] is None
    assert no_neutral["activePowerL2Kw"] is None
    assert no_neutral["currentL2A"] == 11_250


def test_a_garbled_value_costs_itself_only() -> None:
    for bits in (
        0x7FC00000,
        0x7F800000,
        0xFF800000,
        0x7F7FFFFF,
    ):  # not a number, endless, endless, far too large
        words = words_of_block()
        put(words, 0x22, bits)
        put(words, 0x3A, bits)
        values = _named(_decoded(words, Scaling()).values)
        assert values["activePowerKw"] is None
        assert values["powerFactor"] is None
        assert values["energyImportedKwh"] == 381_089
