"""Names of the design tokens that Python needs, and the stylesheet that defines them.

The values live in `portal.css`, once, for light and dark. Charts name a token instead of a colour
(`"var(--accent-9)"`) and the chart component looks it up in the page, so a brand colour or a change of the
colour mode reaches a chart without a new figure.
"""

import reflex as rx

# Makes the file reachable for the front-end build; the path below is where the link ends up under `assets/`.
rx.asset("portal.css", shared=True)
STYLESHEETS: list[str] = ["external/portal/ui/tokens/portal.css"]

ACCENT = "var(--accent-9)"
ACCENT_SOFT = "var(--accent-5)"
ACCENT_WASH = "var(--ui-accent-wash)"
TEXT = "var(--ui-text)"
TEXT_SOFT = "var(--ui-text-soft)"
SURFACE = "var(--ui-surface)"
LINE = "var(--ui-line)"
GRID = "var(--ui-grid)"
PEAK = "var(--ui-peak)"
STANDARD = "var(--ui-standard)"
OFF_PEAK = "var(--ui-off-peak)"
FONT = "var(--ui-font)"


def theme() -> rx.Component:
    """The Radix theme of both modes; the accent's scale is what the brand's stylesheet replaces."""
    return rx.theme(
        appearance="inherit", accent_color="blue", gray_color="slate", radius="medium", has_background=False
    )
