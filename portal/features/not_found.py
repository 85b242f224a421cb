"""The page for an address that leads nowhere, in the frame of its run mode: every other page is a click away."""

from collections.abc import Callable

import reflex as rx

from portal.core.languages import tr
from portal.ui.cards import card
from portal.ui.feedback import empty_state
from portal.ui.layout import internal_link
from portal.web.brand.branding import ICON_PATH

ROUTE = "/404"
TITLE = tr("Page not found")


def add_to(app: rx.App, frame: Callable[..., rx.Component]) -> None:
    """Add the page to the app of a run mode, in the `frame` of its pages."""
    app.add_page(not_found_page(frame), route=ROUTE, title=TITLE, image=ICON_PATH)


def not_found_page(frame: Callable[..., rx.Component]) -> rx.Component:
    """Say so, and offer the way back."""
    way_back = internal_link(tr("Go to the dashboard"), href="/", class_name="ui-button ui-button--primary")
    nothing = empty_state(
        tr("There is nothing at this address"),
        tr("It may have been moved or removed, or the address may be mistyped."),
        icon="map-pin-off",
        action=way_back,
    )
    return frame(TITLE, card(nothing), section=ROUTE)
