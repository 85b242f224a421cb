"""What keeps the figures and the energy of readings up to date. Read and changed as sets, so it is tables alone.

Each says what it is for in `info["about"]`, and those of one storage engine bear its name: `info["storage"]`.
"""

# Any: SQLAlchemy's types of columns and options of tables, which nothing here reads again.

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    Constraint,
    Double,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import SQLModel

from portal.core.database.columns import Instant
from portal.core.database.hour_columns import KEPT

_PLAIN, _TIMESCALE = {"storage": "plain"}, {"storage": "timescale"}
_CLIENT, _ADMIN = ("monitoring", ("device_id",)), ("fleet", ("customer_id", "device_id"))


def _table(schema: str, name: str, about: str, *parts: Column[Any] | Constraint | Index, **info: str) -> None:
    Table(name, SQLModel.metadata, *parts, schema=schema, info={"about": about, **info})


def _required(name: str, kind: Any, **options: Any) -> Column[Any]:
    return Column(name, kind, nullable=False, **options)


def _number() -> Column[int]:
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


def _keys(names: tuple[str, ...], **options: Any) -> list[Column[Any]]:
    return [_required(name, Uuid, **options) for name in names]


def _kept() -> list[Column[Any]]:
    kinds = {"int8": BigInteger, "int4": Integer}
    return [Column(each.name, kinds[each.type_name], nullable=each.name != "sample_count") for each in KEPT]


def _figures() -> list[Column[Any]]:
    power = [Column(f"{kind}_active_power_kw", Double) for kind in ("avg", "max", "min")]
    return [*power, _required("sample_count", BigInteger), Column("kwh_delta", Double)]


def _queue(schema: str, keys: tuple[str, ...]) -> None:
    """Declare what waits to be recomputed, who recomputes it, by which rule, and what the daily proofs found."""
    _table(
        schema,
        "rollup_batches",
        "Hours in which readings were stored and whose figures are still of before: a row of arrays for each batch.",
        _required("customer", Integer),
        _required("meters", ARRAY(Integer)),
        _required("hours", ARRAY(Instant)),
        _required("firsts", ARRAY(Instant)),
        _required("queued_at", Instant, server_default=text("now()")),
    )
    asked_at = _required("asked_at", Instant, server_default=text("now()"))
    about = "A device whose energy is computed again from its readings, and from which hour on that is left."
    hour = Column("from_hour", Instant)
    _table(schema, "recompute_passes", about, _number(), *_keys(keys), hour, asked_at)
    _table(schema, "refresh_lock", "Always empty: its lock is held by the one refresh that runs.")
    about = "One row: the rule that stored energy was computed by."
    _table(schema, "energy_rule", about, _required("max_gap_minutes", Integer))
    _table(
        schema,
        "energy_proofs",
        "What a daily comparison of stored energy with the registers found.",
        _number(),
        _required("checked_at", Instant),
        _required("meter_count", Integer),
        _required("day_count", Integer),
        _required("differences", JSONB),
        Column("customers", JSONB),
    )


def _plain(schema: str) -> None:
    """Declare the hours that plain PostgreSQL stores."""
    _table(
        schema,
        "hourly_rollup",
        "What is kept of an hour (UTC) of a meter, in whole steps, as last brought up to date.",
        *(_required(name, Instant) for name in ("hour", "last_at")),
        *(_required(name, Integer) for name in ("customer", "meter")),
        *_kept(),
        PrimaryKeyConstraint("customer", "meter", "hour"),
        Index(f"ix_{schema}_hourly_rollup_hour", "customer", "hour"),
        **_PLAIN,
    )


def _timescale(schema: str, keys: tuple[str, ...]) -> None:
    """Declare the hours whose continuous aggregates wait to be refreshed."""
    spans = [_required(name, Instant) for name in ("from_hour", "to_hour")]
    about = "Spans of hours whose continuous aggregates wait to be refreshed."
    _table(schema, "rollup_windows", about, _number(), *spans, **_TIMESCALE)
    hours = (_required("device_ids", ARRAY(Uuid)), _required("hours", ARRAY(Instant)))
    about = "Hours of devices that were taken from the queue and that no continuous aggregate shows as they are yet."
    _table(schema, "late_hours", about, _number(), *_keys(keys[:-1]), *hours, **_TIMESCALE)


for _schema, _key_names in (_CLIENT, _ADMIN):
    _queue(_schema, _key_names)
    _plain(_schema)
    _timescale(_schema, _key_names)
_table(
    "fleet",
    "daily_rollup",
    "Figures of a UTC day of a customer, as last brought up to date.",
    *_keys(("customer_id",), primary_key=True),
    _required("day", Instant, primary_key=True),
    _required("device_count", BigInteger),
    *_figures(),
    **_PLAIN,
)
