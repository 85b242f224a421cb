"""Tabs whose choice lives in the address."""

from collections.abc import Mapping, Sequence

import reflex as rx

from portal.ui.vars import Shown, Text, Told

# Arrow keys move between tabs as everywhere else; Enter or Space opens the one in focus.
_ARROWS = rx.Var(
    """((e) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
      if (!step) return;
      const tabs = [...e.currentTarget.querySelectorAll('[role=tab]')];
      const next = tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length];
      next?.focus();
      e.preventDefault();
    })"""
)


def tab_bar(
    tabs: Sequence[tuple[str, Text]],
    *,
    active: Text,
    on_open: Told[str],
    label: str,
    shown: Mapping[str, Shown[bool]] | None = None,
) -> rx.Component:
    """A row of tabs (key, words); `on_open(key)` is called for the one that was chosen.

    `shown` says of some whether they are there.
    """
    made = [(key, _tab(key, text, active, on_open)) for key, text in tabs]
    conditions = shown or {}
    return rx.el.div(
        *[rx.cond(conditions[key], tab, rx.fragment()) if key in conditions else tab for key, tab in made],
        role="tablist",
        aria_label=label,
        class_name="ui-tabs",
        custom_attrs={"onKeyDown": _ARROWS},
    )


def tab_panel(*content: rx.Component, key: str) -> rx.Component:
    """What belongs to the tab with this key."""
    return rx.el.div(
        *content,
        id=f"panel-{key}",
        role="tabpanel",
        aria_labelledby=f"tab-{key}",
        class_name="ui-stack",
    )


def _tab(key: str, text: Text, active: Text, on_open: Told[str]) -> rx.Component:
    is_open = active == key
    return rx.el.button(
        text,
        id=f"tab-{key}",
        type="button",
        role="tab",
        on_click=on_open(key),
        tab_index=rx.cond(is_open, 0, -1),
        custom_attrs={"aria-selected": rx.cond(is_open, "true", "false")},
        class_name="ui-tab",
    )
