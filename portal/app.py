"""The composition root: the settings of one stack in, all that it serves out."""

import os
from contextlib import chdir

from starlette.types import ASGIApp

from portal.core.settings import PROJECT_ROOT, RunMode, Settings
from portal.core.stack import Stack
from portal.frontend import require_built, work_directory


def make_app(settings: Settings, stack: Stack | None = None) -> ASGIApp:
    """Return the whole stack's app: pages, API and websocket on one port, all by these settings and no others.

    With `stack` it is used, and closed by whoever opened it; without, the app opens one while it runs. Call it once
    per process, from any directory. Raises `Misconfigured` when the pages of the run mode are not built.
    """
    require_built(settings.run_mode)
    _prepare_reflex(settings.run_mode)
    # Reflex reads rxconfig.py from the current directory and nowhere else.
    with chdir(PROJECT_ROOT):
        from portal.pages import page_app  # Reflex looks at its switches when it is imported

        return page_app(settings, stack)()


def _prepare_reflex(mode: RunMode) -> None:
    """Set it up for pages that are built already."""
    # The names with two underscores are Reflex's own inner switches: it is pinned, and the end-to-end
    # tests stand on them.
    os.environ |= {
        "REFLEX_ENV_MODE": "prod",
        "REFLEX_BACKEND_ONLY": "true",
        "REFLEX_TELEMETRY_ENABLED": "false",
        # Its own log is a file in the user's home that everybody may read, and holds what this product's leaves out.
        "REFLEX_ENABLE_FULL_LOGGING": "false",
        "REFLEX_WEB_WORKDIR": str(work_directory(mode)),
        "__REFLEX_SKIP_COMPILE": "true",
        "__REFLEX_MOUNT_FRONTEND_COMPILED_APP": "true",
    }
