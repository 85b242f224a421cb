"""Tariffs put among those that a Client has: whose they are, what they replace, and which days nobody prices."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from portal.core.tariffs.rules.tariff_problems import neighbour_problems
from portal.core.tariffs.rules.tariffs import Problem, Tariff


def assign_municipalities(
    tariffs: Mapping[int, Tariff], ids_by_name: Mapping[str, int], unread: Collection[str] = ()
) -> tuple[dict[int, Tariff], list[Problem]]:
    """Give each tariff of an array its municipality's id, by name where it names one.

    `unread` are the paths that have a problem already: nothing more is said of them.
    """
    known = set(ids_by_name.values())
    assigned: dict[int, Tariff] = {}
    found: list[Problem] = []
    for index, tariff in tariffs.items():
        wanted = tariff.municipality or tariff.municipality_id
        key = ids_by_name.get(tariff.municipality) if tariff.municipality else tariff.municipality_id
        path = f"[{index}].{'municipality' if tariff.municipality or wanted is None else 'municipalityId'}"
        if key in known:
            assigned[index] = replace(tariff, municipality_id=key)
        elif path not in unread:
            found.append(Problem(path, f"there is no municipality {wanted!r}"))
    return assigned, found


def stored_beside(assigned: Collection[Tariff], stored: Iterable[Tariff]) -> list[Tariff]:
    """Return the stored tariffs that stay: those of another id, and of another municipality, name or first day."""
    replaced = {stored_key(tariff) for tariff in assigned}
    ids = {tariff.id for tariff in assigned if tariff.id is not None}
    return [tariff for tariff in stored if tariff.id not in ids and stored_key(tariff) not in replaced]


def stored_key(tariff: Tariff) -> tuple[object, ...]:
    """Return what a Client has only one tariff of."""
    return tariff.municipality_id, tariff.name, tariff.effective_from


def competing_problems(
    assigned: Mapping[int, Tariff], stored: Iterable[Tariff], unread: Collection[str] = ()
) -> list[Problem]:
    """Return which tariffs of an array are there twice, or begin with another, among `stored` or in the array.

    Those whose start or state could not be read are left out.
    """
    sound = {
        index: tariff
        for index, tariff in assigned.items()
        if not {f"[{index}].effectiveFrom", f"[{index}].isActive", f"[{index}].name"} & set(unread)
    }
    first_of: dict[tuple[object, ...], int] = {}
    once: dict[int, Tariff] = {}
    found: list[Problem] = []
    for index, tariff in sound.items():
        first = first_of.setdefault(stored_key(tariff), index)
        if first == index:
            once[index] = tariff
        else:
            message = (
                f"tariff {tariff.name!r} from {tariff.effective_from} is given twice, here and in [{first}]"
            )
            found.append(Problem(f"[{index}].name", message))
    return [*found, *neighbour_problems(once, stored_beside(list(sound.values()), stored))]
