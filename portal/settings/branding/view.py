"""What the Branding page says about the colours that are being chosen."""

from collections.abc import Mapping
from typing import TypedDict

from portal.auth.palette import contrast, parse, scale

_ENOUGH = 4.5
_PROBLEMS = {
    "large": "The image is larger than 512 KiB, so it was not taken.",
    "image": "Take a PNG, JPEG or WebP image of at most 4096 by 4096 pixels. SVG is refused: it may carry scripts.",
    "gone": "That image was removed already.",
}
_NOTICES = {
    "logo": "The logo is saved and shown on every open page.",
    "icon": "The icon is saved and shown on every open page.",
    "removed": "The image is removed.",
}


class Contrast(TypedDict):
    """How one colour reads in one colour mode: what was chosen, and what the pages make of it."""

    where: str
    chosen: str
    shown: str
    shown_ratio: str
    is_enough: bool


def contrasts(color: str) -> list[Contrast]:
    """How text reads on a colour in light and dark; nothing for what is no colour."""
    try:
        parse(color)
    except ValueError:
        return []
    return [_contrast(color, dark=dark) for dark in (False, True)]


def _contrast(color: str, *, dark: bool) -> Contrast:
    steps, ink = scale(color, dark=dark)
    before = contrast(parse(color), parse(ink))
    after = contrast(parse(steps[8]), parse(ink))
    return {
        "where": "Dark" if dark else "Light",
        "chosen": f"{before:.1f} : 1",
        "shown": steps[8],
        "shown_ratio": f"{after:.1f} : 1",
        "is_enough": before >= _ENOUGH,
    }


def outcome(query: Mapping[str, str]) -> tuple[str, str]:
    """The problem and the notice the address speaks of."""
    return _PROBLEMS.get(query.get("problem", ""), ""), _NOTICES.get(query.get("saved", ""), "")
