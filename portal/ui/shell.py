"""What is around every page: a word when the connection is gone, and a way on when a page breaks."""

import reflex as rx
from reflex_components_core.base.error_boundary import ErrorBoundary
from reflex_components_core.core.banner import has_connection_errors

from portal.core.languages import tr

_RELOAD = rx.Var("(() => window.location.reload())")
_NOTICE_STYLE = {
    "position": "fixed",
    "z_index": "60",
    "left": "50%",
    "bottom": "20px",
    "transform": "translateX(-50%)",
    "width": "max-content",
    "max_width": "calc(100vw - 32px)",
    "box_shadow": "var(--ui-shadow-float)",
}


def notice(icon: str, words: str) -> rx.Component:
    """A word at the foot of the window, over whatever page is there."""
    return rx.el.div(
        rx.icon(icon, size=16),
        rx.el.div(words),
        role="status",
        class_name="ui-callout ui-callout--warn",
        style=_NOTICE_STYLE,
    )


def connection_notice() -> rx.Component:
    """Says that the figures are no longer live; the page itself keeps trying, and the notice goes when it worked."""
    words = tr("No connection to the portal. What you see may be out of date; trying again.")
    return rx.cond(has_connection_errors, notice("wifi-off", words), rx.fragment())


def error_boundary(*, is_stateful: bool) -> rx.Component:
    """Catches a page that fails in the browser; the failure itself goes to the server's log."""
    broken = rx.Var.create(_broken_page())
    if is_stateful:
        return ErrorBoundary.create(fallback_render=broken)
    return ErrorBoundary.create(fallback_render=broken, on_error=rx.noop())


def _broken_page() -> rx.Component:
    return rx.el.main(
        rx.el.div(
            rx.el.h1(tr("This page has stopped working")),
            rx.el.p(
                tr("The fault is ours, and it has been reported. Loading the page again usually helps."),
                class_name="ui-soft",
                style={"margin": "0"},
            ),
            rx.el.button(
                tr("Load again"),
                type="button",
                class_name="ui-button ui-button--primary ui-button--wide",
                custom_attrs={"onClick": _RELOAD},
            ),
            role="alert",
            class_name="ui-centre-card",
        ),
        class_name="ui-centre",
    )
