"""What the Branding page says about the colours that are being chosen."""

from collections.abc import Mapping
from typing import TypedDict

from portal.core.languages import tr
from portal.core.words import noted
from portal.web.brand.palette import contrast, line_colour, page_contrast, parse, scale

# WCAG 2.2: text, and what is needed to understand a graphic.
_TEXT, _LINE = 4.5, 3.0
_MODES = {False: noted("Light"), True: noted("Dark")}
_PROBLEMS = {
    "large": noted("The image is larger than 512 KiB, so it was not taken."),
    "image": noted(
        "Take a still PNG, JPEG or WebP image of at most 4096 by 4096 and 8 million pixels, or "
        "an SVG drawing of at most 128 KiB that is not too intricate."
    ),
    "gone": noted("That image was removed already."),
}
_NOTICES = {
    "logo": noted("The logo is saved and shown on every open page."),
    "icon": noted("The icon is saved and shown on every open page."),
    "removed": noted("The image is removed."),
}


class Contrast(TypedDict):
    """How one colour reads in one colour mode: as it was chosen, and as the pages show it."""

    where: str
    ink: str
    shown: str
    words: str
    is_enough: bool


def text_contrasts(color: str) -> list[Contrast]:
    """How text reads on a colour in light and dark; nothing for what is no colour."""
    return [_text(color, dark=dark) for dark in (False, True)] if _is_color(color) else []


def line_contrasts(color: str) -> list[Contrast]:
    """How a line in a colour stands out from the page in light and dark; nothing for what is no colour."""
    return [_line(color, dark=dark) for dark in (False, True)] if _is_color(color) else []


def _text(color: str, *, dark: bool) -> Contrast:
    steps, ink = scale(color, dark=dark)
    before, after = contrast(parse(color), parse(ink)), contrast(parse(steps[8]), parse(ink))
    return {
        "where": tr(_MODES[dark]),
        "ink": ink,
        "shown": steps[8],
        "words": _words(tr("Text on it"), before, after, _TEXT),
        "is_enough": before >= _TEXT,
    }


def _line(color: str, *, dark: bool) -> Contrast:
    shown = line_colour(color, dark=dark)
    before, after = page_contrast(color, dark=dark), page_contrast(shown, dark=dark)
    return {
        "where": tr(_MODES[dark]),
        "ink": shown,
        "shown": shown,
        "words": _words(tr("On the page"), before, after, _LINE),
        "is_enough": before >= _LINE,
    }


def _words(what: str, before: float, after: float, enough: float) -> str:
    words = f"{what} {before:.1f} : 1"
    return (
        words
        if before >= enough
        else tr("{words}, so pages use a shade with {after} : 1", words=words, after=f"{after:.1f}")
    )


def _is_color(text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True


def outcome(query: Mapping[str, str]) -> tuple[str, str]:
    """The problem and the notice the address speaks of."""
    return tr(_PROBLEMS.get(query.get("problem", ""), "")), tr(_NOTICES.get(query.get("saved", ""), ""))
