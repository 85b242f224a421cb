"""What a long list has around its table: filters with their counts, and its pages."""

from typing import TypedDict

import reflex as rx

from portal.core.languages import tr
from portal.ui import formats
from portal.ui.forms import icon_button
from portal.ui.vars import Shown, Text, Told, is_some


class FilterChip(TypedDict):
    """A filter of a list: its key ("" is all), its words, and how many it leaves."""

    key: str
    label: str
    count: str


class PageLink(TypedDict):
    """A page of a list by its number, or a gap between pages (no number)."""

    number: int
    text: str


class PageChoice(TypedDict):
    """Which rows of how many are shown, and the pages to go to; 0 is no page."""

    words: str
    links: list[PageLink]
    here: int
    before: int
    after: int


NO_PAGES: PageChoice = {"words": "", "links": [], "here": 1, "before": 0, "after": 0}
_GAP = "\u2026"


def page_choice(total: int, page: int, rows: int) -> PageChoice:
    """Return what stands below a list of `total` things of which a page, from 1, has at most so many `rows`."""
    last = max(-(-total // rows), 1)
    here = min(max(page, 1), last)
    first = (here - 1) * rows + 1
    words = (
        tr(
            "{first} to {last} of {total}",
            first=formats.number(first, 0),
            last=formats.number(min(here * rows, total), 0),
            total=formats.number(total, 0),
        )
        if total
        else ""
    )
    return {
        "words": words,
        "links": _links(here, last),
        "here": here,
        "before": here - 1,
        "after": here + 1 if here < last else 0,
    }


def _links(here: int, last: int) -> list[PageLink]:
    shown = sorted({1, last, *(page for page in (here - 1, here, here + 1) if 1 <= page <= last)})
    links: list[PageLink] = []
    for page in shown:
        if links and page > links[-1]["number"] + 1:
            links.append({"number": 0, "text": _GAP})
        links.append({"number": page, "text": formats.number(page, 0)})
    return links if last > 1 else []


def filter_chips(
    chips: Shown[list[FilterChip]], *, active: Text, on_choose: Told[str], label: str
) -> rx.Component:
    """Filters of which one is on; `on_choose(key)` is called for another."""
    return rx.el.div(
        rx.foreach(chips, lambda chip: _chip(chip, active, on_choose)),
        role="group",
        aria_label=label,
        class_name="ui-chips",
    )


def _chip(chip: FilterChip, active: Text, on_choose: Told[str]) -> rx.Component:
    return rx.el.button(
        chip["label"],
        rx.el.span(chip["count"]),
        type="button",
        on_click=on_choose(chip["key"]),
        custom_attrs={"aria-pressed": rx.cond(active == chip["key"], "true", "false")},
        class_name="ui-chip",
    )


def pager(pages: PageChoice, *, on_page: Told[int]) -> rx.Component:
    """Which rows are shown, and the way to the others; `on_page(number)` is called for another page."""
    return rx.el.div(
        rx.el.span(pages["words"], class_name="ui-hint"),
        rx.cond(is_some(pages["links"]), _pages(pages, on_page), rx.fragment()),
        class_name="ui-pager",
    )


def _pages(pages: PageChoice, on_page: Told[int]) -> rx.Component:
    before, after = pages["before"], pages["after"]
    return rx.el.nav(
        icon_button(
            rx.icon("chevron-left", size=16),
            label=tr("Page before"),
            disabled=before == 0,
            on_click=on_page(before),
        ),
        rx.foreach(pages["links"], lambda link: _page(link, pages["here"], on_page)),
        icon_button(
            rx.icon("chevron-right", size=16),
            label=tr("Next page"),
            disabled=after == 0,
            on_click=on_page(after),
        ),
        aria_label=tr("Pages"),
        class_name="ui-row ui-pages",
    )


def _page(link: PageLink, here: int, on_page: Told[int]) -> rx.Component:
    number = link["number"]
    button = rx.el.button(
        link["text"],
        type="button",
        on_click=on_page(number),
        custom_attrs={"aria-current": rx.cond(number == here, "page", "false")},
        class_name="ui-page",
    )
    return rx.fragment(rx.cond(number == 0, rx.el.span(link["text"], class_name="ui-soft"), button))
