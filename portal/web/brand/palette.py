"""The twelve-step colour scale of a brand, made from its one colour.

Steps follow the convention of Radix Colors: 1-2 backgrounds, 3-5 soft fills, 6-8 borders, 9-10 solid, 11-12 text.
Contrast is WCAG 2.2's: 4.5:1 for text on the solid step and for the text steps on the soft fills.
"""

Rgb = tuple[float, float, float]

_WHITE: Rgb = (1.0, 1.0, 1.0)
_BLACK: Rgb = (0.0, 0.0, 0.0)
_INK: Rgb = (0.08, 0.08, 0.1)
_DARK_PAGE = "#101114"
_SOFT_STEPS = (0.02, 0.05, 0.12, 0.18, 0.25, 0.33, 0.45, 0.62)
_TEXT_CONTRAST = 4.6
_LINE_CONTRAST = 3.9
_STRONG_TEXT_CONTRAST = 9.0


def contrast(one: Rgb, other: Rgb) -> float:
    """Return WCAG's contrast ratio of two colours, 1 to 21."""
    brighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def parse(colour: str) -> Rgb:
    """Read `#rrggbb`; raises ValueError for anything else."""
    digits = colour.removeprefix("#")
    if len(digits) != 6 or not colour.startswith("#"):
        message = f"{colour!r} is not a colour like #1f5fd6"
        raise ValueError(message)
    red, green, blue = (int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4))
    return red, green, blue


def scale(colour: str, *, dark: bool) -> tuple[list[str], str]:
    """Return the twelve steps of a brand colour and the text colour that reads on its solid step."""
    brand, page = parse(colour), parse(_DARK_PAGE) if dark else _WHITE
    soft = [_mix(brand, page, part) for part in _SOFT_STEPS]
    on_solid = _WHITE if contrast(_WHITE, brand) >= contrast(_INK, brand) else _INK
    away = _BLACK if on_solid == _WHITE else _WHITE
    # A line of a chart or a focus ring in the brand's colour has to stand out from a dark page too.
    visible = _moved(brand, _WHITE, against=page, ratio=_LINE_CONTRAST) if dark else brand
    solid = _moved(visible, away, against=on_solid, ratio=_TEXT_CONTRAST)
    text = _moved(brand, _WHITE if dark else _BLACK, against=soft[4], ratio=_TEXT_CONTRAST)
    # A brand darker than a dark page makes its fills darker than the page, so both ends are asked.
    text = _moved(text, _WHITE if dark else _BLACK, against=soft[0], ratio=_TEXT_CONTRAST)
    strong = _moved(text, _WHITE if dark else _BLACK, against=soft[4], ratio=_STRONG_TEXT_CONTRAST)
    return [_hex(step) for step in (*soft, solid, _mix(solid, away, 0.9), text, strong)], _hex(on_solid)


def line_colour(colour: str, *, dark: bool) -> str:
    """Return the colour as a line of a chart: moved until it stands out from the page."""
    page, away = (parse(_DARK_PAGE), _WHITE) if dark else (_WHITE, _BLACK)
    return _hex(_moved(parse(colour), away, against=page, ratio=_LINE_CONTRAST))


def page_contrast(colour: str, *, dark: bool) -> float:
    """Return how far a colour stands out from the page."""
    return contrast(parse(colour), parse(_DARK_PAGE) if dark else _WHITE)


def declarations(colour: str, slot: str, *, dark: bool) -> str:
    """Return the custom properties that put a brand in the place of the theme's scale `slot`."""
    steps, on_solid = scale(colour, dark=dark)
    # The "alpha" steps are opaque here: they only ever lie on the page's own background.
    numbered = "".join(f"--{slot}-{n}:{step};--{slot}-a{n}:{step};" for n, step in enumerate(steps, 1))
    return (
        f"{numbered}--{slot}-contrast:{on_solid};--{slot}-surface:{steps[1]};"
        f"--{slot}-indicator:{steps[8]};--{slot}-track:{steps[8]}"
    )


def _luminance(colour: Rgb) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _mix(colour: Rgb, other: Rgb, part: float) -> Rgb:
    red, green, blue = (a * part + b * (1 - part) for a, b in zip(colour, other, strict=True))
    return red, green, blue


def _moved(colour: Rgb, towards: Rgb, *, against: Rgb, ratio: float) -> Rgb:
    """Return the colour moved just far enough towards black or white to stand out from `against`."""
    for percent in range(101):
        moved = _mix(towards, colour, percent / 100)
        if contrast(moved, against) >= ratio:
            return moved
    return towards


def _hex(colour: Rgb) -> str:
    return "#" + "".join(f"{round(max(0.0, min(1.0, part)) * 255):02x}" for part in colour)
