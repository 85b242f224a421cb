"""What the judge says of a meter's registers, beside their hours, and what people decided about it.

Registers are numbered: 0 is imported active energy, the only one that is judged so far. Instants are those that
readings are stamped with, and values what the register showed, in milliwatt-hours. Read and changed as sets, so it is
tables alone.
"""

# Any: SQLAlchemy's types of columns and options of tables, which nothing here reads again.

from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Constraint,
    Date,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    Interval,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import SQLModel

from portal.core.database.columns import Instant


class _Owner(NamedTuple):
    """The schema of a run mode, and the key of a meter in it."""

    schema: str
    keys: tuple[str, ...]

    def columns(self) -> list[Column[Any]]:
        return [_required(name, Uuid) for name in self.keys]

    def reference(self) -> ForeignKeyConstraint:
        id_of = {"device_id": "id"}
        referred = [f"{self.schema}.devices.{id_of.get(name, name)}" for name in self.keys]
        on_update = "CASCADE" if len(self.keys) == 1 else None
        return ForeignKeyConstraint(list(self.keys), referred, ondelete="CASCADE", onupdate=on_update)

    def key(self, *more: str) -> PrimaryKeyConstraint:
        return PrimaryKeyConstraint(*self.keys, *more)


_OWNERS = (_Owner("monitoring", ("device_id",)), _Owner("fleet", ("customer_id", "device_id")))


def _required(name: str, kind: Any, **options: Any) -> Column[Any]:
    return Column(name, kind, nullable=False, **options)


def _table(owner: _Owner, name: str, about: str, *parts: Column[Any] | Constraint | Index) -> None:
    columns = owner.columns()
    Table(name, SQLModel.metadata, *columns, *parts, schema=owner.schema, info={"about": about})


def _register() -> Column[Any]:
    return _required("register", SmallInteger, server_default=text("0"))


def _heads(owner: _Owner) -> None:
    _table(
        owner,
        "meter_heads",
        "Where the judging of a meter's register ends: the last accepted reading, and by what it was judged.",
        _register(),
        Column("last_at", Instant),
        Column("last_milliwh", BigInteger),
        _required("is_firm", Boolean),
        Column("provisional_from", Instant),
        Column("learned_watts", Integer),
        Column("count_milliwh", BigInteger),
        Column("width_milliwh", BigInteger),
        Column("run_since", Instant),
        owner.key("register"),
        owner.reference(),
    )


def _suspects(owner: _Owner) -> None:
    _table(
        owner,
        "suspect_spans",
        "Readings that are suspect: all from the first to the last, by time and value. No accepted one lies between.",
        _register(),
        _required("first_at", Instant),
        _required("first_milliwh", BigInteger),
        _required("last_at", Instant),
        _required("last_milliwh", BigInteger),
        _required("readings", Integer),
        _required("reason", SmallInteger),
        owner.key("register", "first_at", "first_milliwh"),
        owner.reference(),
    )


def _links(owner: _Owner) -> None:
    _table(
        owner,
        "register_links",
        "What lies between two accepted readings where it is no plain difference.",
        _register(),
        _required("after_at", Instant),
        _required("before_at", Instant),
        _required("kind", SmallInteger),
        _required("closing_milliwh", BigInteger),
        _required("opening_milliwh", BigInteger),
        _required("milliwh", BigInteger),
        Column("switched_at", Instant),
        _required("milliwh_before", BigInteger, server_default=text("0")),
        owner.key("register", "after_at"),
        owner.reference(),
    )


def _rivals(owner: _Owner) -> None:
    _table(
        owner,
        "meter_rivals",
        "Lines of a register that were left and may come back: a late reading near one has all of it judged again.",
        _register(),
        _required("since", Instant),
        _required("until", Instant),
        _required("readings", SmallInteger),
        owner.key("register", "since", "until"),
        owner.reference(),
    )


def _events(owner: _Owner) -> None:
    _table(
        owner,
        "meter_events",
        "What seems to have happened to a meter, as the judge proposes it to a person.",
        _register(),
        _required("kind", SmallInteger),
        _required("at", Instant),
        _required("until", Instant),
        _required("readings", Integer),
        Column("closing_milliwh", BigInteger),
        Column("opening_milliwh", BigInteger),
        _required("milliwh", BigInteger),
        _required("reasons", ARRAY(SmallInteger)),
        Column("shift", Interval),
        Column("watts", Integer),
        _required("proposed_at", Instant, server_default=text("now()")),
        owner.key("register", "kind", "at"),
        owner.reference(),
    )


def _decisions(owner: _Owner) -> None:
    # At the Admin a decision may come before its device.
    key = [name for name in owner.keys if name != "device_id"]
    of_customer = ForeignKeyConstraint(["customer_id"], ["fleet.customers.id"], ondelete="CASCADE")
    arrived = [_required("received_at", Instant, server_default=text("now()"))] if key else []
    _table(
        owner,
        "meter_decisions",
        "What a person decided about a meter's readings. It is never changed: another decision undoes it.",
        _required("id", Uuid),
        _register(),
        Column("event_kind", SmallInteger),
        Column("event_at", Instant),
        Column("says", JSONB),
        Column("undoes", Uuid),
        _required("note", String(1000)),
        _required("author", String(254)),
        _required("decided_at", Instant),
        *arrived,
        PrimaryKeyConstraint(*key, "id"),
        of_customer if key else owner.reference(),
        Index(f"ix_{owner.schema}_meter_decisions_device", *owner.keys),
    )


def _restated(owner: _Owner) -> None:
    deltas = [f"{name}_delta" for name in ("allocated", "unallocated", "estimated")]
    _table(
        owner,
        "restated_days",
        "What changed in the hours of a UTC day after it was closed, in milliwatt-hours, and because of what.",
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        _required("day", Date),
        _required("restated_at", Instant, server_default=text("now()")),
        _required("cause", SmallInteger),
        Column("decision_id", Uuid),
        Column("event_kind", SmallInteger),
        Column("event_at", Instant),
        *(Column(name, ARRAY(BigInteger)) for name in deltas),
        owner.reference(),
        Index(f"ix_{owner.schema}_restated_days_device_day", *owner.keys, "day"),
    )


for _owner in _OWNERS:
    for _declare in (_heads, _suspects, _links, _rivals, _events, _decisions, _restated):
        _declare(_owner)
