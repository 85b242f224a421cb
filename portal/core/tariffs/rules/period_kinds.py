"""What kind a time-of-use period is, by its name: what hues, order and questions go by."""

from enum import StrEnum


class PeriodKind(StrEnum):
    """The kinds there are; "default" is the default rate, "other" a name that says nothing."""

    PEAK = "peak"
    STANDARD = "standard"
    OFF_PEAK = "off-peak"
    DEFAULT = "default"
    OTHER = "other"


def period_kind(name: str | None) -> PeriodKind:
    """Return which kind a period is by its name; None is the default rate."""
    if name is None:
        return PeriodKind.DEFAULT
    words = name.casefold().replace("-", " ").replace("_", " ")
    if "off peak" in words or "offpeak" in words or "night" in words:
        return PeriodKind.OFF_PEAK
    if "peak" in words:
        return PeriodKind.PEAK
    return PeriodKind.STANDARD if "standard" in words else PeriodKind.OTHER
