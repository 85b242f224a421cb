"""Serves a stack: prepares Reflex for pages that are built already, then hands out the app."""

import os
from contextlib import chdir

from starlette.types import ASGIApp

from portal.core.settings import PROJECT_ROOT, Settings
from portal.frontend import require_built, work_directory


def build_asgi(settings: Settings) -> ASGIApp:
    """Return the whole stack's app: pages, API and websocket on one port.

    The stack is opened by the app itself when none is installed. Call it once per process, from any directory.
    Raises `Misconfigured` when the pages of the run mode are not built.
    """
    require_built(settings.run_mode)
    _prepare(settings)
    # Reflex reads rxconfig.py from the current directory and nowhere else.
    with chdir(PROJECT_ROOT):
        from portal.portal import app  # importing it builds the app from what was just prepared

        return app()


def _prepare(settings: Settings) -> None:
    # The names with two underscores are Reflex's own inner switches: it is pinned, and the end-to-end
    # tests stand on them.
    os.environ |= {
        "Application__RunMode": settings.run_mode.value,
        "REFLEX_ENV_MODE": "prod",
        "REFLEX_BACKEND_ONLY": "true",
        "REFLEX_TELEMETRY_ENABLED": "false",
        # Its own log is a file in the user's home that everybody may read, and holds what this product's leaves out.
        "REFLEX_ENABLE_FULL_LOGGING": "false",
        "REFLEX_WEB_WORKDIR": str(work_directory(settings.run_mode)),
        "__REFLEX_SKIP_COMPILE": "true",
        "__REFLEX_MOUNT_FRONTEND_COMPILED_APP": "true",
    }
