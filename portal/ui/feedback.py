"""What a page says about itself: loading, empty, failed, worth a look."""

from typing import Literal

import reflex as rx

from portal.core.languages import tr
from portal.ui.vars import Click, Shown, Text, is_some

Tone = Literal["neutral", "ok", "warn", "fail", "grace"]
CalloutTone = Literal["note", "warn", "fail"]

_BADGE_ICON = {
    "ok": "circle-check",
    "warn": "triangle-alert",
    "fail": "circle-x",
    "neutral": "circle-dashed",
    "grace": "clock",
}
_CALLOUT_ICON = {"warn": "triangle-alert", "fail": "circle-x", "note": "info"}


def badge(text: Text, tone: Tone = "neutral", *, title: Text = "") -> rx.Component:
    """A short state in words with an icon, so that its colour is never the only sign."""
    return rx.el.span(
        rx.icon(_BADGE_ICON[tone], size=13),
        text,
        title=title,
        class_name=f"ui-badge ui-badge--{tone}",
    )


def badge_for(text: Text, tone: Text, *, title: Text = "") -> rx.Component:
    """A badge whose tone ("ok", "warn", "fail", "neutral") comes from the state."""
    cases = [(name, badge(text, name, title=title)) for name in ("ok", "warn", "fail")]
    return rx.fragment(rx.match(tone, *cases, badge(text, "neutral", title=title)))


def cell_warning(text: Text) -> rx.Component:
    """A warning in a table cell: small, with its icon."""
    return rx.el.span(rx.icon("triangle-alert", size=12), text, class_name="ui-cell-warning")


def callout(*content: rx.Component | Text, tone: CalloutTone = "warn") -> rx.Component:
    """A sentence that needs to be seen before the numbers below it are believed."""
    return rx.el.div(
        rx.icon(_CALLOUT_ICON[tone], size=16),
        rx.el.div(*content),
        role="status" if tone != "fail" else "alert",
        class_name=f"ui-callout ui-callout--{tone}",
    )


def callouts(lines: Shown[list[str]], tone: CalloutTone = "warn") -> rx.Component:
    """One callout with the lines of a state list; nothing at all for an empty list."""
    return rx.cond(
        is_some(lines),
        callout(rx.el.ul(rx.foreach(lines, rx.el.li)), tone=tone),
        rx.fragment(),
    )


def error_panel(message: Text, *, on_retry: Click | None = None, title: Text | None = None) -> rx.Component:
    """What happened and what to try."""
    again = rx.el.button(
        rx.icon("rotate-cw", size=15),
        tr("Try again"),
        type="button",
        class_name="ui-button",
        on_click=on_retry,
    )
    return rx.el.div(
        rx.el.div(rx.icon("cloud-off", size=22), class_name="ui-empty-icon"),
        rx.el.h2(tr("This could not be loaded") if title is None else title),
        rx.el.p(message),
        again if on_retry is not None else rx.fragment(),
        role="alert",
        class_name="ui-empty",
    )


def empty_state(
    title: Text, message: Text, *, icon: str = "inbox", action: rx.Component | None = None
) -> rx.Component:
    """Nothing here yet: why, and what to do next."""
    return rx.el.div(
        rx.el.div(rx.icon(icon, size=22), class_name="ui-empty-icon"),
        rx.el.h2(title),
        rx.el.p(message),
        action if action is not None else rx.fragment(),
        class_name="ui-empty",
    )


def skeleton(width: str = "100%", height: str = "16px") -> rx.Component:
    """A grey bar of the size of what is being loaded."""
    return rx.el.span(class_name="ui-skeleton", aria_hidden=True, style={"width": width, "height": height})


def skeleton_lines(count: int, height: str = "40px") -> rx.Component:
    """Bars in place of table rows or paragraphs."""
    return rx.el.div(
        rx.el.span(tr("Loading"), class_name="ui-visually-hidden"),
        *[skeleton("100%", height) for _ in range(count)],
        aria_busy=True,
        class_name="ui-stack",
        style={"padding": "12px 20px 20px", "gap": "10px"},
    )
