"""The page application of one stack, with its HTTP API in front. Only the pages of its run mode are imported."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from importlib import import_module
from typing import Any

import reflex as rx
from reflex.app import App
from reflex.utils.exec import is_prod_mode
from starlette.applications import Starlette

from fleet_ingest.app import build_app as build_api
from fleet_ingest.http_figures import HttpFigures
from fleet_ingest.request_ids import RequestIds
from portal.auth.login import code_page
from portal.auth.login import page as login
from portal.auth.login.state import LoginState
from portal.auth.password import page as password
from portal.auth.password.state import SetPasswordState
from portal.auth.routes import auth_app
from portal.core import stack as stacks
from portal.core.alerts.service import watch
from portal.core.energy import energy_proof
from portal.core.errors import Unavailable
from portal.core.fleet.service import decommission, event_upkeep, fleet_samples
from portal.core.log import logger
from portal.core.operations.service import backups
from portal.core.outages import reason_of
from portal.core.readings.service import wide_readings
from portal.core.reports.service import month_reports
from portal.core.settings import RunMode, Settings
from portal.frontend import static_directory
from portal.ui.shell import connection_notice, error_boundary
from portal.ui.styles import STYLESHEETS
from portal.web.brand.branding import FIRST_FRAME, ICON_PATH, STYLESHEET_PATH
from portal.web.events import browser_reports, live
from portal.web.events.brand_watch import brand_watch
from portal.web.events.event_gate import install_gate
from portal.web.events.middleware import install_middleware
from portal.web.events.reconnect import PAGE_ID, install_reconnect
from portal.web.events.recovery import recovery_notice
from portal.web.http import unavailable
from portal.web.http.edge import edge
from portal.web.http.spoken_files import install_spoken_files

_log = logger("pages")

# Around every page, from the outside in.
_WRAPS: Any = {
    (55, "ErrorBoundary"): lambda is_stateful: error_boundary(is_stateful=is_stateful),
    (6, "BrandWatch"): lambda is_stateful: brand_watch() if is_stateful else None,
    (5, "ConnectionNotice"): lambda is_stateful: connection_notice() if is_stateful else None,
    (4, "RecoveryNotice"): lambda is_stateful: recovery_notice() if is_stateful else None,
}


def page_app(settings: Settings, stack: stacks.Stack | None = None) -> rx.App:
    """Return the pages of the settings' run mode, and the HTTP API of the same settings in front of them.

    With `stack`, pages and API use it, and whoever opened it closes it. Without, the app opens one when it starts.
    Reflex has one app per process, so call this once.
    """
    api = build_api(settings, stack)
    made = rx.App(
        stylesheets=STYLESHEETS,
        app_wraps=_WRAPS,
        toaster=None,
        backend_exception_handler=_note_failure,
        frontend_exception_handler=browser_reports.note_exception,
        html_lang="en",
        head_components=_head(),
        api_transformer=_layers(settings, api),
    )
    install_middleware(made)
    install_reconnect(made)
    install_gate(made)
    install_spoken_files()
    made.register_lifespan_task(_serving, settings=settings, given=stack, api=api)
    _add_pages(made, settings.run_mode)
    return made


def _add_pages(made: rx.App, mode: RunMode) -> None:
    made.add_page(
        login.login_page, route=login.ROUTE, title=login.TITLE, image=ICON_PATH, on_load=LoginState.load
    )
    made.add_page(
        code_page.code_page,
        route=code_page.ROUTE,
        title=code_page.TITLE,
        image=ICON_PATH,
        on_load=LoginState.load,
    )
    made.add_page(
        password.set_password_page,
        route=password.ROUTE,
        title=password.TITLE,
        image=ICON_PATH,
        on_load=SetPasswordState.load,
    )
    import_module(f"portal.{mode.value.lower()}.pages").add_pages(made)


@asynccontextmanager
async def _serving(settings: Settings, given: stacks.Stack | None, api: Starlette) -> AsyncIterator[None]:
    """Install the stack for the pages, opened here unless it is given, and start what runs beside them."""
    async with AsyncExitStack() as closing:
        stack = given or await closing.enter_async_context(stacks.opened_stack(settings))
        stacks.install(stack)
        if given is None:
            closing.callback(stacks.uninstall)
        # Mounted, the API's own lifespan does not run by itself.
        api.state.stack = stack
        await closing.enter_async_context(api.router.lifespan_context(api))
        await closing.enter_async_context(_running(live.follow(stack)))
        await closing.enter_async_context(_running(wide_readings.follow(stack)))
        await closing.enter_async_context(_running(energy_proof.nightly(stack)))
        await closing.enter_async_context(_running(backups.nightly(stack)))
        if settings.run_mode is RunMode.ADMIN:
            await closing.enter_async_context(_running(decommission.follow(stack)))
            await closing.enter_async_context(_running(fleet_samples.follow(stack)))
            await closing.enter_async_context(_running(event_upkeep.follow(stack)))
        if settings.run_mode is RunMode.CLIENT:
            await closing.enter_async_context(_running(watch.follow(stack)))
            await closing.enter_async_context(_running(month_reports.follow(stack)))
        if settings.run_mode is RunMode.CLIENT and settings.fleet_ingest.enabled:
            await closing.enter_async_context(_running(import_module("portal.push.task").run(stack)))
        yield


@asynccontextmanager
async def _running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _note_failure(exception: Exception) -> None:
    """Log a handler that failed; Reflex's own way would be a script sent to the page, which pages do not run."""
    if isinstance(exception, Unavailable):
        _log.warning("An event of a page was not answered", reason=reason_of(exception))
    else:
        _log.error("handler failed", exc_info=exception, may_repeat_input=True)


def _layers(settings: Settings, api: Starlette) -> list[Any]:
    """What answers before the pages do, from the inside out."""
    mode = settings.run_mode
    return [
        api,
        auth_app(),
        Starlette(
            routes=import_module(f"portal.{mode.value.lower()}.downloads").ROUTES,
            exception_handlers=unavailable.HANDLERS,
        ),
        edge(
            static_directory(mode),
            any_port=not is_prod_mode(),
            proxy_hops=settings.application.trusted_proxy_hops,
        ),
        lambda app: HttpFigures(app, api.state.metrics),
        RequestIds,
    ]


def _head() -> list[rx.Component]:
    return [
        rx.el.link(rel="stylesheet", href=STYLESHEET_PATH, id="brand-css"),
        rx.el.script(FIRST_FRAME),
        rx.el.script(PAGE_ID),
        rx.el.link(rel="icon", href=ICON_PATH),
    ]


def _add_no_cors(api: Starlette) -> None:
    """Stand in for Reflex's own: it wraps every layer once more, and allows credentials where no origin is allowed."""


# Reflex calls the class by its name; a subclass would not be asked.
App._add_cors = staticmethod(_add_no_cors)  # noqa: SLF001
