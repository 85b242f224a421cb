"""The stylesheets of both run modes, in the order they apply; the build makes one file of them."""

from typing import Final

from portal.ui.linked import linked

_NAMES: Final = (
    "tokens",
    "base",
    "frame",
    "controls",
    "cards",
    "tables",
    "listing",
    "feedback",
    "ranges",
    "charts",
    "fleet",
    "rates",
    "quality",
    "settings",
    "panels",
    "sites",
    "media",
)
STYLESHEETS: Final = [linked(__file__, f"{name}.css") for name in _NAMES]
