"""Child processes that go with the process that started them, whatever ended it."""

import ctypes
import os
import signal
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def die_with_parent(with_signal: signal.Signals) -> Callable[[], None]:
    """Return a `preexec_fn` that has the kernel send `with_signal` to the child once its parent is gone.

    Linux only. "Parent" means the thread that starts the child: use it from the main thread.
    """
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, with_signal, 0, 0, 0)
        if os.getppid() != parent:  # it ended before the request was in place
            os._exit(1)

    return ask
