"""Cards: a surface with a heading, and what belongs in it."""

import reflex as rx

from portal.ui.vars import Text


def card(
    *content: rx.Component,
    title: Text | None = None,
    note: rx.Component | Text | None = None,
    flush: bool = False,
) -> rx.Component:
    """A card. `note` is the quiet text (or control) on the heading's line; `flush` lets a table touch the edges."""
    parts: list[rx.Component] = []
    if title is not None:
        head: list[rx.Component] = [rx.el.h2(title)]
        if note is not None:
            head.append(rx.el.div(note, class_name="ui-card-note"))
        parts.append(rx.el.div(*head, class_name="ui-card-head"))
    body = "ui-card-body ui-card-body--flush" if flush else "ui-card-body"
    parts.append(rx.el.div(*content, class_name=body))
    return rx.el.section(*parts, class_name="ui-card")


def columns(*content: rx.Component) -> rx.Component:
    """Cards side by side while there is room for it."""
    return rx.el.div(*content, class_name="ui-columns")
