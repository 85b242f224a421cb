"""Sections of the settings that say where a stack's helpers are: Grafana, mail, backups, files."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic.alias_generators import to_pascal

_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)+/?")


class MailSecurity(StrEnum):
    """How a mail server is spoken to."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class Section(BaseModel):
    """Settings that belong together, by the names they are documented by."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_pascal, validate_by_name=True)


class MetricsSettings(Section):
    """What `/metrics` tells beside the figures every stack has."""

    per_customer: bool = False


class Grafana(Section):
    """Where Grafana is served, on the same origin, and the role by which it reads the views of `reporting`."""

    url: str = ""
    reader_name: str = "grafana_reader"
    reader_password: SecretStr = SecretStr("")

    @field_validator("url")
    @classmethod
    def _same_origin(cls, value: str) -> str:
        if value and not _PATH.fullmatch(value):
            message = "this is not a path of the same origin, such as /grafana"
            raise ValueError(message)
        return value.rstrip("/")


class MailSettings(Section):
    """The SMTP server that alerts and reports go by; none without a host."""

    host: str = ""
    port: int = Field(default=587, ge=1, le=65535)
    security: MailSecurity = MailSecurity.STARTTLS
    username: str = ""
    password: SecretStr = SecretStr("")
    sender: str = Field(default="", pattern=r"^(|[^@\s<>]+@[^@\s<>]+)$")


class BackupSettings(Section):
    """Where a backup goes every night, to be restored and proven beside the stack; nowhere by default."""

    directory: str = ""
    keep_days: int = Field(default=14, ge=1)

    @property
    def folder(self) -> Path | None:
        """The directory; None where none is set."""
        return Path(self.directory) if self.directory else None


class StorageSettings(Section):
    """Where files live: logos, session key, embedded database."""

    data_directory: Path = Path("./data")
