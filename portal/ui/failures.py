"""What a page says when an action failed, whatever it was that broke."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from portal.core.errors import PortalError
from portal.core.log import logger

_log = logger("ui")
UNEXPECTED = "The server could not answer just now. Try again in a moment."


class _Shows(Protocol):
    failure: str


@contextmanager
def failure_in_words(state: _Shows) -> Iterator[None]:
    """Run the body; leave the reason in `state.failure` when it fails and nothing when it does not.

    The product's own errors speak for themselves. Anything else is logged and shown without its details.
    """
    state.failure = ""
    try:
        yield
    except PortalError as error:
        state.failure = error.message
    except Exception:  # noqa: BLE001 - a page that waits for ever is worse than any of them
        _log.exception("page action failed", state=type(state).__name__, may_repeat_input=True)
        state.failure = UNEXPECTED
