"""The mark of a customer's own portal."""

import reflex as rx

from portal.admin.worn_brand.state import WornBrandState as State
from portal.core.languages import tr


def worn_brand() -> rx.Component:
    """Logo and name as the customer's own people know them; nothing where its stack never pushed a brand."""
    mark = rx.cond(
        State.logo != "",
        rx.el.img(src=State.logo, alt="", height="20", style={"max_height": "20px", "max_width": "120px"}),
        rx.el.span(
            style={
                "width": "10px",
                "height": "10px",
                "border_radius": "50%",
                "background": State.colour,
                "display": "inline-block",
            },
            aria_hidden="true",
        ),
    )
    return rx.el.span(
        rx.cond(
            (State.name != "") | (State.logo != ""),
            rx.el.span(
                mark, State.name, title=tr("How its own portal is called and looks"), class_name="ui-row"
            ),
            rx.fragment(),
        ),
        on_mount=State.load,
    )
