"""How long the runs by chance are: a short case of each by default, all of it in `make test-slow`."""

import os
from typing import TypeVar

LONG = "PORTAL_TEST_LONG"
AmountT = TypeVar("AmountT")


def usual_or_long(usual: AmountT, long: AmountT) -> AmountT:
    """Return what a run takes: the usual amount, or the long one where `PORTAL_TEST_LONG` is set."""
    return long if os.environ.get(LONG) else usual
