"""The Settings pages, added to the app of either run mode."""

import reflex as rx

from portal.features.grafana.state import GrafanaState
from portal.features.settings.account.page import account_page
from portal.features.settings.account.second_factor_state import SecondFactorState
from portal.features.settings.account.state import AccountState
from portal.features.settings.api_keys.page import api_keys_page
from portal.features.settings.api_keys.state import ApiKeysState
from portal.features.settings.app_config.page import app_config_page
from portal.features.settings.app_config.state import AppConfigState
from portal.features.settings.audit.page import audit_page
from portal.features.settings.audit.state import AuditState
from portal.features.settings.branding.page import branding_page
from portal.features.settings.branding.state import BrandingState
from portal.features.settings.frame import (
    ACCOUNT,
    API_KEYS,
    APP_CONFIG,
    AUDIT,
    BRANDING,
    GRAFANA,
    USERS,
    Surface,
)
from portal.features.settings.grafana.page import grafana_page
from portal.features.settings.users.page import users_page
from portal.features.settings.users.state import UsersState
from portal.web.brand.branding import ICON_PATH

_PAGES = (
    (ACCOUNT, account_page, [AccountState.load, SecondFactorState.load]),
    (BRANDING, branding_page, BrandingState.load),
    (USERS, users_page, UsersState.load),
    (API_KEYS, api_keys_page, ApiKeysState.load),
    (AUDIT, audit_page, AuditState.load),
    (GRAFANA, grafana_page, GrafanaState.load_for_admins),
    (APP_CONFIG, app_config_page, AppConfigState.follow),
)


def add_pages(app: rx.App, surface: Surface) -> None:
    """Add every Settings page in the frame of a run mode."""
    for tab, page, on_load in _PAGES:
        app.add_page(page(surface), route=tab.href, title=tab.label, image=ICON_PATH, on_load=on_load)
