"""How Reflex compiles and serves the pages. Read by Reflex itself from the project root."""

import re
from pathlib import Path
from typing import Any

import reflex as rx

from portal.trimmed_styles import trim_styles

# Paths the Python side answers, which the development server has to pass on to it.
_BACKEND_PATHS = ("/auth", "/api", "/health", "/metrics")


class OriginPlugin(rx.plugins.Plugin):
    """Lets one build serve every host, port and scheme: the bundle talks to whoever served it.

    Reflex writes the address of its backend into the bundle. Here it becomes the page's own origin.
    """

    def post_build(self, **context: Any) -> None:
        """Replace the compiled-in backend address; runs before the compressed copies are made."""
        for bundle in Path(context["static_dir"]).glob("assets/reflex-env-*.js"):
            text = bundle.read_text(encoding="utf-8")
            text, sockets = re.subn(
                r"[`\"']ws://localhost:\d+(/[^`\"']*)[`\"']",
                r"(location.origin.replace(/^http/,`ws`)+`\1`)",
                text,
            )
            text = re.sub(r"[`\"']http://localhost:\d+(/[^`\"']*)[`\"']", r"(location.origin+`\1`)", text)
            if not sockets:
                message = (
                    f"no backend address found in {bundle.name}: this Reflex release writes it differently"
                )
                raise RuntimeError(message)
            bundle.write_text(text, encoding="utf-8")

    def pre_compile(self, **context: Any) -> None:
        """Let the development server forward the paths that are not pages."""
        backend = f"http://127.0.0.1:{rx.config.get_config().backend_port or 8000}"
        proxy = "proxy: {" + ",".join(f'"{path}": "{backend}"' for path in _BACKEND_PATHS) + "},"
        context["add_modify_task"](
            "vite.config.js", lambda text: text.replace("server: {", "server: {" + proxy, 1)
        )


class TrimmedStylesPlugin(rx.plugins.Plugin):
    """Leaves out of the stylesheet what no page shows, before the compressed copy of it is made."""

    def post_build(self, **context: Any) -> None:
        """Trim the one stylesheet that every page waits for."""
        built = Path(context["static_dir"])
        scripts = "".join(
            each.read_text(encoding="utf-8") for each in built.rglob("*") if each.suffix in (".js", ".html")
        )
        for sheet in built.glob("assets/__reflex_global_styles-*.css"):
            sheet.write_text(trim_styles(sheet.read_text(encoding="utf-8"), scripts), encoding="utf-8")


class PatientPlugin(rx.plugins.Plugin):
    """Gives each page longer to be prerendered than the ten seconds it gets, which a busy machine needs.

    The limit is no setting of React Router: it is what that asks of the timer of Node, in the process that reads this
    file of Vite's.
    """

    def pre_compile(self, **context: Any) -> None:
        """Lengthen every limit on a request of the build."""
        context["add_modify_task"]("vite.config.js", lambda text: f"{text}\n{_PATIENCE}")


class SamePlugin(rx.plugins.Plugin):
    """Lets one source make one bundle: of `reflex.json` only the version goes in, not when it was built."""

    def pre_compile(self, **context: Any) -> None:
        """Import the one name that is used; Vite leaves out the others then."""
        context["add_modify_task"]("utils/state.js", lambda text: text.replace(_WHOLE, _VERSION_ALONE))


_WHOLE = 'import reflexEnvironment from "$/reflex.json";'
_VERSION_ALONE = (
    'import { version as reflexVersion } from "$/reflex.json";\n'
    "const reflexEnvironment = { version: reflexVersion };"
)
_PRERENDER_SECONDS = 120
_PATIENCE = f"""
const limited = AbortSignal.timeout.bind(AbortSignal);
AbortSignal.timeout = (milliseconds) => limited(Math.max(milliseconds, {_PRERENDER_SECONDS * 1000}));
"""

# The brand's stylesheet replaces the whole blue scale at run time (portal.web.brand.branding).
_THEME = rx.theme(
    appearance="inherit", accent_color="blue", gray_color="slate", radius="medium", has_background=False
)

config = rx.Config(
    app_name="portal",
    telemetry_enabled=False,
    show_built_with_reflex=False,
    # One process serves a stack; nothing of a session belongs on disk.
    state_manager_mode=rx.constants.StateManagerMode.MEMORY,
    # For the websocket an empty list means "do not check": that check is portal.web.http.edge, which knows the
    # request's own host. Answers get no CORS headers from Reflex (portal.pages): no other origin may read one.
    cors_allowed_origins=[],
    plugins=[
        rx.plugins.RadixThemesPlugin(theme=_THEME),
        OriginPlugin(),
        TrimmedStylesPlugin(),
        PatientPlugin(),
        SamePlugin(),
    ],
    disable_plugins=[rx.plugins.SitemapPlugin],
    # The union of what both run modes need, so that one set of packages and one lock serve both builds.
    frontend_packages=[
        "react-day-picker@10.0.2",
        "react-debounce-input@3.3.0",
    ],
)
