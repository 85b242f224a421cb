"""Which meter a pushed device is: a board keeps its external id when its device is added again under another id."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID


class Named(NamedTuple):
    """A device by a Client's id, and what its board is called."""

    id: UUID
    external_id: str


@dataclass(frozen=True, slots=True)
class Known:
    """What the Admin has of a customer: ids of devices, the device of each alias, and that of each external id."""

    ids: Collection[UUID]
    aliases: Mapping[UUID, UUID]
    by_name: Mapping[str, UUID]


@dataclass(frozen=True, slots=True)
class Resolved:
    """The Admin's device of each pushed id, those of them that are aliases, and why an id is refused."""

    devices: dict[UUID, UUID] = field(default_factory=dict[UUID, UUID])
    renamed: dict[UUID, UUID] = field(default_factory=dict[UUID, UUID])
    problems: dict[UUID, str] = field(default_factory=dict[UUID, str])


def resolve(rows: Collection[Named], known: Known, is_gone: Callable[[UUID], bool]) -> Resolved:
    """Say which device each row of a batch is.

    A new id with the external id of a device that its Client has no more (`is_gone`) is that device, added again.
    While it is not sure that the Client lacks it (it may be renamed in a later batch), the row is refused, and is
    pushed again.
    """
    found = Resolved(devices={row.id: row.id for row in rows if row.id in known.ids})
    taken = set(found.devices)
    names = {row.id: row.external_id for row in rows}
    by_name = dict(known.by_name)
    for row in sorted(rows, key=lambda row: row.id not in known.aliases):
        if row.id in found.devices:
            continue
        device = known.aliases.get(row.id) or by_name.get(row.external_id, row.id)
        if row.id not in known.aliases and names.get(device, row.external_id) != row.external_id:
            device = row.id  # that one is called otherwise by now: this is another
        problem = _problem(row, device, taken, known, is_gone)
        if problem is not None:
            found.problems[row.id] = problem
            continue
        found.devices[row.id] = device
        taken |= {device, row.id}
        by_name.setdefault(row.external_id, device)
        if device != row.id:
            found.renamed[row.id] = device
    return found


def _problem(
    row: Named, device: UUID, taken: Collection[UUID], known: Known, is_gone: Callable[[UUID], bool]
) -> str | None:
    if device in taken:
        return f"id: {row.external_id!r} is device {device}, which this batch holds as well"
    if device == row.id or row.id in known.aliases or is_gone(device):
        return None
    return f"externalId: {row.external_id!r} is device {device}, which may still be there under another name"
