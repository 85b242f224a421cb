"""Billing-grade energy per UTC hour: the fold of `meter`, gathered into the hours that are stored and billed."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from portal.core.energy.rules.meter import MeterState, Piece, PieceKind, Rules, Step, fold, split_by_hour
from portal.core.energy.rules.registers import Reading
from portal.core.values.time import floor_hour

# Callers need one import for the whole subject.
__all__ = [
    "Folding",
    "HourEnergy",
    "HourFold",
    "MeterState",
    "Piece",
    "PieceKind",
    "Rules",
    "Step",
    "first_changed_hour",
    "fold",
    "hourly_energy",
    "split_by_hour",
]


@dataclass(frozen=True, slots=True)
class HourEnergy:
    """One device's energy in the UTC hour that starts at `hour`, in milliwatt-hours.

    `allocated_milliwh` is billed. `unallocated_milliwh` is the energy of the gaps that *end* in this hour;
    `estimated_milliwh` is this hour's share of gaps' energy spread evenly over them, and stands in for
    `unallocated_milliwh` when estimates are asked for: over any window that holds a gap whole, the two sums are equal.
    `suspect_count` includes candidates that no later reading has decided yet. `state` is the meter's state after the
    hour's last reading, None where the hour has no reading.
    """

    hour: datetime
    allocated_milliwh: int = 0
    unallocated_milliwh: int = 0
    estimated_milliwh: int = 0
    suspect_count: int = 0
    reset_count: int = 0
    exchange_count: int = 0
    state: MeterState | None = None


@dataclass(frozen=True, slots=True)
class HourFold:
    """The hours that a run of readings touched, ascending, and the state it ended in."""

    hours: Mapping[datetime, HourEnergy]
    end_state: MeterState


def hourly_energy(state: MeterState, readings: Iterable[Reading], rules: Rules) -> HourFold:
    """Fold one device's readings (strictly ascending in time) into hours, starting from a state.

    Energy is carried back into the hour of the state's base, so an hour *before the first reading* comes out as this
    run's contribution only. To recompute stored hours, start where `first_changed_hour` says.
    Raises ValueError for readings that do not ascend.
    """
    folding = Folding(state, rules)
    folding.take(readings)
    return folding.result()


def first_changed_hour(state: MeterState) -> datetime | None:
    """Return the first hour whose figures readings later than `state` can change, or None before any reading.

    It is the base's hour: energy up to the base is final, everything after it is still open. To recompute from a
    dirty hour on: take the state S stored with the last hour before it that has a reading, and H = this function
    of S; start the fold from the state stored with the last hour before H that has a reading; feed every reading
    from H on; replace all stored hours from H on, also those that no longer come out.

    Replacing may end with an hour X, not before the last dirty one, whose new state equals its stored state: no later
    hour can differ. But the energy of X itself is complete only when the fold has gone on to a later reading that left
    a state without candidates (or to the end of the readings).
    """
    return None if state.base is None else floor_hour(state.base.at)


@dataclass(slots=True)
class _Tally:
    allocated: int = 0
    unallocated: int = 0
    estimated: int = 0
    suspects: int = 0
    resets: int = 0
    exchanges: int = 0
    state: MeterState | None = None


class _Gathering:
    """Collects the steps of a fold by hour."""

    def __init__(self) -> None:
        self._tallies: dict[datetime, _Tally] = defaultdict(_Tally)

    def take(self, step: Step) -> None:
        tally = self._tallies[floor_hour(step.reading.at)]
        tally.state = step.state_after
        tally.resets += step.resets
        tally.exchanges += step.exchanges
        for piece in step.pieces:
            self._take_piece(piece)
        for suspect in step.suspects:
            self._tallies[floor_hour(suspect.at)].suspects += 1

    def _take_piece(self, piece: Piece) -> None:
        if piece.kind is PieceKind.ALLOCATED:
            for hour, milliwh in split_by_hour(piece):
                self._tallies[hour].allocated += milliwh
            return
        self._tallies[floor_hour(piece.end_at)].unallocated += piece.milliwh
        if piece.milliwh:
            for hour, milliwh in split_by_hour(piece):
                self._tallies[hour].estimated += milliwh

    def hours(self, pending: tuple[Reading, ...]) -> dict[datetime, HourEnergy]:
        for candidate in pending:
            self._tallies[floor_hour(candidate.at)].suspects += 1
        return {hour: _hour_energy(hour, tally) for hour, tally in sorted(self._tallies.items())}


class Folding:
    """The fold of `hourly_energy` over readings that come bit by bit, so that they need not be in memory together."""

    def __init__(self, state: MeterState, rules: Rules) -> None:
        self._state, self._rules = state, rules
        self._gathering = _Gathering()

    def take(self, readings: Iterable[Reading]) -> None:
        """Go on over readings that ascend and are later than all before. Raises ValueError for others."""
        for step in fold(self._state, readings, self._rules):
            self._gathering.take(step)
            self._state = step.state_after

    def result(self) -> HourFold:
        """Return the hours and the state so far; it is asked for once, at the end."""
        return HourFold(self._gathering.hours(pending=self._state.candidates), self._state)


def _hour_energy(hour: datetime, tally: _Tally) -> HourEnergy:
    return HourEnergy(
        hour=hour,
        allocated_milliwh=tally.allocated,
        unallocated_milliwh=tally.unallocated,
        estimated_milliwh=tally.estimated,
        suspect_count=tally.suspects,
        reset_count=tally.resets,
        exchange_count=tally.exchanges,
        state=tally.state,
    )
