"""A panel beside a page's content: one thing of its list, with an address of its own. On phones it is the page."""

from collections.abc import Sequence

import reflex as rx

from portal.core.languages import tr
from portal.ui.focus import PanelFocus
from portal.ui.forms import icon_button
from portal.ui.vars import Click, Shown, Text

# Escape leaves the panel, unless something in front of it takes the key.
_ESCAPE = """((event) => {
  if (event.key !== 'Escape' || event.defaultPrevented) return;
  event.currentTarget.querySelector('[data-panel-close]')?.click();
})"""


def panel(
    title: rx.Component | Text,
    *sections: rx.Component,
    label: Text,
    crumbs: Sequence[rx.Component | Text],
    on_close: Click,
    tag: rx.Component | None = None,
    actions: rx.Component | None = None,
    at: Text = "",
) -> rx.Component:
    """A panel; `crumbs` say where its thing belongs, `tag` stands beside the title.

    The focus goes into it and at its end back to what had it; `at` names what it shows, where that may change.
    """
    close = icon_button(
        rx.icon("x", size=17), label=tr("Close"), on_click=on_close, custom_attrs={"data-panel-close": "true"}
    )
    return rx.el.aside(
        PanelFocus.create(at=at),
        rx.el.div(
            rx.el.div(
                rx.el.ol(*[rx.el.li(crumb) for crumb in crumbs], class_name="ui-crumbs"),
                close,
                class_name="ui-row ui-row--between",
            ),
            rx.el.div(
                rx.el.h2(title, tag if tag is not None else rx.fragment()),
                rx.el.div(actions if actions is not None else rx.fragment(), class_name="ui-actions"),
                class_name="ui-row ui-row--between",
            ),
            class_name="ui-panel-head",
        ),
        *sections,
        aria_label=label,
        tab_index=-1,
        class_name="ui-panel",
        custom_attrs={"onKeyDown": rx.Var(_ESCAPE)},
    )


def panel_section(title: Text, *content: rx.Component, note: rx.Component | Text = "") -> rx.Component:
    """A part of a panel under its heading; `note` is the quiet text beside it."""
    return rx.el.section(
        rx.el.h3(title, rx.el.span(note, class_name="ui-soft ui-panel-note")),
        *content,
        class_name="ui-panel-part",
    )


def facts(rows: Shown[list[tuple[str, str]]]) -> rx.Component:
    """Pairs of a label and what is known, one below the other."""
    return rx.el.dl(
        rx.foreach(rows, lambda row: rx.el.div(rx.el.dt(row[0]), rx.el.dd(row[1]))),
        class_name="ui-panel-facts",
    )
