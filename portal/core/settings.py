"""The settings of one stack, read once into one frozen object that is handed on from there.

Names are `Section__Name`, case-insensitive, from environment variables and an optional `.env`
file; a secret may also be given as `Section__Name_FILE`, the path of a file that holds it
(`portal.core.setting_sources`). Nothing else in the product reads the environment.
"""

from __future__ import annotations

import os
import re
from contextvars import ContextVar
from enum import StrEnum
from pathlib import Path
from typing import cast

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic.alias_generators import to_pascal
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from portal.core.errors import Misconfigured
from portal.core.setting_sections import (
    BackupSettings,
    Grafana,
    MailSettings,
    MetricsSettings,
    Section,
    StorageSettings,
)
from portal.core.setting_sources import NamedValues, env_file, environment, read_sources
from portal.core.values.currencies import is_currency
from portal.core.values.time import is_zone

PROJECT_ROOT = Path(__file__).resolve().parents[2]
_SHORTEST_KEY = 32
# As a browser states it: lower case, no path, no slash at the end.
_ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::[0-9]{1,5})?")
_ISSUER = re.compile(r"https://[^\s?#]+|http://(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?(?:/[^\s?#]*)?")
DEFAULT_ADMIN_EMAIL = "admin@example.com"
DEFAULT_ADMIN_PASSWORD = "change-me-please"  # noqa: S105 - the documented Development default, refused in Production


class RunMode(StrEnum):
    """What this stack is: a customer's own, or the company's."""

    CLIENT = "Client"
    ADMIN = "Admin"


class Environment(StrEnum):
    """Production arms the start guards."""

    DEVELOPMENT = "Development"
    PRODUCTION = "Production"


class StorageChoice(StrEnum):
    """Which storage engine a database is to have."""

    AUTO = "auto"
    PLAIN = "plain"
    TIMESCALE = "timescale"


