"""Replaces what is stored of a judgement beside its hours: suspects, steps, rivals, events, and where it ends."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from portal.core.energy.rules.event_codes import code_of_kind, code_of_reason
from portal.core.energy.rules.judging import LinkKind, ProposalKind, is_firm, outline_of, proposals_of
from portal.core.energy.rules.stored_words import LINK_KINDS
from portal.core.values.time import instant_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from portal.core.database.layout import Layout, MeterKey
    from portal.core.energy.queries.energy_rows import Reach
    from portal.core.energy.rules.judging import Judgement, Link, SuspectSpan


class _Kept(NamedTuple):
    """A table of what is found at instants: its columns with their types, those of the key first.

    A row belongs to the stretch that its first column lies in. `only` leaves out what no stretch decides.
    """

    table: str
    columns: tuple[tuple[str, str], ...]
    key_width: int
    at: str
    only: str = "true"

    @property
    def names(self) -> str:
        return ", ".join(name for name, _ in self.columns)

    @property
    def arrays(self) -> str:
        # Of arrays there are no ragged arrays: they come as texts.
        kinds = ((name, "text" if kind.endswith("[]") else kind) for name, kind in self.columns)
        return ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in kinds)

    def values(self, row: str) -> str:
        return ", ".join(f"CAST({row}.{name} AS {kind})" for name, kind in self.columns)

    @property
    def is_same(self) -> str:
        key = [f"n.{name} = t.{name}" for name, _ in self.columns[: self.key_width]]
        rest = [
            f"CAST(n.{name} AS {kind}) IS NOT DISTINCT FROM t.{name}"
            for name, kind in self.columns[self.key_width :]
        ]
        return " AND ".join([*key, *rest])


# What no stretch of readings decides: the bound, and whether it is a register at all.
_OF_ALL_READINGS = (ProposalKind.LEARNED_BOUND, ProposalKind.NO_REGISTER)
_SUSPECTS = _Kept(
    "suspect_spans",
    (
        ("first_at", "timestamptz"),
        ("first_milliwh", "bigint"),
        ("last_at", "timestamptz"),
        ("last_milliwh", "bigint"),
        ("readings", "integer"),
        ("reason", "smallint"),
    ),
    2,
    "first_at",
)
_LINKS = _Kept(
    "register_links",
    (
        ("after_at", "timestamptz"),
        ("before_at", "timestamptz"),
        ("kind", "smallint"),
        ("closing_milliwh", "bigint"),
        ("opening_milliwh", "bigint"),
        ("milliwh", "bigint"),
        ("switched_at", "timestamptz"),
        ("milliwh_before", "bigint"),
    ),
    1,
    "after_at",
)
_RIVALS = _Kept(
    "meter_rivals", (("since", "timestamptz"), ("until", "timestamptz"), ("readings", "smallint")), 3, "since"
)
_EVENTS = _Kept(
    "meter_events",
    (
        ("kind", "smallint"),
        ("at", "timestamptz"),
        ("until", "timestamptz"),
        ("readings", "integer"),
        ("closing_milliwh", "bigint"),
        ("opening_milliwh", "bigint"),
        ("milliwh", "bigint"),
        ("reasons", "smallint[]"),
        ("shift", "interval"),
        ("watts", "integer"),
    ),
    2,
    "at",
    f"(t.kind NOT IN ({', '.join(str(code_of_kind(kind)) for kind in _OF_ALL_READINGS)}) "
    f"OR t.kind = {code_of_kind(ProposalKind.NO_REGISTER)} AND r.after IS NULL AND r.before IS NULL)",
)
_DELETE = """
DELETE FROM {table} t
USING unnest(
    {CAST(:customers AS uuid[]),} CAST(:devices AS uuid[]),
    CAST(:after AS timestamptz[]), CAST(:before AS timestamptz[])
) AS r ({customer_id,} device_id, after, before)
WHERE {t.customer_id = r.customer_id AND} t.device_id = r.device_id AND t.register = 0 AND {only}
  AND t.{at} > coalesce(r.after, '-infinity') AND t.{at} <= coalesce(r.before, 'infinity')
  AND NOT EXISTS (
    SELECT FROM unnest({CAST(:row_customers AS uuid[]),} CAST(:row_devices AS uuid[]), {arrays})
        AS n ({customer_id,} device_id, {names})
    WHERE {n.customer_id = t.customer_id AND} n.device_id = t.device_id AND {is_same}
  )
