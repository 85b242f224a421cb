"""The brand as this process knows it, and how a changed one reaches open pages."""

import reflex as rx
from reflex.state import StateUpdate
from reflex_base.constants.state import FIELD_MARKER
from reflex_base.registry import RegistrationContext

from portal.core.brand import service as branding
from portal.core.brand.service import Brand
from portal.core.stack import Stack
from portal.ui.linked import linked_script
from portal.web.events import tabs

_WATCH = linked_script(__file__, "brand_watch.jsx")
_known: list[Brand] = []


class BrandState(rx.State):
    """The version of the brand a page should show; a page with another one loads its stylesheet and marks anew."""

    version: str = ""


class _BrandWatch(rx.Component):
    library = _WATCH
    tag = "BrandWatch"

    version: rx.Var[str]


def brand_watch() -> rx.Component:
    """Shows nothing; follows the brand while the page is open."""
    return _BrandWatch.create(version=BrandState.version)


async def brand_of(stack: Stack) -> Brand:
    """Return the brand, from memory while nothing has announced a change."""
    if not _known:
        _known[:] = [await branding.get_brand(stack)]
    return _known[0]


async def refresh(stack: Stack, *, is_changed: bool = False) -> None:
    """Read the brand again, and tell every open page when it is another one than before."""
    before = _known[0].version if _known else ""
    _known[:] = [await branding.get_brand(stack)]
    if before and (is_changed or _known[0].version != before):
        await _tell(_known[0].version)


def known_version() -> str:
    """Return the version this process knows, empty before it was ever read."""
    return _known[0].version if _known else ""


def forget() -> None:
    """Forget the brand; the next question reads it."""
    _known.clear()


async def _tell(version: str) -> None:
    update = StateUpdate(delta={BrandState.get_full_name(): {f"version{FIELD_MARKER}": version}})
    namespace = RegistrationContext.get().app.event_namespace
    if namespace is None:
        return
    for tab in tabs.connected_tabs():
        await namespace.emit_update(update, token=tab)
