"""A municipality and a tariff with all its parts, as they travel."""

from typing import Any

MUNICIPALITY = {"name": "Example City", "timeZoneId": "Africa/Johannesburg"}
PERIOD = {"name": "Peak", "daysOfWeek": 31, "startTime": "17:00", "endTime": "20:00", "ratePerKwh": 3.75}
NIGHT = {"name": "Night", "startTime": "22:00", "endTime": "06:00", "ratePerKwh": 1.123456}
TARIFF: dict[str, Any] = {
    "municipality": "Example City", "name": "Domestic", "effectiveFrom": "2026-01-01", "effectiveTo": None,
    "defaultRatePerKwh": 2.5, "fixedMonthlyCharge": 120, "vatRate": 0.15, "isActive": True, "currency": "ZAR",
    "periods": [PERIOD | {"onHolidays": True}], "holidayPeriods": [NIGHT],
    "seasons": [{
        "name": "Winter", "firstDay": "06-01", "lastDay": "08-31", "defaultRatePerKwh": 3.1, "periods": [PERIOD],
    }],
    "holidays": [{"date": "2026-12-25", "name": "Christmas", "dayType": "sunday"}],
}  # fmt: skip
