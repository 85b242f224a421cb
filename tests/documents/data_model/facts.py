"""What the declared tables say of themselves."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)
from sqlalchemy.dialects import postgresql
from sqlmodel import SQLModel

from portal.core.schema import tables_of
from portal.core.settings import RunMode

_DIALECT = postgresql.dialect()
_SHORT = {"timestamp with time zone": "timestamptz", "float": "double precision"}
_ENGINES = {"plain": "plain PostgreSQL only", "timescale": "TimescaleDB only"}
# What a column's name says of its unit; the longest ending that fits wins.
_UNITS = {
    "_kw": "kW",
    "_kvar": "kvar",
    "_kva": "kVA",
    "_v": "V",
    "_hz": "Hz",
    "_kwh": "kWh",
    "kwh_delta": "kWh",
    "_milliwh": "mWh",
    "_minutes": "minutes",
    "_seconds": "seconds",
    "_bytes": "bytes",
    "rate_per_kwh": "money per kWh, without VAT",
    "_charge": "money a month, without VAT",
    "vat_rate": "share: 0.15 is 15 %",
}
_TIMES = {"timestamptz": "instant, UTC", "timestamptz[]": "instants, UTC", "time": "local time"}


@dataclass(frozen=True)
class ColumnFacts:
    """A column; `marks` are key, references and default in words."""

    name: str
    type: str
    unit: str
    is_key: bool
    is_optional: bool
    marks: tuple[str, ...]


@dataclass(frozen=True)
class Reference:
    """Columns that name a row of another table; `is_required`: there is always one."""

    columns: tuple[str, ...]
    target: str
    is_required: bool


@dataclass(frozen=True)
class TableFacts:
    """A table with its schema in its name; `modes` are the stacks that have it, `engine` the only one if any."""

    name: str
    modes: tuple[str, ...]
    engine: str
    about: str
    columns: tuple[ColumnFacts, ...]
    references: tuple[Reference, ...] = ()
    rules: tuple[str, ...] = field(default=())


@cache
def all_tables() -> dict[str, TableFacts]:
    """Every table of the product by its name."""
    modes: dict[str, list[str]] = {}
    for mode in RunMode:
        named = {name for engine in _ENGINES for name in tables_of(mode, engine).tables}
        for name in named:
            modes.setdefault(name, []).append(mode.value)
    return {
        name: _facts(table, tuple(modes[name])) for name, table in sorted(SQLModel.metadata.tables.items())
    }


def _facts(table: Table, modes: tuple[str, ...]) -> TableFacts:
    references = tuple(
        _reference(each) for each in _ordered(table.constraints) if isinstance(each, ForeignKeyConstraint)
    )
    columns = [_column(each, references) for each in table.columns]
    return TableFacts(
        name=table.fullname,
        modes=modes,
        engine=_ENGINES.get(table.info.get("storage", ""), ""),
        about=_about(table),
        columns=tuple(sorted(columns, key=lambda column: not column.is_key)),
        references=references,
        rules=tuple(_rules(table)),
    )


def _about(table: Table) -> str:
    """The docstring of the class that is the table, or what a table without one says for itself."""
    classes = {each.local_table: each.class_ for each in SQLModel._sa_registry.mappers}
    said = classes[table].__doc__ if table in classes else table.info.get("about")
    assert said, f"{table.fullname} does not say what it is for"
    return " ".join(said.split())


def _reference(constraint: ForeignKeyConstraint) -> Reference:
    return Reference(
        tuple(constraint.column_keys),
        constraint.elements[0].target_fullname.rpartition(".")[0],
        not any(column.nullable for column in constraint.columns),
    )


def _ordered(constraints: Iterable[object]) -> list[object]:
    """Constraints come as a set: by kind, columns and words."""
    return sorted(constraints, key=lambda each: (type(each).__name__, _columns(each), _words(each)))


def _columns(constraint: object) -> list[str]:
    return [column.name for column in getattr(constraint, "columns", ())]


def _words(constraint: object) -> str:
    return str(getattr(constraint, "sqltext", ""))


def _column(column: Column[object], references: tuple[Reference, ...]) -> ColumnFacts:
    kind = column.type.compile(dialect=_DIALECT).lower()
    for long, short in _SHORT.items():
        kind = kind.replace(long, short)
    own = [each for each in references if column.name in each.columns]
    is_single = len(own) == 1 and own[0].columns == (column.name,)
    marks = ["key"] if column.primary_key else []
    marks += [f"→ `{own[0].target}`"] if is_single else []
    marks += ["unique"] if column.unique else []
    marks += ["may be missing"] if column.nullable else []
    marks += [_default(column)] if column.identity is not None or column.server_default is not None else []
    return ColumnFacts(
        column.name,
        kind,
        _unit(column.name, kind),
        column.primary_key,
        bool(column.nullable),
        tuple(marks),
    )


def _default(column: Column[object]) -> str:
    if column.identity is not None:
        return "counted up"
    return f"default `{getattr(column.server_default, 'arg', '')}`"


def _unit(name: str, kind: str) -> str:
    if kind == "date":
        return "UTC day" if name == "day" else "local date"
    if kind in _TIMES:
        return _TIMES[kind]
    fitting = [ending for ending in _UNITS if name.endswith(ending)]
    return _UNITS[max(fitting, key=len)] if fitting else ""


def _rules(table: Table) -> list[str]:
    said = []
    for each in _ordered(table.constraints):
        if isinstance(each, ForeignKeyConstraint) and len(each.column_keys) > 1:
            said.append(
                f"({', '.join(each.column_keys)}) → `{each.elements[0].target_fullname.rpartition('.')[0]}`"
            )
        elif isinstance(each, UniqueConstraint) and not isinstance(each, PrimaryKeyConstraint):
            names = [column.name for column in each.columns]
            said += [f"({', '.join(names)}) unique"] if len(names) > 1 else []
        elif isinstance(each, CheckConstraint):
            said.append(f"`{each.sqltext}`")
    return said
