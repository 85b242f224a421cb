"""Time-of-use periods by what they are, so that each kind has one hue everywhere."""

from portal.ui import tokens

KINDS = ("peak", "standard", "off-peak")
_HUES = {"peak": tokens.PEAK, "standard": tokens.STANDARD, "off-peak": tokens.OFF_PEAK}
_DEFAULT = "Default rate"


def period_kind(name: str | None) -> str:
    """Which kind a period is by its name: peak, standard or off-peak; nothing for any other."""
    words = (name or "").casefold().replace("-", " ").replace("_", " ")
    if "off peak" in words or "offpeak" in words or "night" in words:
        return "off-peak"
    if "peak" in words:
        return "peak"
    return "standard" if "standard" in words else ""


def period_label(name: str | None) -> str:
    """What a period is called; the default rate has no name of its own."""
    return name or _DEFAULT


def hue(name: str | None) -> str:
    """The colour token of a period."""
    return _HUES.get(period_kind(name), tokens.ACCENT if name is None else tokens.ACCENT_SOFT)
