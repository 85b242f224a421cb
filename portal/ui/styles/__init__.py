"""The stylesheets of both run modes, in the order they apply; the build makes one file of them."""

from typing import Final

import reflex as rx

_NAMES: Final = (
    "tokens",
    "base",
    "frame",
    "controls",
    "cards",
    "tables",
    "feedback",
    "ranges",
    "rates",
    "settings",
    "media",
)
# `rx.asset` links each file below `assets/`, where the front-end build finds it by this path.
_LINKED: Final = [rx.asset(f"{name}.css", shared=True) for name in _NAMES]
STYLESHEETS: Final = [f"external/portal/ui/styles/{name}.css" for name in _NAMES]
