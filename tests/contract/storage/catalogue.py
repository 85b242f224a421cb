"""What a database consists of, by its own catalogue, and how that differs from the declared tables."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, Table, text

# Weeks of readings on plain PostgreSQL. Chunks, and what the extension keeps for itself, are in schemas of its own.
_PARTITIONS = "SELECT relname FROM pg_class WHERE relispartition"
_OF_THE_EXTENSION = ("_timescaledb_", "timescaledb_")


def differences(connection: Connection, declared: MetaData) -> list[Any]:
    """What Alembic would change, were it asked to make the database what the tables declare."""
    partitions = set(connection.scalars(text(_PARTITIONS)))

    def is_no_partition(what: Any, name: str | None, kind: str, *_: object) -> bool:
        table: Table | None = what if kind == "table" else what.table
        return table is None or table.name not in partitions

    def is_no_chunk(name: str | None, kind: str, *_: object) -> bool:
        return kind != "schema" or not str(name).startswith(_OF_THE_EXTENSION)

    connection.execute(text(_NO_COUNTING))
    context = MigrationContext.configure(
        connection,
        opts={
            "include_schemas": True,
            "include_name": is_no_chunk,
            "include_object": is_no_partition,
            "compare_type": True,
            "compare_server_default": True,
            "version_table_schema": "app",
        },
    )
    return compare_metadata(context, declared)


def in_words(difference: Any) -> str:
    """What a difference is about: its kind, and where it is."""
    if isinstance(difference, list):
        return " and ".join(map(in_words, difference))
    kind, *about = difference
    if kind.startswith("modify"):
        return f"{kind} {'.'.join(about[:3])}"
    if kind in ("add_column", "remove_column"):
        return f"{kind} {about[0]}.{about[1]}.{about[2].name}"
    what = about[0]
    if kind.endswith("index"):
        return f"{kind} {what.name}"
    return f"{kind} {what.fullname if isinstance(what, Table) else what.table.fullname}"


# Defaults are compared by their values, and this one is another each time it is asked. Rolled back with the rest.
_NO_COUNTING = """
DO $do$ BEGIN IF to_regprocedure('app.unused_number(regclass)') IS NOT NULL THEN
CREATE OR REPLACE FUNCTION app.unused_number(numbers regclass) RETURNS integer LANGUAGE sql AS 'SELECT 1';
END IF; END $do$
"""
_RELATIONS = """
SELECT c.oid, c.oid::regclass::text AS name, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('app', 'monitoring', 'fleet') AND NOT c.relispartition
AND c.oid IS DISTINCT FROM to_regclass('app.alembic_version')
"""
_COLUMNS = f"""
SELECT t.name || '.' || a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity::text,
    pg_get_expr(d.adbin, d.adrelid)
FROM ({_RELATIONS}) t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum
WHERE t.relkind IN ('r', 'p') ORDER BY 1
"""
# Newer servers keep what a column must not be as constraints of their own ('n'); the columns say that already.
_CONSTRAINTS = f"""
SELECT t.name, k.conname, k.contype::text, pg_get_constraintdef(k.oid)
FROM ({_RELATIONS}) t JOIN pg_constraint k ON k.conrelid = t.oid WHERE k.contype <> 'n' ORDER BY 1, 2
"""
_INDEXES = f"""
SELECT t.name, replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ')
FROM ({_RELATIONS}) t JOIN pg_index i ON i.indrelid = t.oid ORDER BY 1, 2
"""
_VIEWS = f"""
SELECT t.name, (SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum)
    FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attnum > 0)
FROM ({_RELATIONS}) t WHERE t.relkind IN ('v', 'm') ORDER BY 1
"""
_FUNCTIONS = """
SELECT p.oid::regprocedure::text, pg_get_function_result(p.oid)
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname IN ('app', 'monitoring', 'fleet') ORDER BY 1
"""
_TRIGGERS = f"""
SELECT pg_get_triggerdef(g.oid) FROM ({_RELATIONS}) t JOIN pg_trigger g ON g.tgrelid = t.oid
WHERE NOT g.tgisinternal AND t.relkind IN ('r', 'p') ORDER BY 1
"""


def of_tables(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Every column, constraint and index, as the server words it."""
    asked = {"columns": _COLUMNS, "constraints": _CONSTRAINTS, "indexes": _INDEXES}
    return {what: _rows(connection, statement) for what, statement in asked.items()}


def beside_tables(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Views with their columns, functions and triggers."""
    asked = {"views": _VIEWS, "functions": _FUNCTIONS, "triggers": _TRIGGERS}
    return {what: _rows(connection, statement) for what, statement in asked.items()}


def _rows(connection: Connection, statement: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.execute(text(statement))]


_BEFORE_TABLES = (
    "CREATE SCHEMA app",
    "CREATE SCHEMA monitoring",
    "CREATE SCHEMA fleet",
    # What a default names has to be there, not to do anything.
    "CREATE FUNCTION app.unused_number(regclass) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "CREATE SEQUENCE app.municipality_numbers",
    "CREATE SEQUENCE app.tariff_numbers",
)


def build(connection: Connection, declared: MetaData) -> None:
    """Make the declared tables in an empty database."""
    for statement in _BEFORE_TABLES:
        connection.execute(text(statement))
    declared.create_all(connection)
