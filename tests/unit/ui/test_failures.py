"""What a page says when something broke."""

from unittest.mock import Mock

import pytest

from portal.core.errors import NotFound
from portal.ui import failures
from portal.ui.failures import UNEXPECTED, failure_in_words


class Page:
    failure = "from before"


def test_success_clears_the_last_failure() -> None:
    page = Page()
    with failure_in_words(page):
        pass
    assert page.failure == ""


def test_the_products_own_errors_speak_for_themselves() -> None:
    page = Page()
    with failure_in_words(page):
        raise NotFound("There is no such customer.")
    assert page.failure == "There is no such customer."


def test_anything_else_is_not_shown_but_logged_without_what_it_may_repeat(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logged = Mock()
    monkeypatch.setattr(failures, "_log", logged)
    page = Page()
    with failure_in_words(page):
        raise RuntimeError("password authentication failed for host 10.0.0.7")
    assert page.failure == UNEXPECTED
    logged.exception.assert_called_once_with("page action failed", state="Page", may_repeat_input=True)


def test_what_ends_the_process_is_not_swallowed() -> None:
    with pytest.raises(KeyboardInterrupt), failure_in_words(Page()):
        raise KeyboardInterrupt
