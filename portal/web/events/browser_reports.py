"""What browsers report of pages that broke: a short line each, and few of them.

Anybody can send such a report, signed in or not, and say in it whatever they like.
"""

from typing import Any

from portal.core.budget import Budget, Grant
from portal.core.identity.rules.lockout import origin_of
from portal.core.languages import tr
from portal.core.log import MORE, logger
from portal.core.log_text import safe

_log = logger("pages")
_LONGEST = 200
_LINES_EACH, _LINES_TOGETHER = 5, 60
_budget = Budget(_LINES_EACH, _LINES_TOGETHER)


def note(words: Any, address: str = "") -> None:
    """Log the first line of what a browser says, when its address has not said much already."""
    grant = _budget.take(origin_of(address))
    if grant is Grant.NO:
        return
    first = words.strip().split("\n", 1)[0] if isinstance(words, str) else tr("without a word")
    more = {"note": MORE} if grant is Grant.LAST else {}
    _log.warning("a page broke in a browser", says=safe(first, _LONGEST), address=address, **more)


def note_exception(exception: Exception) -> None:
    """Log what the framework itself hands on; who sent it, it does not say."""
    note(str(exception))