class Application(Section):
    """What the stack is and how it calls itself."""

    run_mode: RunMode = RunMode.CLIENT
    environment: Environment = Environment.DEVELOPMENT
    name: str = "Energy portal"
    public_url: str = ""
    time_zone: str = "UTC"
    trusted_proxy_hops: int = Field(default=0, ge=0, le=5)
    allowed_origins: tuple[str, ...] = ()

    @field_validator("allowed_origins", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("allowed_origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if origin != "*" and not _ORIGIN.fullmatch(origin):
                message = "there is something that is not an origin, such as https://dashboard.example.com"
                raise ValueError(message)
        if "*" in value and len(value) > 1:
            message = "'*' lets every origin in, so it stands alone"
            raise ValueError(message)
        return value

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if not is_zone(value):
            message = "this is not an IANA time zone, such as Africa/Johannesburg"
            raise ValueError(message)
        return value


class DatabaseSettings(Section):
    """Where the database is; `portal.core.database.connection_strings.configured_dsn` says what comes before what."""

    connection_string: SecretStr = SecretStr("")
    auto_provision_local: bool | None = None
    host: str = ""
    port: int = 5432
    name: str = ""
    username: str = ""
    password: SecretStr = SecretStr("")
    storage: StorageChoice = StorageChoice.AUTO


class Authentication(Section):
    """The first admin and the lockout rule."""

    default_admin_email: str = DEFAULT_ADMIN_EMAIL
    default_admin_password: SecretStr = SecretStr(DEFAULT_ADMIN_PASSWORD)
    max_failed_attempts: int = Field(default=5, ge=1)
    lockout_minutes: int = Field(default=15, ge=1)
    secret_key: SecretStr = SecretStr("")
    earlier_secret_keys: SecretStr = SecretStr("")
    allow_default_password: bool = False

    @field_validator("secret_key", "earlier_secret_keys")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if any(len(key) < _SHORTEST_KEY for key in value.get_secret_value().splitlines()):
            message = f"a key needs at least {_SHORTEST_KEY} characters"
            raise ValueError(message)
        return value


class SingleSignOn(Section):
    """A provider of OpenID Connect by which people sign in, and what its groups mean here."""

    issuer: str = ""
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    label: str = "Single sign-on"
    groups_claim: str = "groups"
    admin_groups: tuple[str, ...] = ()
    user_groups: tuple[str, ...] = ()
    customer_group_prefix: str = ""

    @field_validator("admin_groups", "user_groups", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(name for each in value.split(",") if (name := each.strip()))

    @field_validator("issuer")
    @classmethod
    def _reached_safely(cls, value: str) -> str:
        if value and not _ISSUER.fullmatch(value):
            message = "this is not an https:// address (http:// is for this machine alone)"
            raise ValueError(message)
        return value


class FleetIngest(Section):
    """The push to an Admin stack, and what the Admin accepts in one request."""

    enabled: bool = False
    url: str = ""
    token: SecretStr = SecretStr("")
    interval_seconds: float = Field(default=60, gt=0)
    batch_size: int = Field(default=5000, ge=1)
    batch_max_bytes: int = Field(default=1_048_576, ge=1024)
    max_batches_per_tick: int = Field(default=3, ge=1)
    max_request_rows: int = Field(default=20_000, ge=1)
    max_request_bytes: int = Field(default=8_388_608, ge=1024)
    keep_events_days: int = Field(default=90, ge=3)


class Billing(Section):
    """How gaps are treated and which currency money is in."""

    max_gap_minutes: int = Field(default=120, ge=1)
    currency: str = "ZAR"

    @field_validator("currency")
    @classmethod
    def _known_currency(cls, value: str) -> str:
        if not is_currency(value):
            message = "this is not a currency's code of ISO 4217, such as ZAR"
            raise ValueError(message)
        return value


class RateLimit(Section):
    """Requests a minute per token, and refused credentials a minute per address; counted in Redis where it is named."""

    enabled: bool = True
    customer_per_minute: int = Field(default=1200, ge=1)
    device_per_minute: int = Field(default=600, ge=1)
    failures_per_minute: int = Field(default=60, ge=1)
    redis_url: SecretStr = SecretStr("")

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not value.get_secret_value().startswith(("redis://", "rediss://")):
            message = "this is not a redis:// or rediss:// URL"
            raise ValueError(message)
        return value


class Settings(BaseSettings):
    """All settings of one stack. Made by hand it reads nothing: that is `load_settings`."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_pascal,
        validate_by_name=True,
        env_nested_delimiter="__",
        enable_decoding=False,  # values are what they are, never JSON
    )

    application: Application = Application()
    database: DatabaseSettings = DatabaseSettings()
    authentication: Authentication = Authentication()
    single_sign_on: SingleSignOn = SingleSignOn()
    fleet_ingest: FleetIngest = FleetIngest()
    billing: Billing = Billing()
    rate_limit: RateLimit = RateLimit()
    metrics: MetricsSettings = MetricsSettings()
    grafana: Grafana = Grafana()
    mail: MailSettings = MailSettings()
    backup: BackupSettings = BackupSettings()
    storage: StorageSettings = StorageSettings()

    @property
    def run_mode(self) -> RunMode:
        """The stack's run mode."""
        return self.application.run_mode

    @property
    def is_production(self) -> bool:
        """Whether the Production guards apply."""
        return self.application.environment is Environment.PRODUCTION

    @property
    def may_embed_database(self) -> bool:
        """Whether a local database may be started: Client only, by default only in Development."""
        wanted = self.database.auto_provision_local
        return self.run_mode is RunMode.CLIENT and (not self.is_production if wanted is None else wanted)

    def with_absolute_paths(self) -> Settings:
        """Return the same settings, independent of the current directory."""
        data, backups = self.storage.data_directory.absolute(), self.backup.folder
        return self.model_copy(
            update={
                "storage": self.storage.model_copy(update={"data_directory": data}),
                "backup": self.backup.model_copy(
                    update={"directory": str(backups.absolute()) if backups else ""}
                ),
            }
        )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return what was given by hand, then what `load_settings` has found, first come first served."""
        return (init_settings, *(NamedValues(settings_cls, values) for values in _found.get()))


_found: ContextVar[tuple[dict[str, str], ...]] = ContextVar("_found", default=())


def env_name(section: str, field: str) -> str:
    """Return the documented environment name of a setting: `fleet_ingest`, `batch_size` -> `FleetIngest__BatchSize`."""
    return f"{to_pascal(section)}__{to_pascal(field)}"


def setting_names() -> frozenset[str]:
    """Return the documented names of all settings."""
    return frozenset(
        env_name(section, field)
        for section, about in Settings.model_fields.items()
        for field in type(cast("Section", about.default)).model_fields
    )


def load_settings(environ: dict[str, str] | None = None, file: Path | None = None) -> Settings:
    """Read the settings from the environment over the `.env` file; paths in them are absolute then.

    Without `environ`, from the process's own and the `.env` of the current directory. Called once per process, at
    its start. Raises `Misconfigured` with one line naming the first setting that is wrong.
    """
    sources = [environment(os.environ if environ is None else environ)]
    if environ is None or file is not None:
        sources.append(env_file(file or Path(".env")))
    reading = _found.set(tuple(read_sources(tuple(sources), setting_names())))
    try:
        return Settings().with_absolute_paths()
    except ValidationError as error:
        raise Misconfigured(_first_problem(error)) from None
    finally:
        _found.reset(reading)


def _first_problem(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    section, field = first["loc"][:2]  # the section by its own name, the field by the one it has outside
    return f"{to_pascal(str(section))}__{field}: {first['msg'].removeprefix('Value error, ')}"


def check_start(settings: Settings) -> None:
    """Refuse a start that cannot work, before any database is touched. Raises `Misconfigured`."""
    for wrong, message in _start_problems(settings):
        if wrong:
            raise Misconfigured(message)


def _start_problems(settings: Settings) -> list[tuple[bool, str]]:
    fleet, database = settings.fleet_ingest, settings.database
    client = settings.run_mode is RunMode.CLIENT
    has_dsn = bool(database.connection_string.get_secret_value() or database.host)
    pushing = client and fleet.enabled
    default_password = (
        settings.authentication.default_admin_password.get_secret_value() == DEFAULT_ADMIN_PASSWORD
    )
    return [
        (
            not client and not has_dsn,
            "RunMode=Admin needs Database__ConnectionString: a fleet database is never made up.",
        ),
        (
            pushing and not fleet.url,
            "FleetIngest__Enabled=true needs FleetIngest__Url, the Admin's /api/fleet/ingest address.",
        ),
        (
            pushing and not fleet.token.get_secret_value(),
            "FleetIngest__Enabled=true needs FleetIngest__Token, from the Admin's Customers page.",
        ),
        (
            bool(settings.single_sign_on.issuer) and not settings.single_sign_on.client_id,
            "SingleSignOn__Issuer needs SingleSignOn__ClientId, by which the provider knows this stack.",
        ),
        (
            settings.is_production and default_password,
            "Application__Environment=Production needs Authentication__DefaultAdminPassword changed from its default.",
        ),
        (
            settings.is_production and database.auto_provision_local is True,
            (
                "Application__Environment=Production does not go with Database__AutoProvisionLocal=true: "
                "set Database__ConnectionString and remove it."
            ),
        ),
    ]
