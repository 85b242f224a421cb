"""A folder from which a new customer's stack starts: `portal customer add CODE NAME --bundle DIR`.

It holds the compose file of this release, its `.env`, secrets of which nobody else has a copy, and the dashboards.
Nothing is left to be filled in. What cannot be written is refused before the customer is registered.
"""

import re
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from portal.core.errors import Conflict, Invalid
from portal.core.settings import PROJECT_ROOT, RunMode

_COMPOSE = PROJECT_ROOT / "docker" / "compose.yaml"
_GRAFANA = PROJECT_ROOT / "grafana"
_INGEST = "/api/fleet/ingest"
_HOST = re.compile(r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")
_MAIL = re.compile(r"[^\s@$'\"#]+@[^\s@$'\"#]+")
_IMAGE = re.compile(r"[a-z0-9][\w.:/@-]{0,254}")
# The engine hands the files on with their owner and mode, and the account in a container is another one: they are
# readable by all, in a directory that only its owner gets into.
_FOLDER_MODE, _FILE_MODE = 0o700, 0o644
_FLEET_TOKEN = "fleet-token"  # noqa: S105 - the name of a file
_SECRETS = (
    "admin-password",
    "database-password",
    "grafana-reader-password",
    "grafana-secret-key",
    "secret-key",
)
_README = """\
The stack of {name} ({code}), for a machine with the Traefik of this release (docker/traefik):

    docker compose up --detach          (or: podman-compose up --detach)

Then open https://{host} and sign in as {mail}; the password is in secrets/admin-password. Keep a copy of this folder
where only those who run the stack can read it: secrets/secret-key opens the second factors in its database.
"""


@dataclass(frozen=True)
class Wanted:
    """What a new stack is to be; `admin_url` is the address of the Admin as Clients see it."""

    code: str
    name: str
    host: str
    admin_mail: str
    image: str
    admin_url: str


@dataclass(frozen=True)
class Bundle:
    """Where the folder is, and where its stack will be."""

    directory: Path
    url: str
    admin_mail: str


def own_host(code: str, admin_url: str) -> str:
    """Return the host name of a customer's stack beside the Admin's: `acme.example.com` by `admin.example.com`.

    Raises `Invalid` where the Admin's address says none.
    """
    host = urlsplit(admin_url).hostname or ""
    _, _, domain = host.partition(".")
    if not domain or _is_address(host):
        raise Invalid("Where will people find the stack? Say --host, such as acme.example.com.")
    return f"{code.lower()}.{domain}"


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def require_sound(wanted: Wanted, directory: Path) -> None:
    """Raise `Invalid` or `Conflict` where no folder could be made of it."""
    if urlsplit(wanted.admin_url).scheme not in ("http", "https") or not urlsplit(wanted.admin_url).hostname:
        raise Invalid(
            "A Client pushes to the Admin's address: set Application__PublicUrl here, or say --admin-url."
        )
    if not _HOST.fullmatch(wanted.host):
        raise Invalid(f"{wanted.host!r} is no host name, such as acme.example.com")
    if not _MAIL.fullmatch(wanted.admin_mail):
        raise Invalid(f"{wanted.admin_mail!r} is no e-mail address")
    require_image(wanted.image)
    if directory.exists():
        raise Conflict(f"{directory} is there already: name a folder that is not")
    if not directory.absolute().parent.is_dir():
        raise Invalid(f"There is no folder {directory.absolute().parent} to put it in")


def require_image(name: str) -> None:
    """Raise `Invalid` where that cannot be the name of an image."""
    if not _IMAGE.fullmatch(name):
        raise Invalid(f"{name!r} is no name of an image")


def prepare(wanted: Wanted, directory: Path) -> Path:
    """Write everything but the token into a folder beside the one that is wanted; return that one."""
    require_sound(wanted, directory)
    made = directory.absolute().with_name(f".{directory.name}.{uuid4().hex[:8]}")
    made.mkdir(mode=_FOLDER_MODE)
    lay_out(made, RunMode.CLIENT)
    add_secrets(made / "secrets")
    words = _README.format(name=wanted.name, code=wanted.code, host=wanted.host, mail=wanted.admin_mail)
    (made / "README.txt").write_text(words, encoding="utf-8")
    _keep(made / ".env", _environment(wanted))
    return made


def lay_out(made: Path, mode: RunMode) -> None:
    """Write what every folder of this release has into an empty one: the compose file and the dashboards."""
    shutil.copyfile(_COMPOSE, made / "compose.yaml")
    shutil.copytree(_GRAFANA / "provisioning", made / "grafana/provisioning")
    shutil.copytree(_GRAFANA / "dashboards" / mode.value.lower(), made / "grafana/dashboards")


def add_secrets(folder: Path) -> list[str]:
    """Make the secrets that are missing in a folder; returns their names."""
    folder.mkdir(mode=_FOLDER_MODE, exist_ok=True)
    missing = [name for name in _SECRETS if not (folder / name).exists()]
    for name in missing:
        _keep(folder / name, secrets.token_urlsafe(24))
    return missing


def finish(made: Path, token: str, wanted: Wanted, directory: Path) -> Bundle:
    """Add the customer's token and put the folder in its place."""
    _keep(made / "secrets" / _FLEET_TOKEN, token)
    made.rename(directory.absolute())
    return Bundle(directory.absolute(), f"https://{wanted.host}", wanted.admin_mail)


def give_up(made: Path) -> None:
    """Remove what was prepared for a customer that could not be registered."""
    shutil.rmtree(made, ignore_errors=True)


def _keep(path: Path, content: str) -> None:
    path.write_text(content, encoding="utf-8")
    path.chmod(_FILE_MODE)


def _environment(wanted: Wanted) -> str:
    values: Mapping[str, str] = {
        "COMPOSE_PROJECT_NAME": wanted.code.lower(),
        "RUN_MODE": "Client",
        "PORTAL_IMAGE": wanted.image,
        "STACK_HOST": wanted.host,
        "STACK_NAME": _quoted(wanted.name),
        "ADMIN_EMAIL": _quoted(wanted.admin_mail),
        "FLEET_ENABLED": "true",
        "FLEET_URL": wanted.admin_url.rstrip("/") + _INGEST,
        "EDGE_PROXY_ADDRESS": "172.30.0.2",
    }
    lines = [f"{name}={value}\n" for name, value in values.items()]
    return "# What compose.yaml leaves open for this stack; secrets are files of their own.\n" + "".join(
        lines
    )


def _quoted(text: str) -> str:
    """A value as it stands: between single quotes nothing is replaced. No backslash is read alike by all."""
    return "'" + text.replace("\\", "/").replace("'", "\\'") + "'"
