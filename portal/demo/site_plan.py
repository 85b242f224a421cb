"""The demo's customer: who it is, where it stands, what it measures and what it pays.

The customer and its addresses are made up. The rates are real: City of Cape Town, low-voltage time of use, energy
charges without VAT, fixed charge per month, of the rate years 2025/26 and 2026/27 (July to June). As published they
are higher in June, July and August, and differ on public holidays; seasons and holidays are not modelled yet, so the
low-season rates stand all year. Capacity and demand charges are left out.
"""

from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from portal.simulator.load_model import LoadKind

CUSTOMER_CODE = "HARBOUR"
CUSTOMER_NAME = "Harbour Fresh Foods"
CLIENT_NAME = "Harbour Fresh Foods"
ADMIN_NAME = "Energy portal"
MUNICIPALITY = "City of Cape Town"
ZONE = ZoneInfo("Africa/Johannesburg")


@dataclass(frozen=True)
class DevicePlan:
    """A device of the customer; without a rated power the product's own limits hold."""

    name: str
    external_id: str
    site: str
    description: str
    max_power_kw: Decimal | None = None


@dataclass(frozen=True)
class SimulatedDevice:
    """A device and the load model behind it; `seed` makes it differ from others of its kind."""

    plan: DevicePlan
    kind: LoadKind
    seed: int


OFFICE = "Head office"
COLD_STORE = "Cold store"
SITES = {
    OFFICE: "12 Harbour Road, Foreshore, Cape Town",
    COLD_STORE: "4 Quay Street, Paarden Eiland, Cape Town",
}


def _simulated(what: tuple[str, str, str, str], rated_kw: int, kind: LoadKind, seed: int) -> SimulatedDevice:
    return SimulatedDevice(DevicePlan(*what, Decimal(rated_kw)), kind, seed)


DEVICES = (
    _simulated(("Main incomer", "demo-office-main", OFFICE, "Whole building"), 160, LoadKind.OFFICE, 11),
    _simulated(("Workshop", "demo-workshop", OFFICE, "Vehicle workshop"), 160, LoadKind.OFFICE, 12),
    _simulated(("Cold room 1", "demo-cold-1", COLD_STORE, "Compressors, fish"), 63, LoadKind.COLD_STORE, 21),
    _simulated(("Cold room 2", "demo-cold-2", COLD_STORE, "Compressors, fruit"), 63, LoadKind.COLD_STORE, 22),
)

_WEEKDAYS, _SATURDAY, _SUNDAY = 31, 32, 64
# The clock most South African distributors have used since April 2025, low season.
_CLOCK = (
    ("Peak", _WEEKDAYS, ("07:00-09:00", "18:00-21:00")),
    ("Standard", _WEEKDAYS, ("06:00-07:00", "09:00-18:00", "21:00-22:00")),
    ("Standard", _SATURDAY, ("07:00-12:00", "18:00-20:00")),
    ("Standard", _SUNDAY, ("18:00-20:00",)),
    ("Off-peak", _WEEKDAYS, ("00:00-06:00", "22:00-00:00")),
    ("Off-peak", _SATURDAY, ("00:00-07:00", "12:00-18:00", "20:00-00:00")),
    ("Off-peak", _SUNDAY, ("00:00-18:00", "20:00-00:00")),
)


def tariffs() -> list[dict[str, object]]:
    """Return the tariffs as the import takes them; the latest stays in force until another is entered."""
    return [
        _tariff("2025/26", ("2025-07-01", "2026-06-30"), 2321.35, (3.4366, 2.2287, 1.8004)),
        _tariff("2026/27", ("2026-07-01", None), 2519.88, (3.6258, 2.3302, 1.8549)),
    ]


def _tariff(
    year: str, window: tuple[str, str | None], monthly: float, prices: tuple[float, float, float]
) -> dict[str, object]:
    rates: dict[str, float] = dict(zip(("Peak", "Standard", "Off-peak"), prices, strict=True))
    return {
        "municipality": MUNICIPALITY,
        "name": f"LV time of use {year} (low season)",
        "effectiveFrom": window[0],
        "effectiveTo": window[1],
        "defaultRatePerKwh": rates["Standard"],
        "fixedMonthlyCharge": monthly,
        "vatRate": 0.15,
        "currency": "ZAR",
        "isActive": True,
        "periods": [
            {
                "name": name,
                "daysOfWeek": days,
                "startTime": span.split("-")[0],
                "endTime": span.split("-")[1],
                "ratePerKwh": rates[name],
            }
            for name, days, spans in _CLOCK
            for span in spans
        ],
    }