"""
_INSERT = """
INSERT INTO {table} ({customer_id,} device_id, {names})
SELECT {n.customer_id,} n.device_id, {values}
FROM unnest({CAST(:row_customers AS uuid[]),} CAST(:row_devices AS uuid[]), {arrays})
    AS n ({customer_id,} device_id, {names})
ON CONFLICT {on_conflict}
"""
# An event is the same for as long as it is proposed, however it changes meanwhile.
_KEEP = "DO NOTHING"
_CHANGE = "({customer_id,} device_id, register, kind, at) DO UPDATE SET {changes}"
# What is not judged from an anchor, and comes to none, leaves as provisional what was.
_STORE_HEADS = """
INSERT INTO {meter_heads} AS h (
    {customer_id,} device_id, last_at, last_milliwh, is_firm, provisional_from, run_since
)
SELECT {n.customer_id,} n.device_id, n.last_at, n.last_milliwh, n.is_firm,
       CASE WHEN n.is_kept THEN o.provisional_from ELSE n.provisional_from END, n.run_since
FROM unnest(
    {CAST(:customers AS uuid[]),} CAST(:devices AS uuid[]), CAST(:last_at AS timestamptz[]),
    CAST(:last_milliwh AS bigint[]), CAST(:is_firm AS boolean[]), CAST(:provisional_from AS timestamptz[]),
    CAST(:is_kept AS boolean[]), CAST(:run_since AS timestamptz[])
) AS n ({customer_id,} device_id, last_at, last_milliwh, is_firm, provisional_from, is_kept, run_since)
LEFT JOIN {meter_heads} o ON {o.customer_id = n.customer_id AND} o.device_id = n.device_id AND o.register = 0
ON CONFLICT ({customer_id,} device_id, register) DO UPDATE SET
    last_at = excluded.last_at, last_milliwh = excluded.last_milliwh, is_firm = excluded.is_firm,
    provisional_from = excluded.provisional_from, run_since = excluded.run_since
