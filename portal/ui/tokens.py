"""Names of the design tokens that Python needs.

The values live in `styles/tokens.css`, once, for light and dark. Charts name a token instead of a colour
(`"var(--accent-9)"`) and the chart component looks it up in the page, so a brand colour or a change of the
colour mode reaches a chart without a new figure.
"""

ACCENT = "var(--brand-accent)"
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
DEFAULT_RATE = "var(--ui-default-rate)"
OTHER_PERIODS = ("var(--ui-other-1)", "var(--ui-other-2)", "var(--ui-other-3)", "var(--ui-other-4)")
FONT = "var(--ui-font)"
