"""SQL for both run modes is worded by `Layout.sql`, and in no other way."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.dialects import dialects, shapes
from tests.architecture.source import Source, sources

_NOT_HELD = {
    "portal/core/database/layout.py",  # the one way
    "portal/core/tariffs/queries/tariffs.py",  # rows through tables, of which each mode has its own: no text
    "portal/core/readings/queries/ingest.py",  # each mode's way in, other statements but for staging
}


def _held() -> list[Source]:
    return [
        source
        for source in sources("portal/core")
        if ("/queries/" in source.path or "/database/" in source.path or source.name == "queries.py")
        and source.path not in _NOT_HELD
    ]


def test_the_run_mode_is_said_in_one_way() -> None:
    found = [line for source in _held() for line in dialects(source)]
    assert found == [], "word it with Layout.sql, see docs/decisions/0022"


def test_no_statement_is_written_once_for_each_mode() -> None:
    """What differs by schema and customer alone is one statement."""
    seen: dict[str, str] = {}
    twice = [
        f"{source.path}: {' '.join(text.split())}"
        for source in _held()
        for shape, text in shapes(source).items()
        if seen.setdefault(shape, text) != text
    ]
    assert twice == []


# Each of these was in the product once.
_OLD = {
    "methods that word the keys": """
        rows = f"SELECT {layout.key_list('e')} FROM x e JOIN y w ON {layout.matches('e', 'w')}"
    """,
    "a property for a table": """
        rows = f"SELECT EXISTS (SELECT 1 FROM {layout.measurements})"
    """,
    "a schema in an f-string": """
        rows = f"DELETE FROM {schema}.energy_proofs WHERE id < 5"
    """,
    "a statement that is formatted": """
        _HOURS = "SELECT 1 FROM {schema}.hourly_energy h WHERE {of_customer} h.hour >= :first_hour"
        rows = _HOURS.format(**names_of(scope))
    """,
    "a condition that is empty in one mode": """
        names = {"of_customer": "h.customer_id = :customer_id AND" if fleet else ""}
    """,
    "a condition within the text": """
        rows = f"SELECT 1 FROM x d WHERE d.id = :id {'AND d.customer_id = :customer_id' if fleet else ''}"
    """,
    "a parameter of one mode": """
        given = {"device_id": device_id} | ({"customer_id": customer_id} if fleet else {})
    """,
    "key columns joined by hand": """
        arrays = ", ".join(f"CAST(:{key} AS uuid[])" for key in layout.keys)
    """,
    "the device's own name for its key": """
        keys = ", ".join("id" if key == "device_id" else key for key in columns)
    """,
    "two texts side by side": """
        if customer_id is None:
            statement = "SELECT m.time_zone_id FROM app.municipalities m JOIN monitoring.sites s ON true"
        else:
            statement = "SELECT m.time_zone_id FROM fleet.municipalities m JOIN fleet.sites s ON true"
    """,
    "a class of its own for the tables": """
        CLIENT = TariffTables("app", "app.municipalities", "true")
        FLEET = TariffTables("fleet", "fleet.municipalities", "customer_id = CAST(:customer_id AS uuid)")
    """,
    "a schema told from a customer": """
        schema = "monitoring" if self.customer_id is None else "fleet"
    """,
    "a customer that is NULL": """
        rows = "SELECT 1 FROM fleet.sites WHERE CAST(:customer_id AS uuid) IS NULL OR customer_id = :customer_id"
    """,
    "a customer that falls away": """
        def _of(customer_id):
            return "" if customer_id is None else "AND customer_id = :customer_id"
    """,
}


@pytest.mark.parametrize("old", _OLD.values(), ids=_OLD)
def test_each_way_that_was_is_found(old: str) -> None:
    text = "if True:\n" + old
    assert dialects(Source("portal/core/x/queries/y.py", text, ast.parse(text))) != []


def test_the_one_way_is_none_of_them() -> None:
    text = '''
_DAYS = """
SELECT {e.customer_id,} e.device_id, e.day, {figures} FROM {daily_energy} e
WHERE {e.customer_id = :customer_id AND} e.device_id = :device_id
"""
rows = text(layout.sql(_DAYS, figures="1")), layout.given(key)
'''
    assert dialects(Source("portal/core/x/queries/y.py", text, ast.parse(text))) == []


def test_a_statement_for_each_mode_in_modules_of_their_own_is_found() -> None:
    of_client = (
        "SELECT time, source FROM monitoring.power_measurements m WHERE m.device_id = :id ORDER BY m.time"
    )
    of_admin = (
        "SELECT time, source FROM fleet.power_measurements m "
        "WHERE m.customer_id = :customer_id AND m.device_id = :id ORDER BY m.time"
    )
    found = [
        shapes(Source("x.py", f'x = "{text}"', ast.parse(f'x = "{text}"'))) for text in (of_client, of_admin)
    ]
    assert found[0].keys() == found[1].keys() != set()
