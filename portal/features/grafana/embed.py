"""A dashboard of Grafana below what a page shows itself, closed until somebody opens it."""

import reflex as rx

from portal.core.languages import tr
from portal.features.grafana.state import GrafanaState
from portal.ui.cards import card
from portal.ui.vars import Text


def embedded(dashboard: Text, words: str, *, is_open: bool = False) -> rx.Component:
    """A dashboard by its uid, with what is chosen in it behind a `?`; nothing where there is no Grafana."""
    address = f"{GrafanaState.path}/d/{dashboard}"
    # A frame in a closed fold is not loaded: nobody waits for Grafana who has not asked for it.
    frame = rx.el.iframe(src=address, title=words, loading="lazy", class_name="ui-embed")
    away = rx.el.a(tr("In a window of its own"), href=address, target="_blank", rel="noopener")
    fold = rx.el.details(rx.el.summary(words), rx.el.p(away), frame, open=is_open)
    return rx.cond(GrafanaState.path != "", card(fold), rx.fragment())
