"""What the API keys page shows, as texts."""

from collections.abc import Iterable
from datetime import datetime
from typing import TypedDict

from portal.core.access import Scope
from portal.core.identity.service.api_keys import KeyLine
from portal.core.languages import tr
from portal.core.words import noted
from portal.ui import formats

SCOPE_WORDS = {Scope.READ: noted("Read"), Scope.MANAGE: noted("Read and manage")}


class KeyRow(TypedDict):
    """One key."""

    id: str
    name: str
    scope: str
    issued: str
    issued_utc: str
    last_used: str
    last_used_utc: str


def build_rows(lines: Iterable[KeyLine], now: datetime, zone: str) -> list[KeyRow]:
    """The keys as rows."""
    return [
        {
            "id": str(line.id),
            "name": line.name,
            "scope": tr(SCOPE_WORDS[line.scope]),
            "issued": formats.local_date(line.created_at, zone),
            "issued_utc": formats.utc_time(line.created_at),
            "last_used": formats.relative(line.last_used_at, now),
            "last_used_utc": formats.utc_time(line.last_used_at),
        }
        for line in lines
    ]
