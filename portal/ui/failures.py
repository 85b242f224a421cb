"""What a page says when an action failed, whatever it was that broke."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from portal.core.errors import PortalError, Unavailable
from portal.core.languages import tr
from portal.core.log import logger
from portal.core.outages import WORDS, Outage
from portal.core.words import noted

_log = logger("ui")
UNEXPECTED = noted("The server could not answer just now. Try again in a moment.")
# One for each kind of page, whoever looks at it: pages that follow their figures ask every few seconds.
_outages: defaultdict[str, Outage] = defaultdict(lambda: Outage(_log, "A page shows no figures"))


class _Shows(Protocol):
    failure: str


@contextmanager
def failure_in_words(state: _Shows) -> Iterator[None]:
    """Run the body; leave the reason in `state.failure` when it fails and nothing when it does not.

    The product's own errors speak for themselves. Anything else is logged and shown without its details.
    """
    state.failure = ""
    outage = _outages[type(state).__name__]
    try:
        yield
    except Unavailable as error:
        outage.note(error)
        state.failure = tr(error.said)
    except PortalError as error:
        state.failure = tr(error.said)
    except Exception:  # noqa: BLE001 - a page that waits for ever is worse than any of them
        _log.exception("page action failed", state=type(state).__name__, may_repeat_input=True)
        state.failure = tr(UNEXPECTED)
    else:
        outage.over()


def is_outage(state: object) -> bool:
    """Whether what a state says it failed by is a database that cannot be used just now."""
    return getattr(state, "failure", "") in {tr(words) for words in WORDS}
