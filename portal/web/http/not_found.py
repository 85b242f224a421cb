"""The page for an address that leads nowhere."""

import reflex as rx

from portal.ui.layout import centre_frame, internal_link

ROUTE = "/404"
TITLE = "Page not found"


def not_found_page() -> rx.Component:
    """Say so, and offer the way back."""
    return centre_frame(
        TITLE,
        rx.el.p(
            "There is nothing at this address. It may have been moved or removed, or the address may be mistyped.",
            class_name="ui-soft",
            style={"margin": "0"},
        ),
        internal_link(
            "Go to the dashboard", href="/", class_name="ui-button ui-button--primary ui-button--wide"
        ),
    )