"""
_Row = tuple[object, ...]


async def replace_judged(session: AsyncSession, layout: Layout, reaches: Sequence[Reach]) -> None:
    """Store what the judgements say in their reaches, in place of what was there."""
    if not reaches:
        return
    await _replace(
        session, layout, _SUSPECTS, reaches, [list(_suspects(reach.judgement)) for reach in reaches]
    )
    await _replace(session, layout, _LINKS, reaches, [list(_links(reach.judgement)) for reach in reaches])
    await _replace(session, layout, _RIVALS, reaches, [list(_rivals(reach.judgement)) for reach in reaches])
    await _replace(session, layout, _EVENTS, reaches, [list(_events(reach)) for reach in reaches])
    await _store_heads(session, layout, [reach for reach in reaches if reach.until is None])


async def _replace(
    session: AsyncSession, layout: Layout, kept: _Kept, reaches: Sequence[Reach], found: Sequence[list[_Row]]
) -> None:
    position = [name for name, _ in kept.columns].index(kept.at)
    rows = [
        (reach.key, row)
        for reach, its_rows in zip(reaches, found, strict=True)
        for row in its_rows
        if _lies_in(reach, row[position])
    ]
    given = _arrays_of(layout, kept, rows)
    ranges: dict[str, object] = {
        **layout.arrays(reach.key for reach in reaches),
        "after": [reach.after for reach in reaches],
        "before": [reach.until for reach in reaches],
    }
    parts = {
        "table": layout.table(kept.table),
        "at": kept.at,
        "only": kept.only,
        "names": kept.names,
        "arrays": kept.arrays,
    }
    await session.execute(text(layout.sql(_DELETE, is_same=kept.is_same, **parts)), given | ranges)
    if rows:
        del parts["at"], parts["only"]
        conflict = layout.sql(_CHANGE, changes=_changes(kept)) if kept is _EVENTS else _KEEP
        statement = layout.sql(_INSERT, values=kept.values("n"), on_conflict=conflict, **parts)
        await session.execute(text(statement), given)


def _changes(kept: _Kept) -> str:
    return ", ".join(f"{name} = excluded.{name}" for name, _ in kept.columns[kept.key_width :])


def _arrays_of(layout: Layout, kept: _Kept, rows: Sequence[tuple[MeterKey, _Row]]) -> dict[str, object]:
    keys = layout.arrays(key for key, _ in rows)
    given: dict[str, object] = {f"row_{name}": values for name, values in keys.items()}
    for index, (name, _) in enumerate(kept.columns):
        given[name] = [row[index] for _, row in rows]
    return given


def _lies_in(reach: Reach, at: object) -> bool:
    after, until = reach.after, reach.until
    if not isinstance(at, datetime):
        message = f"a row lies at an instant, not at {at!r}"
        raise TypeError(message)
    return (after is None or at > after) and (until is None or at <= until)


def _suspects(judgement: Judgement) -> Iterator[_Row]:
    for span in judgement.suspects:
        yield (*_ends(judgement, span), span.last - span.first + 1, code_of_reason(span.reason))


def _ends(judgement: Judgement, span: SuspectSpan) -> Iterator[object]:
    for i in (span.first, span.last):
        yield instant_of(judgement.times[i])
        yield judgement.shown[i]


def _links(judgement: Judgement) -> Iterator[_Row]:
    for link in judgement.links:
        if link.kind is not LinkKind.RISE:
            yield _link(judgement, link)


def _link(judgement: Judgement, link: Link) -> _Row:
    return (
        instant_of(judgement.times[link.after]),
        instant_of(judgement.times[link.before]),
        LINK_KINDS.number(link.kind),
        judgement.shown[link.before],
        judgement.shown[link.after],
        link.milliwh,
        None if link.switched_at is None else instant_of(link.switched_at),
        link.milliwh_before,
    )


def _rivals(judgement: Judgement) -> Iterator[_Row]:
    for rival in outline_of(judgement).rivals:
        yield instant_of(rival.since), instant_of(rival.until), rival.readings


def _events(reach: Reach) -> Iterator[_Row]:
    is_all = reach.after is None and reach.until is None
    for each in proposals_of(reach.judgement):
        if each.kind in _OF_ALL_READINGS and not is_all:
            continue
        reasons = ",".join(str(code_of_reason(reason)) for reason in each.reasons)
        yield (
            code_of_kind(each.kind),
            instant_of(each.at),
            instant_of(each.until),
            each.readings,
            each.closing_milliwh,
            each.opening_milliwh,
            each.milliwh,
            "{" + reasons + "}",
            None if each.shift is None else timedelta(microseconds=each.shift),
            each.watts,
        )


async def _store_heads(session: AsyncSession, layout: Layout, reaches: Iterable[Reach]) -> None:
    ended = list(reaches)
    if not ended:
        return
    given: dict[str, object] = {**layout.arrays(reach.key for reach in ended)}
    heads = [_head(reach) for reach in ended]
    for index, name in enumerate(_Head._fields):
        given[name] = [head[index] for head in heads]
    await session.execute(text(layout.sql(_STORE_HEADS)), given)


class _Head(NamedTuple):
    last_at: datetime | None
    last_milliwh: int | None
    is_firm: bool
    provisional_from: datetime | None
    is_kept: bool
    run_since: datetime | None


def _head(reach: Reach) -> _Head:
    judgement = reach.judgement
    provisional = outline_of(judgement).provisional_from
    since = reach.after if provisional is None else instant_of(provisional)
    is_kept = provisional is None and not reach.is_anchored
    if not judgement.spans:
        return _Head(None, None, False, since, is_kept, None)
    last = judgement.spans[-1].last
    last_at, shown = instant_of(judgement.times[last]), judgement.shown[last]
    return _Head(last_at, shown, is_firm(judgement), since, is_kept, reach.run_since)
