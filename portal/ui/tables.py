"""Semantic tables: numbers on the right, sticky heading, totals in the footer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import reflex as rx

from portal.ui.vars import Shown, Text, Told

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading, with the unit so that the cells need none, and whether it holds numbers.

    A heading may be for screen readers only: that of a column of buttons says nothing to anybody else.
    `hint` is shown on hover. A minor column is left out on phones; its cells are `minor` too. `order` is what a table
    that can be ordered is ordered by at a click on the heading.
    """

    label: Text
    is_number: bool = False
    is_hidden_label: bool = False
    is_minor: bool = False
    hint: str = ""
    order: str = ""


@dataclass(frozen=True, slots=True)
class Ordering:
    """What a table is ordered by now; `on_order(order)` is called for a column's heading."""

    by: Text
    is_descending: Shown[bool]
    on_order: Told[str]


def data_table(
    columns: Sequence[Column],
    rows: Shown[list[Row]],
    row: Callable[[Row], Sequence[rx.Component]],
    *,
    caption: str,
    totals: Sequence[Text] | None = None,
    tall: bool = False,
    stacked: bool = False,
    even: bool = False,
) -> rx.Component:
    """A table over a state list.

    `row` gives the cells of one element (`cell`, `head_cell`). `totals` is one text per column. `tall` scrolls the
    table inside its card after 480 px. `stacked` turns each row into a small card on phones; without it the table
    scrolls sideways in its card. `even` makes the columns equally wide, so that tables below each other line up.
    """
    parts: list[rx.Component] = [
        rx.el.caption(caption, class_name="ui-visually-hidden"),
        rx.el.thead(rx.el.tr(*[_heading(column) for column in columns])),
        rx.el.tbody(rx.foreach(rows, lambda item: rx.el.tr(*row(item)))),
    ]
    if totals is not None:
        parts.append(rx.el.tfoot(rx.el.tr(*_totals(columns, totals))))
    scroll = "ui-table-scroll ui-table-scroll--tall" if tall else "ui-table-scroll"
    return rx.el.div(
        rx.el.table(*parts, class_name=_classes(stacked=stacked, even=even)),
        role="region",
        aria_label=caption,
        tab_index=0,
        class_name=scroll,
    )


def ordered_table(
    columns: Sequence[Column],
    rows: Shown[list[Row]],
    row: Callable[[Row], Sequence[rx.Component]],
    *,
    caption: str,
    ordering: Ordering,
) -> rx.Component:
    """A table as long as its page, whose heading stays in sight and orders it; on phones each row is a small card."""
    return rx.el.div(
        rx.el.table(
            rx.el.caption(caption, class_name="ui-visually-hidden"),
            rx.el.thead(rx.el.tr(*[_heading(column, ordering) for column in columns])),
            rx.el.tbody(rx.foreach(rows, lambda item: rx.el.tr(*row(item)))),
            class_name="ui-table ui-table--stacked",
        ),
        role="region",
        aria_label=caption,
        tab_index=0,
        class_name="ui-table-scroll ui-table-scroll--page",
    )


def tree_table(
    columns: Sequence[Column],
    rows: Shown[list[Row]],
    row: Callable[[Row], Sequence[rx.Component]],
    attrs: Callable[[Row], dict[str, Any]],
    *,
    caption: Text,
) -> rx.Component:
    """A table whose rows stand below each other; on phones each is a small card.

    `attrs` gives what a row is: `data-depth` (0 to 4) indents it, `data-chosen` ("true") marks it.
    """
    body = rx.foreach(rows, lambda item: rx.el.tr(*row(item), custom_attrs=attrs(item)))
    return rx.el.div(
        rx.el.table(
            rx.el.caption(caption, class_name="ui-visually-hidden"),
            rx.el.thead(rx.el.tr(*[_heading(column) for column in columns])),
            rx.el.tbody(body),
            class_name="ui-table ui-table--stacked ui-tree",
        ),
        role="region",
        aria_label=caption,
        tab_index=0,
        class_name="ui-table-scroll",
    )


def cell(
    *content: rx.Component | Text,
    label: str = "",
    number: bool = False,
    wide: bool = False,
    prose: bool = False,
    minor: bool = False,
    title: Text = "",
) -> rx.Component:
    """A cell; where a stacked table has no heading, `label` repeats it, and `wide` takes the whole width.

    `prose` holds sentences: it wraps. A `minor` one is left out on phones.
    """
    given = (
        ("ui-right", number),
        ("ui-cell-wide", wide),
        ("ui-cell-prose", prose),
        ("ui-cell-minor", minor),
    )
    classes = " ".join(name for name, wanted in given if wanted)
    return rx.el.td(*content, title=title, class_name=classes, custom_attrs=_label(label))


def head_cell(*content: rx.Component | Text, wrap: bool = True) -> rx.Component:
    """The cell that names its row; long names wrap, dates should not."""
    return rx.el.th(*content, scope="row", class_name="ui-cell-wrap" if wrap else "")


def menu_cell(*content: rx.Component) -> rx.Component:
    """The last cell, with what can be done to its row."""
    return rx.el.td(*content, class_name="ui-cell-menu")


def cell_note(text: rx.Component | Text) -> rx.Component:
    """A second, quiet line in a cell."""
    return rx.el.span(text, class_name="ui-cell-note")


def _classes(*, stacked: bool, even: bool) -> str:
    extra = [name for name, wanted in (("stacked", stacked), ("even", even)) if wanted]
    return " ".join(["ui-table", *[f"ui-table--{name}" for name in extra]])


def _label(label: str) -> dict[str, str]:
    return {"data-label": label} if label else {}


def _heading(column: Column, ordering: Ordering | None = None) -> rx.Component:
    if ordering is not None and column.order:
        return _ordered_heading(column, ordering)
    text = (
        rx.el.span(column.label, class_name="ui-visually-hidden") if column.is_hidden_label else column.label
    )
    return rx.el.th(text, scope="col", title=column.hint, class_name=_column_classes(column))


def _ordered_heading(column: Column, ordering: Ordering) -> rx.Component:
    is_by_this = ordering.by == column.order
    icon = rx.cond(ordering.is_descending, rx.icon("chevron-down", size=13), rx.icon("chevron-up", size=13))
    way = rx.cond(ordering.is_descending, "descending", "ascending")
    return rx.el.th(
        rx.el.button(
            column.label,
            rx.cond(is_by_this, icon, rx.fragment()),
            type="button",
            on_click=ordering.on_order(column.order),
            class_name="ui-sort",
        ),
        scope="col",
        title=column.hint,
        class_name=_column_classes(column),
        custom_attrs={"aria-sort": rx.cond(is_by_this, way, rx.Var("undefined"))},
    )


def _column_classes(column: Column) -> str:
    given = (("ui-right", column.is_number), ("ui-cell-minor", column.is_minor))
    return " ".join(name for name, wanted in given if wanted)


def _totals(columns: Sequence[Column], totals: Sequence[Text]) -> list[rx.Component]:
    cells = [
        rx.el.td(text, class_name=_column_classes(column))
        for column, text in zip(columns[1:], totals[1:], strict=True)
    ]
    return [rx.el.th(totals[0], scope="row"), *cells]
