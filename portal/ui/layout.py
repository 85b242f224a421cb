"""The page frame of both modes: brand and navigation on the left, one heading, the content."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import reflex as rx
from reflex_components_core.el.elements.base import BaseHTML
from reflex_components_core.react_router.dom import ReactRouterLink

from portal.core.languages import tr
from portal.ui.forms import NativeForm, button, icon_button
from portal.ui.linked import linked_script
from portal.ui.vars import Click, Shown, Text

_DRAWER = "navigation"
_TOGGLE = linked_script(__file__, "theme_toggle.jsx")
# A link inside the drawer leaves it open when the page it leads to is the one that is shown already.
_CLOSE_DRAWER = rx.Var(
    "(() => { const d = document.getElementById('navigation'); d?.matches(':popover-open') && d.hidePopover() })"
)


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of the navigation; `icon` is a Lucide name. It may be there for some people only.

    `count` is how much waits there (`count_words`), if any.
    """

    label: str
    href: str
    icon: str
    is_shown: Shown[bool] = True
    count: Text = ""
    count_words: str = ""


class PlainLink(BaseHTML):
    """A link that the browser follows itself, to a file, to an answer of the server, or within the page.

    Reflex's `rx.el.a` would start a navigation between the pages of this portal, where there is no such page.
    """

    tag = "a"

    href: rx.Var[str]


class _ThemeToggle(rx.Component):
    library = _TOGGLE
    tag = "ThemeToggle"


def page_frame(  # noqa: PLR0913
    title: Text,
    *content: rx.Component,
    nav: Sequence[NavItem],
    section: str,
    user: Text = "",
    actions: rx.Component | None = None,
    subtitle: rx.Component | Text | None = None,
    back: tuple[str, str] | None = None,
    on_shown: Click | None = None,
    aside: rx.Component | None = None,
) -> rx.Component:
    """A whole page. `aside` is a panel beside its content, and on phones in place of it.

    `section` is the href of the navigation entry the page belongs to, `user` what is shown beside sign-out,
    `actions` sits on the title's line, `back` is (label, href) of the page above.
    `on_shown` is called once the page is there.
    """
    return rx.box(
        PlainLink.create(tr("Skip to content"), href="#content", class_name="ui-skip"),
        _topbar(nav),
        _side(nav, section, user),
        rx.el.main(
            rx.el.div(_page_head(title, actions, subtitle, back), *content, class_name="ui-content"),
            *([] if aside is None else [aside]),
            id="content",
            tab_index=-1,
            class_name="ui-main",
        ),
        class_name="ui-frame",
        on_mount=rx.noop() if on_shown is None else on_shown,
    )


def centre_frame(title: Text, *content: rx.Component) -> rx.Component:
    """A page of one card in the middle, without navigation: login, forbidden, not found."""
    return rx.el.main(
        rx.el.div(_brand(), rx.el.h1(title), *content, class_name="ui-centre-card"),
        class_name="ui-centre",
    )


def internal_link(
    *content: rx.Component | Text,
    href: Text,
    class_name: str | None = None,
    custom_attrs: dict[str, Any] | None = None,
) -> rx.Component:
    """A link to a page of this portal: changes the page without loading the site again."""
    return ReactRouterLink.create(*content, to=href, class_name=class_name, custom_attrs=custom_attrs or {})


def theme_toggle() -> rx.Component:
    """Switches between light and dark."""
    label = tr("Switch between light and dark")
    return _ThemeToggle.create(
        rx.icon("sun", size=17, class_name="ui-when-dark"),
        rx.icon("moon", size=17, class_name="ui-when-light"),
        custom_attrs={"aria-label": label, "title": label},
        class_name="ui-icon-button",
    )


def _brand() -> rx.Component:
    return rx.el.div(
        rx.el.img(src="/brand/logo", alt="", class_name="ui-brand-mark"),
        rx.el.span(class_name="ui-brand-name"),
        class_name="ui-brand",
    )


def _topbar(nav: Sequence[NavItem]) -> rx.Component:
    return rx.el.header(
        icon_button(
            rx.icon("menu", size=20),
            *[_count(item, "ui-topbar-count") for item in nav if item.count_words],
            label=tr("Open navigation"),
            custom_attrs={"popoverTarget": _DRAWER},
        ),
        _brand(),
        class_name="ui-topbar",
    )


def _side(nav: Sequence[NavItem], section: str, user: Text) -> rx.Component:
    return rx.el.nav(
        _brand(),
        rx.el.ul(*[_nav_entry(item, item.href == section) for item in nav], class_name="ui-nav"),
        rx.el.div(
            rx.el.span(user, class_name="ui-user-name", title=user),
            NativeForm.create(
                button(
                    rx.icon("log-out", size=16), tr("Sign out"), tone="quiet", size="small", kind="submit"
                ),
                action="/auth/logout",
                method="post",
            ),
            theme_toggle(),
            class_name="ui-user",
        ),
        id=_DRAWER,
        aria_label=tr("Main"),
        custom_attrs={"popover": "auto"},
        class_name="ui-side",
    )


def _nav_entry(item: NavItem, is_here: bool) -> rx.Component:
    link = _nav_link(item, is_here)
    return link if item.is_shown is True else rx.cond(item.is_shown, link, rx.fragment())


def _nav_link(item: NavItem, is_here: bool) -> rx.Component:
    return rx.el.li(
        internal_link(
            rx.icon(item.icon, size=17),
            item.label,
            *([_count(item, "ui-nav-count")] if item.count_words else []),
            href=item.href,
            custom_attrs={"onClick": _CLOSE_DRAWER} | ({"aria-current": "page"} if is_here else {}),
        ),
    )


def _count(item: NavItem, class_name: str) -> rx.Component:
    """How much waits behind an entry; nothing where nothing does."""
    words = rx.el.span(f" {item.count_words}", class_name="ui-visually-hidden")
    shown = rx.el.span(item.count, words, class_name=f"ui-badge ui-badge--warn {class_name}")
    return rx.cond(item.count != "", shown, rx.fragment())


def _page_head(
    title: Text,
    actions: rx.Component | None,
    subtitle: rx.Component | Text | None,
    back: tuple[str, str] | None,
) -> rx.Component:
    titles: list[rx.Component] = []
    if back is not None:
        titles.append(
            internal_link(rx.icon("chevron-left", size=15), back[0], href=back[1], class_name="ui-back")
        )
    titles.append(rx.el.h1(title))
    if subtitle is not None:
        titles.append(rx.el.div(subtitle, class_name="ui-subtitle"))
    parts = [rx.el.div(*titles, class_name="ui-page-titles")]
    if actions is not None:
        parts.append(rx.el.div(actions, class_name="ui-actions"))
    return rx.el.div(*parts, class_name="ui-page-head")
