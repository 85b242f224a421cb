"""The tokens hold what they promise: text can be read on its background, in light and in dark."""

import re
from pathlib import Path

import pytest

from portal.ui.styles import STYLESHEETS

STYLES = Path(__file__).resolve().parents[3] / "portal/ui/styles"
TOKENS = (STYLES / "tokens.css").read_text(encoding="utf-8")
PAIRS = [
    ("text", "page"),
    ("text", "surface"),
    ("text", "sunken"),
    ("text-soft", "page"),
    ("text-soft", "surface"),
    ("text-soft", "sunken"),
    ("ok-text", "ok-bg"),
    ("warn-text", "warn-bg"),
    ("warn-text", "surface"),
    ("fail-text", "fail-bg"),
    ("fail-text", "surface"),
]
LINES = [(name, "surface") for name in ("peak", "standard", "off-peak", "default-rate")]


def tokens(mode: str) -> dict[str, str]:
    start = TOKENS.index(".dark,") if mode == "dark" else 0
    block = TOKENS[TOKENS.index("{", start) : TOKENS.index("}", start)]
    return dict(re.findall(r"--ui-([\w-]+): (#[0-9a-f]{6});", block))


def luminance(colour: str) -> float:
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize(("text", "background"), PAIRS)
def test_text_meets_wcag_aa(mode: str, text: str, background: str) -> None:
    found = tokens(mode)
    assert contrast(found[text], found[background]) >= 4.5


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize(("line", "background"), LINES)
def test_period_colours_stand_out_from_their_background(mode: str, line: str, background: str) -> None:
    found = tokens(mode)
    assert contrast(found[line], found[background]) >= 3


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_two_blues_of_the_periods_differ_in_lightness(mode: str) -> None:
    found = tokens(mode)
    assert contrast(found["standard"], found["off-peak"]) >= 1.4


def test_nothing_is_fetched_from_elsewhere() -> None:
    for path in STYLES.glob("*.css"):
        text = path.read_text(encoding="utf-8")
        assert "://" not in text, path.name
        assert "@import" not in text, path.name


def test_every_stylesheet_is_used() -> None:
    assert {Path(name).name for name in STYLESHEETS} == {path.name for path in STYLES.glob("*.css")}
