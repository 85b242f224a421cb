"""What a person has just changed is not covered again by an answer that was asked for before it."""

from types import SimpleNamespace
from typing import Any

import pytest

from portal.admin.customers.state import CustomersState
from portal.features.settings.app_config.state import AppConfigState


@pytest.mark.parametrize("show", [CustomersState._show, AppConfigState._show])
def test_an_answer_of_before_is_not_shown(show: Any) -> None:
    page = SimpleNamespace(_asked_at=5.0, shown="own change")
    older = ((), 4.0) if show is CustomersState._show else (None, None, 4.0)
    show(page, *older)
    assert vars(page) == {"_asked_at": 5.0, "shown": "own change"}
