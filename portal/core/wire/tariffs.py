"""Tariffs on the wire: one shape for import, API and the `tariffs` batch. Rates are exact decimals."""

from datetime import date
from decimal import Decimal

import msgspec

from portal.core.wire.fields import ClockTime, CurrencyCode, DayMask, Exact, Key, Name, PeriodName


class TariffPeriodRow(msgspec.Struct, rename="camel", kw_only=True):
    """A time-of-use period `[startTime, endTime)` in the municipality's local time."""

    name: PeriodName
    days_of_week: DayMask
    start_time: ClockTime
    end_time: ClockTime
    rate_per_kwh: Exact


class _Tariff(msgspec.Struct, rename="camel", kw_only=True):
    name: Name
    effective_from: date
    effective_to: date | None = None
    default_rate_per_kwh: Exact
    fixed_monthly_charge: Exact = Decimal(0)
    vat_rate: Exact = Decimal(0)
    is_active: bool = True
    currency: CurrencyCode | None = None
    periods: list[TariffPeriodRow] = []


class TariffRow(_Tariff, rename="camel", kw_only=True):
    """A tariff in a batch, with the Client's ids."""

    id: Key
    municipality_id: Key


class TariffEntry(_Tariff, rename="camel", kw_only=True):
    """A tariff as imported or entered through the API: by municipality name or id."""

    municipality: Name | None = None
    municipality_id: Key | None = None
