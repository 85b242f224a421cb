"""The frame of the Settings pages: the mode's own frame, and a row of links between them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import reflex as rx

from portal.core.languages import tr
from portal.ui.layout import NavItem, internal_link
from portal.web.events.identity import IdentityState

SETTINGS: Final = "/settings"
NAV_ITEM: Final = NavItem(tr("Settings"), SETTINGS, "settings")
# A mode's page frame: title, content, and `section=`, the navigation entry to mark.
Frame = Callable[..., rx.Component]


@dataclass(frozen=True, slots=True)
class Tab:
    """One page of the Settings."""

    label: str
    href: str
    for_admins: bool = True


ACCOUNT: Final = Tab(tr("Account"), SETTINGS, for_admins=False)
BRANDING: Final = Tab(tr("Branding"), f"{SETTINGS}/branding")
USERS: Final = Tab(tr("Users"), f"{SETTINGS}/users")
API_KEYS: Final = Tab(tr("API keys"), f"{SETTINGS}/api-keys")
AUDIT: Final = Tab(tr("Audit trail"), f"{SETTINGS}/audit")
GRAFANA: Final = Tab("Grafana", f"{SETTINGS}/grafana")
APP_CONFIG: Final = Tab(tr("App config"), f"{SETTINGS}/app-config")


@dataclass(frozen=True, slots=True)
class Surface:
    """What a run mode brings along: its frame, Settings pages of its own, and dashboards of Grafana (uid, words)."""

    frame: Frame
    own_tabs: tuple[Tab, ...] = ()
    dashboards: tuple[tuple[str, str], ...] = ()

    @property
    def tabs(self) -> tuple[Tab, ...]:
        """Every page of the Settings, in the order they are shown."""
        return (ACCOUNT, BRANDING, *self.own_tabs, USERS, API_KEYS, AUDIT, GRAFANA, APP_CONFIG)

    def page(self, here: Tab, *content: rx.Component, actions: rx.Component | None = None) -> rx.Component:
        """One page of the Settings."""
        return self.frame(
            tr("Settings"), _links(self.tabs, here), *content, section=SETTINGS, actions=actions
        )


def _links(tabs: Sequence[Tab], here: Tab) -> rx.Component:
    shown = [
        rx.cond(IdentityState.is_admin, _link(tab, here), rx.fragment())
        if tab.for_admins
        else _link(tab, here)
        for tab in tabs
    ]
    return rx.el.nav(*shown, aria_label=tr("Settings"), class_name="ui-tabs")


def _link(tab: Tab, here: Tab) -> rx.Component:
    current = {"aria-current": "page"} if tab == here else {}
    return internal_link(tab.label, href=tab.href, class_name="ui-tab ui-tab--link", custom_attrs=current)
