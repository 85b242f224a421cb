"""Builds the pages of each run mode into `.dist/<mode>`, and says where they are to be served from.

Both modes are compiled one after the other in the same `.web`, so the packages are installed once.
A build is skipped while nothing that goes into it has changed. `python -m portal.frontend` builds both;
`--force` builds even when nothing changed, `--update-lock` also renews `reflex.lock`.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from portal.core.errors import Misconfigured, PortalError
from portal.core.settings import PROJECT_ROOT, RunMode
from portal.frontend_languages import speak_all

DIST = PROJECT_ROOT / ".dist"
_WEB = PROJECT_ROOT / ".web"
_LOCK = tuple(PROJECT_ROOT / "reflex.lock" / name for name in ("package.json", "package-lock.json"))
_IGNORE_LIST = PROJECT_ROOT / ".gitignore"
# What a page's markup and scripts are made of. portal.core is left out but for its rules: pages get
# everything else at run time.
_SHARED_SOURCES = (
    "rxconfig.py",
    ".npmrc",
    "reflex.lock",
    "assets",
    "portal/portal.py",
    "portal/pages.py",
    "portal/trimmed_styles.py",
    "portal/ui",
    "portal/web",
    "portal/auth",
    "portal/features",
    "portal/core/values",
    "portal/core/languages.py",
    "portal/core/words.py",
    "portal/frontend_languages.py",
    "portal/translations",
    "portal/core/*/rules",
)
_BUILD_TIMEOUT_SECONDS = 900
_TAIL_LINES = 30
# Words of pages are marked in the one build, and put in afterwards for each language.
_EXPORT = "from portal.core.languages import mark_words; mark_words(); from reflex.reflex import cli; cli()"
_COMMAND = (sys.executable, "-c", _EXPORT, "export", "--frontend-only", "--no-zip")
# How the tool says that a page was not prerendered in time (rxconfig.py has the limit), and how often it is tried.
_TOO_BUSY = ("aborted due to timeout", "TimeoutError", "ETIMEDOUT")
_TRIES = 3
# How its output ends where the product itself refuses to go on: what it compiles reads the settings.
_REFUSAL = f"{Misconfigured.__module__}.{Misconfigured.__qualname__}: "


class BuildFailed(PortalError):
    """The front end could not be built; the message holds the end of the tool's own output."""

    code = "build_failed"


def work_directory(mode: RunMode) -> Path:
    """Return the directory Reflex serves this mode's pages from (its `REFLEX_WEB_WORKDIR`)."""
    return DIST / mode.value.lower()


def static_directory(mode: RunMode) -> Path:
    """Return the directory that holds this mode's HTML and assets."""
    return work_directory(mode) / "build" / "client"


def require_built(mode: RunMode) -> None:
    """Raise `Misconfigured` when this mode's pages were never built."""
    if not (static_directory(mode) / "index.html").is_file():
        raise Misconfigured(f"The pages of the {mode.value} mode are not built yet: run `make setup`.")


