"""Calculators of other people, and the year that they are asked about."""

import math
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from portal.core.tariffs.rules.tariffs import MonthDay, Period, Season, Tariff
from tests.unit.tariffs.tariff_examples import tariff

# PySAM's year begins on a Monday and is no leap year, like 2029.
A_YEAR_FROM = datetime(2029, 1, 1, tzinfo=UTC)


def a_year_of_loads() -> list[int]:
    return [
        round((2 + math.sin(hour / 24 * 2 * math.pi) + (hour * 7919 % 97) / 97) * 1_000) * 1_000
        for hour in range(8760)
    ]


def two_seasons() -> Tariff:
    """Weekday peak and shoulder, in two seasons; weekends flat."""

    def periods(peak: str, shoulder: str) -> tuple[Period, ...]:
        return (
            Period("Peak", 31, time(17), time(20), Decimal(peak)),
            Period("Standard", 31, time(7), time(17), Decimal(shoulder)),
        )

    return tariff(
        *periods("3.4366", "2.2287"),
        default_rate_per_kwh=Decimal("1.8004"),
        effective_from=date(2020, 1, 1),
        seasons=(
            Season("High", MonthDay(6, 1), MonthDay(8, 31), Decimal("1.9"), periods("7.2904", "2.3496")),
        ),
    )


def bill_of_pysam(loads: list[int]) -> Decimal:
    """What `two_seasons` costs in a year, without VAT, by NREL's model; `loads` in milliwatt-hours per hour."""
    utility = pytest.importorskip("PySAM.Utilityrate5")
    model = utility.new()

    def schedule(peak: int, shoulder: int, rest: int) -> list[int]:
        return [rest] * 7 + [shoulder] * 10 + [peak] * 3 + [rest] * 4

    high = range(5, 8)
    weekday = [schedule(4, 5, 6) if month in high else schedule(1, 2, 3) for month in range(12)]
    weekend = [[6] * 24 if month in high else [3] * 24 for month in range(12)]
    rates = ("3.4366", "2.2287", "1.8004", "7.2904", "2.3496", "1.9")
    model.ElectricityRates.ur_ec_tou_mat = [
        [period, 1, 1e38, 0, float(rate), 0] for period, rate in enumerate(rates, start=1)
    ]
    model.ElectricityRates.ur_ec_sched_weekday = weekday
    model.ElectricityRates.ur_ec_sched_weekend = weekend
    _set_up(model, loads)
    model.execute()
    return Decimal(repr(model.Outputs.utility_bill_wo_sys_year1))


def _set_up(model: Any, loads: list[int]) -> None:
    rates = model.ElectricityRates
    rates.ur_metering_option = 0
    rates.ur_monthly_fixed_charge = 0
    rates.ur_monthly_min_charge = 0
    rates.ur_annual_min_charge = 0
    rates.ur_dc_enable = 0
    rates.ur_en_ts_buy_rate = 0
    rates.ur_en_ts_sell_rate = 0
    rates.ur_nm_yearend_sell_rate = 0
    rates.ur_sell_eq_buy = 0
    rates.rate_escalation = [0]
    model.SystemOutput.gen = [0.0] * 8760
    model.SystemOutput.degradation = [0]
    model.Load.load = [milliwh / 1e6 for milliwh in loads]
    model.Lifetime.analysis_period = 1
    model.Lifetime.system_use_lifetime_output = 0
    model.Lifetime.inflation_rate = 0
