"""Big figures: the few numbers a page is opened for."""

import reflex as rx

from portal.ui.feedback import skeleton
from portal.ui.vars import Click, Shown, Text, sentence

_MOST_IN_A_ROW = 4


def figure(
    label: Text,
    value: Text,
    unit: Text = "",
    note: rx.Component | Text = "",
    *,
    loading: Shown[bool] = False,
    accent: bool = False,
    title: Text = "",
    on_click: Click | None = None,
) -> rx.Component:
    """One figure, its unit smaller beside it, the comparison beneath; `title` is shown on hover.

    With `on_click` the figure is a button that leads to what it is made of.
    """
    shown = rx.fragment(rx.el.span(value), rx.el.span(unit, class_name="ui-figure-unit"))
    if on_click is not None:
        shown = rx.el.button(shown, type="button", on_click=on_click, class_name="ui-figure-button")
    return rx.el.div(
        rx.el.dt(label),
        rx.el.dd(
            rx.cond(
                loading,
                skeleton("60%", "26px"),
                shown,
            ),
            class_name="ui-figure-value",
            title=title,
        ),
        rx.el.dd(rx.cond(loading, skeleton("45%", "14px"), note), class_name="ui-figure-note"),
        class_name="ui-figure ui-figure--accent" if accent else "ui-figure",
    )


def figure_row(*figures: rx.Component) -> rx.Component:
    """Up to four figures in one row; more would be a table."""
    if len(figures) > _MOST_IN_A_ROW:
        message = sentence(
            "a row holds at most {most_in_a_row} figures, got {figures}",
            most_in_a_row=_MOST_IN_A_ROW,
            figures=len(figures),
        )
        raise ValueError(message)
    return rx.el.dl(*figures, class_name="ui-figures")