def build(mode: RunMode, *, force: bool = False, update_lock: bool = False) -> str:
    """Build the pages of one mode unless they are up to date; return one line that says what was done.

    `update_lock` keeps what npm wrote into `reflex.lock` instead of putting the committed lock back.

    Raises `BuildFailed` when Node is missing or a package or page does not build.
    """
    with _one_at_a_time():
        digest = _digest(mode)
        stamp = work_directory(mode) / "stamp"
        if not force and stamp.is_file() and stamp.read_text(encoding="utf-8") == digest:
            return f"front end {mode.value}: up to date"
        started = time.monotonic()
        _export(mode, update_lock=update_lock)
        _publish(mode, digest)
        return f"front end {mode.value}: built in {time.monotonic() - started:.0f} s"


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    DIST.mkdir(exist_ok=True)
    with (DIST / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _digest(mode: RunMode) -> str:
    digest = hashlib.sha256(f"{mode.value} reflex {version('reflex')}".encode())
    for name in (*_SHARED_SOURCES, f"portal/{mode.value.lower()}"):
        for path in _files(name):
            digest.update(f"{path.relative_to(PROJECT_ROOT)}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _files(pattern: str) -> list[Path]:
    # assets/external holds links Reflex makes itself while compiling.
    ignored = {"__pycache__", "external"}
    below = (each for path in PROJECT_ROOT.glob(pattern) for each in (path, *path.rglob("*")))
    return sorted(p for p in below if p.is_file() and not ignored & set(p.parts))


def _export(mode: RunMode, *, update_lock: bool) -> None:
    """Run Reflex's export; again where the machine was too busy for it.

    Raises `BuildFailed` with the end of the tool's own output.
    """
    # Reflex writes to all of these, and a build must not change the sources.
    kept = (_IGNORE_LIST,) if update_lock else (*_LOCK, _IGNORE_LIST)
    contents = {path: path.read_bytes() for path in kept if path.is_file()}
    try:
        for left in reversed(range(_TRIES)):
            is_done, output = _try_export(mode)
            if is_done:
                return
            said = " ".join(output.split())  # the tool breaks its lines anywhere
            if left == 0 or not any(sign in said for sign in _TOO_BUSY):
                raise BuildFailed(_explain(mode, output))
            sys.stdout.write(f"front end {mode.value}: this machine is busy, trying again\n")
            sys.stdout.flush()
    finally:
        for path, content in contents.items():
            path.write_bytes(content)


def _try_export(mode: RunMode) -> tuple[bool, str]:
    """Return whether the pages were made, and what the tool said."""
    index = _WEB / "build" / "client" / "index.html"
    index.unlink(missing_ok=True)
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter, no input from outside
            _COMMAND,
            cwd=PROJECT_ROOT,
            env=_build_environment(mode),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=_BUILD_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        message = (
            f"Building the {mode.value} pages took longer than {_BUILD_TIMEOUT_SECONDS} s and was stopped."
        )
        raise BuildFailed(message) from None
    return done.returncode == 0 and index.is_file(), done.stdout


def _build_environment(mode: RunMode) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("runmode")}
    return environment | {
        "Application__RunMode": mode.value,
        "PATH": os.pathsep.join((str(_node_directory()), os.environ.get("PATH", ""))),
        "REFLEX_USE_NPM": "1",
        "REFLEX_TELEMETRY_ENABLED": "false",
        "REFLEX_CHECK_LATEST_VERSION": "false",
        "REFLEX_WEB_WORKDIR": _WEB.name,
        "REFLEX_DIR": str(DIST / "reflex"),
        "NO_COLOR": "1",
    }


def _node_directory() -> Path:
    """Return where the Node of the virtual environment is: a machine's own may be missing or too old."""
    scripts = Path(sysconfig.get_path("scripts"))
    if not (scripts / "npm").exists():
        message = "Node is missing from the virtual environment, and the pages need it to be built: run `make setup`."
        raise BuildFailed(message)
    return scripts


def _publish(mode: RunMode, digest: str) -> None:
    """Swap the finished build in, the stamp last: a build that was cut off is never taken for a finished one."""
    target = work_directory(mode)
    shutil.rmtree(target, ignore_errors=True)
    (target / "build").mkdir(parents=True)
    shutil.move(_WEB / "build" / "client", target / "build" / "client")
    speak_all(target / "build" / "client")
    if (_WEB / "backend").is_dir():
        shutil.copytree(_WEB / "backend", target / "backend")
    (target / "stamp").write_text(digest, encoding="utf-8")


def _explain(mode: RunMode, output: str) -> str:
    for line in output.splitlines():
        if line.startswith(_REFUSAL):
            return f"The {mode.value} pages could not be built: {line.removeprefix(_REFUSAL)}"
    tail = "\n".join(output.strip().splitlines()[-_TAIL_LINES:])
    hint = ""
    if any(sign in output for sign in ("npm error", "npm ERR!", "ENOTFOUND", "ECONNREFUSED", "Installing")):
        hint = " If packages could not be fetched: check `npm config get registry` and the network, then run it again."
    return f"The {mode.value} pages could not be built.{hint} The end of the build's own output:\n{tail}"


def main() -> int:
    """Build both modes, one line each."""
    flags = set(sys.argv[1:])
    update_lock = "--update-lock" in flags
    try:
        for mode in RunMode:
            done = build(mode, force=update_lock or "--force" in flags, update_lock=update_lock)
            sys.stdout.write(done + "\n")
            sys.stdout.flush()
    except BuildFailed as failure:
        sys.stderr.write(failure.message + "\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
