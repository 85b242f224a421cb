"""Takes out of a built stylesheet what no page can show: Radix brings the styles of fifty components in thirty colours.

Of those the product has dialogs, menus and a popover, in the brand's colour. A page
is not painted before its stylesheet is there, so the rest is half a second of waiting on a phone.
"""

import re
from collections.abc import Iterator
from typing import Final

# Dialogs, menus and the calendar, and what they are made of: headings, texts, areas that scroll.
_SHOWN: Final = re.compile(
    r"(Base)?(Dialog|AlertDialog|Menu|DropdownMenu|Popover|ScrollArea)[A-Z]?\w*|PopperContent|Heading|Text"
)
_SHOWN_COLOURS: Final = frozenset({"blue", "gray", "slate", "red"})
_COMPONENT: Final = re.compile(r"\.rt-([A-Z]\w*)")
_COLOUR: Final = re.compile(r"\[data-(?:accent|gray)-color=\"?(\w+)")
# A component's size for a width of the window: no page gives one.
_AT_WIDTH: Final = re.compile(r"\.(?:initial|xs|sm|md|lg|xl)\\:")
_NESTS: Final = ("@layer", "@media", "@supports")
_IN_BRACKETS: Final = re.compile(r"\([^()]*\)")
_NAME: Final = r"--[a-z]+-(?:a?\d+|contrast|surface|indicator|track)"
_STEP: Final = re.compile(rf"(?<=[{{;])({_NAME}):[^;{{}}]*(?:;|(?=}}))")
_USED_STEP: Final = re.compile(rf"var\(({_NAME})")


def trim_styles(css: str, scripts: str) -> str:
    """Return a minified stylesheet without rules and steps of colour that neither it nor `scripts` can use.

    Raises ValueError where its braces do not match.
    """
    kept = "".join(_kept_rules(css))
    while True:
        used = set(_USED_STEP.findall(kept)) | set(_USED_STEP.findall(scripts))
        fewer = _STEP.sub(lambda step, used=used: step[0] if step[1] in used else "", kept)
        if fewer == kept:
            return kept
        kept = fewer


def _kept_rules(css: str) -> Iterator[str]:
    for head, body in _rules(css):
        if body is None:
            yield head
        elif head.startswith(_NESTS):
            if inner := "".join(_kept_rules(body)):
                yield f"{head}{{{inner}}}"
        elif head.startswith("@"):
            yield f"{head}{{{body}}}"
        elif selectors := [each for each in _selectors(head) if _is_shown(each)]:
            yield f"{','.join(selectors)}{{{body}}}"


def _rules(css: str) -> Iterator[tuple[str, str | None]]:
    """Yield each rule's head and body, and each statement without a body."""
    began = at = 0
    while at < len(css):
        if css[at] == ";":
            yield css[began : at + 1], None
            began = at + 1
        elif css[at] == "{":
            end = _closing(css, at)
            yield css[began:at], css[at + 1 : end]
            began, at = end + 1, end
        at += 1
    if css[began:].strip():
        raise ValueError("the stylesheet ends within a rule")


def _closing(css: str, opened: int) -> int:
    depth = 0
    for brace in re.compile("[{}]").finditer(css, opened):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return brace.start()
    raise ValueError("the stylesheet has a brace that is not closed")


def _selectors(head: str) -> list[str]:
    """Return the selectors of a list; commas in brackets are their own."""
    depth, found = 0, [""]
    for sign in head:
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if sign == "," and depth == 0:
            found.append("")
        else:
            found[-1] += sign
    return found


def _is_shown(selector: str) -> bool:
    if _AT_WIDTH.search(selector):
        return False
    outside = selector
    while (fewer := _IN_BRACKETS.sub("", outside)) != outside:
        outside = fewer
    colours = set(_COLOUR.findall(selector))
    return all(_SHOWN.fullmatch(name) for name in _COMPONENT.findall(outside)) and (
        not colours or bool(colours & _SHOWN_COLOURS)
    )
