"""What is read or changed row by row goes through the tables, and is typed; SQL text is for sets, in these modules."""

from __future__ import annotations

import ast
import re

from tests.architecture.source import Source, sources

_SQL = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM)\s")
# Many rows at once (all of energy is): readings, cost, whole sets of a Client, counts over a fleet.
OF_SETS = {
    "buckets",
    "checksums",
    "contents",
    "cost",
    "cost_report",
    "coverage",
    "customer_changes",
    "customer_export",
    "customer_list",
    "customers",
    "data_quality",
    "energy_hours",
    "erasure",
    "explain",
    "few_readings",
    "figures",
    "fleet_batches",
    "fleet_charts",
    "fleet_costs",
    "fleet_debt",
    "fleet_devices",
    "fleet_energy",
    "fleet_push",
    "fleet_recovery",
    "fleet_samples",
    "fleet_views",
    "held_readings",
    "ingest",
    "local_midnights",
    "measurements",
    "meter_events",
    "months",
    "meters",
    "narrow_merge",
    "nearest",
    "observed",
    "present",
    "push",
    "push_conflicts",
    "push_dead_letters",
    "push_history",
    "push_recovery",
    "push_verify",
    "reading_sources",
    "readings_in_order",
    "readings_view",
    "registers",
    "restated_devices",
    "scope_meters",
    "split_sums",
    "upgrades",
    "wide_moves",
    "wide_progress",
    "wide_rows",
    "writing",
}


def _has_sql(source: Source) -> bool:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    words = {
        ast.get_docstring(node, clean=False) for node in ast.walk(source.tree) if isinstance(node, documented)
    }
    return any(
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value not in words
        and _SQL.search(node.value) is not None
        for node in ast.walk(source.tree)
    )


def _is_of_queries(source: Source) -> bool:
    is_of_energy = source.path.startswith("portal/core/energy/")
    return not is_of_energy and ("/queries/" in source.path or source.name == "queries.py")


def _named(source: Source) -> str:
    stem = source.name.removesuffix(".py")
    return source.path.split("/")[-2] if stem == "queries" else stem


def test_sql_text_is_for_sets() -> None:
    found = {
        _named(source) for source in sources("portal/core") if _is_of_queries(source) and _has_sql(source)
    }
    assert sorted(found - OF_SETS) == [], "ask through the tables, with typed rows"
    assert sorted(OF_SETS - found) == [], "these have no SQL text any more: take them off the list"
