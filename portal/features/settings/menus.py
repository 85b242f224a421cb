"""The menu at the end of a row."""

import reflex as rx

from portal.ui.forms import icon_button
from portal.ui.vars import Click, Text

# Inside the page's main landmark, not at the end of the document where no landmark is.
_MAIN = rx.Var("(typeof document === 'undefined' ? undefined : document.getElementById('content'))")


def action_menu(*items: rx.Component, label: Text) -> rx.Component:
    """A button with three dots that opens the items; `label` names it for everybody who can't see it."""
    return rx.menu.root(
        rx.menu.trigger(icon_button(rx.icon("ellipsis", size=18), label=label)),
        rx.menu.content(
            *items, align="end", variant="soft", color_scheme="gray", custom_attrs={"container": _MAIN}
        ),
        # Modal would hide the whole page from screen readers while the menu is open.
        modal=False,
    )


def action_item(icon: str, label: str, on_select: Click) -> rx.Component:
    """One thing to do."""
    return rx.menu.item(rx.icon(icon, size=15), label, on_select=on_select)
