"""Fields that only the Settings pages have."""

from collections.abc import Sequence
from typing import Any

import reflex as rx

from portal.ui.vars import Text


def select_field(label: Text, *, name: str, options: Sequence[tuple[str, str]], **props: Any) -> rx.Component:
    """A labelled choice of (value, words)."""
    choices = [rx.el.option(words, value=value) for value, words in options]
    return rx.el.div(
        rx.el.label(label, html_for=name),
        rx.el.select(*choices, id=name, name=name, class_name="ui-input", **props),
        class_name="ui-field",
    )
