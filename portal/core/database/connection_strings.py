"""Where the database is: what people write into `Database__...`, as the URL the driver takes.

Every refusal is one line that says what to change and never repeats the value, which holds a password.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from portal.core.errors import Misconfigured

if TYPE_CHECKING:
    from portal.core.settings import Settings

_DRIVER = "postgresql+asyncpg"
_SETTING = "Database__ConnectionString"
_LARGEST_PORT = 65_535
_FORM_KEYS = {
    "host": "host",
    "server": "host",
    "port": "port",
    "database": "database",
    "username": "username",
    "user id": "username",
    "password": "password",
}


def parse_connection_string(value: str) -> str:
    """Turn a `postgresql://` URL or the `Host=..;Port=..;Database=..` form into the DSN `Database` takes.

    Raises `Misconfigured` without repeating the value, which holds a password.
    """
    if not value.strip().isprintable():
        raise Misconfigured(f"{_SETTING} holds a line break or another control character")
    return _parse_url(value.strip()) if "://" in value else _parse_form(value)


def plain(dsn: str) -> str:
    """Return a DSN as the driver itself takes it."""
    return make_url(dsn).set(drivername="postgresql").render_as_string(hide_password=False)


def configured_dsn(settings: Settings) -> str | None:
    """Return the DSN the settings name: the connection string, else composed from its parts, else None.

    Raises `Misconfigured` where what they say cannot be an address.
    """
    database = settings.database
    explicit = database.connection_string.get_secret_value()
    if explicit:
        return parse_connection_string(explicit)
    if database.host:
        return _compose(
            host=database.host,
            port=str(database.port),
            database=database.name or "portal",
            username=database.username,
            password=database.password.get_secret_value(),
        )
    return None


def _parse_url(value: str) -> str:
    try:
        url = make_url(value)
        decoded = unquote(value, errors="strict")
    except ArgumentError:
        raise Misconfigured(f"{_SETTING} is not a postgresql:// URL") from None
    except UnicodeDecodeError:
        raise Misconfigured(f"{_SETTING} has a percent escape that is not UTF-8") from None
    except ValueError:  # the one part that is read as a number
        raise Misconfigured(
            f"{_SETTING}: the port is not a number from 1 to {_LARGEST_PORT} (an IPv6 address stands in brackets)"
        ) from None
    if url.drivername.partition("+")[0] not in {"postgresql", "postgres"}:
        raise Misconfigured(f"{_SETTING} is not a postgresql:// URL")
    if "\0" in decoded:
        raise Misconfigured(f"{_SETTING} holds a NUL character")
    if url.port is not None:
        _check_port(str(url.port))
    dsn = url.set(drivername=_DRIVER).render_as_string(hide_password=False)
    _check_rest(dsn)
    return dsn


def _check_rest(dsn: str) -> None:
    """Refuse what the driver would only stumble over: brackets around nothing, a query without names."""
    try:
        parts = urlsplit(dsn)
        query = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError:
        raise Misconfigured(
            f"{_SETTING} is not a URL: look at its host and at what stands behind '?'"
        ) from None
    for port in filter(None, query.get("port", "").split(",")):
        _check_port(port)


def _parse_form(value: str) -> str:
    fields: dict[str, str] = {}
    for part in filter(None, (piece.strip() for piece in value.split(";"))):
        key, separator, content = part.partition("=")
        name = _FORM_KEYS.get(key.strip().lower())
        if not separator:
            raise Misconfigured(
                f"{_SETTING} has a part without '=': Host=..;Port=..;Database=..;Username=..;Password=.."
            )
        if name is None:
            raise Misconfigured(f"{_SETTING} has an unknown part {key.strip()!r}")
        fields[name] = content.strip()
    if "host" not in fields or "database" not in fields:
        raise Misconfigured(f"{_SETTING} needs at least Host and Database")
    return _compose(**fields)


def _compose(*, host: str, database: str, port: str = "5432", username: str = "", password: str = "") -> str:
    _check_port(port)
    url = URL.create(_DRIVER, username or None, password or None, host.strip("[]"), int(port), database)
    if host.startswith("/"):  # a directory with the server's socket cannot stand where a host stands in a URL
        url = URL.create(
            _DRIVER, username or None, password or None, database=database, query={"host": host, "port": port}
        )
    return url.render_as_string(hide_password=False)


def _check_port(port: str) -> None:
    if not (port.isascii() and port.isdigit() and 0 < int(port[:6]) <= _LARGEST_PORT):
        raise Misconfigured(f"the database port is not a number from 1 to {_LARGEST_PORT}")
