"""The check as a page: what is wrong first, nothing that was typed in as markup, and lines to sign on."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from portal.client.commissioning.route import _amps
from portal.client.commissioning.sheet import sheet
from portal.core.boards.rules.commissioning import findings, phases_of
from tests.unit.sites.test_commissioning import measured, readings

if TYPE_CHECKING:
    from portal.core.boards.service.commissioning import CommissioningCheck


def _check(name: str = "Main incomer", **made: object) -> CommissioningCheck:
    seen = measured(readings(**made), signal_dbm=-71)  # pyright: ignore[reportArgumentType] - what a test names
    device = SimpleNamespace(name=name, site_name="Head office", external_id="main-1")
    return SimpleNamespace(  # pyright: ignore[reportReturnType] - as much of it as a page needs
        device=device, source="acuvim-ii 3LN/3CT", findings=findings(seen), phases=phases_of(seen)
    )


def test_what_is_wrong_is_said_at_the_top_and_at_its_check() -> None:
    html = sheet(_check(signs=(1, -1, 1)), ["", "", ""], "", "UTC", "30 November 2026, 12:00")
    assert ">1 wrong</p>" in html
    assert "That of L2 is the wrong way round" in html
    assert html.count("<li>") == 9
    assert html.index('role="status"') < html.index("<li>")


def test_while_something_is_not_known_the_page_does_not_say_that_all_is_well() -> None:
    assert "Nothing wrong so far, 1 not known yet" in sheet(_check(), ["", "", ""], "", "UTC", "now")


def test_nothing_that_somebody_typed_is_markup() -> None:
    evil = '"><script>alert(1)</script>'
    html = sheet(_check(evil), [evil, "", ""], evil, evil, evil)
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 5


def test_it_can_be_signed() -> None:
    html = sheet(_check(), ["20", "", ""], "P. Naidoo", "UTC", "30 November 2026, 12:00")
    assert "Installed and checked by P. Naidoo, 30 November 2026, 12:00" in html
    assert "Signature" in html


def test_currents_are_taken_as_they_are_typed() -> None:
    assert [_amps(text) for text in ("20.5", " 20,5 ", "", "twenty", "-3", "nan", "inf")] == [
        20.5, 20.5, None, None, None, None, None,
    ]  # fmt: skip
