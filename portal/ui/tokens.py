"""Names of the design tokens that Python needs.

The values live in `styles/tokens.css`, once, for light and dark. Bars name a token instead of a colour
(`"var(--ui-peak)"`), so a change of the colour mode reaches them without a new drawing.
"""

GRID = "var(--ui-grid)"
PEAK = "var(--ui-peak)"
STANDARD = "var(--ui-standard)"
OFF_PEAK = "var(--ui-off-peak)"
DEFAULT_RATE = "var(--ui-default-rate)"
FIXED_CHARGE = "var(--ui-fixed-charge)"
OTHER_PERIODS = ("var(--ui-other-1)", "var(--ui-other-2)", "var(--ui-other-3)", "var(--ui-other-4)")
