"""What the energy of readings is kept in, beside the hours and days that are billed."""

from portal.core.energy.tables import judged, upkeep

__all__ = ["judged", "upkeep"]
