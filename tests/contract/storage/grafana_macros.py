"""A panel's question as Grafana's PostgreSQL datasource sends it: its variables and macros filled in.

The macros go by Grafana 11.6, `pkg/tsdb/grafana-postgresql-datasource/macros.go`, without its TimescaleDB option.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

_VARIABLE = re.compile(r"\$\{(\w+):sqlstring\}")
_MACRO = re.compile(r"\$(__\w+)\(([^)]*)\)")


@dataclass(frozen=True)
class Shown:
    """What a dashboard shows: its range, the step that Grafana chose for it, and what is chosen in its variables."""

    start: datetime
    end: datetime
    variables: Mapping[str, Sequence[str]]

    @property
    def interval(self) -> str:
        """The step, as for a panel of a thousand pixels."""
        return f"{max(1, round((self.end - self.start) / timedelta(seconds=1000)))}s"


def filled_in(sql: str, shown: Shown) -> str:
    """Return the SQL that the database gets. Fails on a variable or macro that is not known."""
    sql = _VARIABLE.sub(lambda found: ",".join(map(_quoted, shown.variables[found[1]])), sql)
    sql = sql.replace("$__interval", shown.interval)
    sql = _MACRO.sub(
        lambda found: _macro(found[1], [part.strip() for part in found[2].split(",")], shown), sql
    )
    assert "$" not in sql, f"something is not filled in: {sql}"
    return sql


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _macro(name: str, arguments: list[str], shown: Shown) -> str:
    match name, arguments:
        case "__timeFilter", [column]:
            return f"{column} BETWEEN '{_rfc3339(shown.start)}' AND '{_rfc3339(shown.end)}'"
        case "__unixEpochFrom", [""]:
            return str(int(shown.start.timestamp()))
        case "__unixEpochTo", [""]:
            return str(int(shown.end.timestamp()))
    message = f"no macro of the datasource: {name}{arguments}"
    raise AssertionError(message)


def _rfc3339(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
