"""Everything about the energy that is billed, above the storage engines.

What others call is here:

    await energy.bootstrap(stack)                     at a start, after the migrations
    async with energy.counted(stack, customer) as ..  a moment in which all stored readings are counted, for an answer
    async with energy.stored(stack) as ..             the same without what waits to be counted, for lists
    await energy.refresh_queue(stack)                 bring the hours of new readings up to date
    await energy.refresh(stack)                       the same, and all recompute passes to their end, however long
    await energy.ask_for_passes(session, layout, ..)  the same, in a transaction that changes what they judge by
    await energy.take_learned(session, layout, ..)    have meters judged by what their Client has learned of them
    await energy.recompute(stack, meters)             ask for passes: energy computed again from the readings
    await energy.other_rule(session, layout, gap)     by what other rule stored energy was computed, in words
    await energy.count_queued(session, layout)        how many hours of meters wait for a refresh
    await energy.count_passes(session, layout)        how many meters' energy is being computed again
    trigger = energy.Trigger(); trigger(stack)        refresh soon, without delaying whoever asks
    energy.energy_proof                               does all of it balance with the registers?

Readings are stored, and their hours queued, by whoever takes them in (`readings`), in one transaction. A refresh
takes the queue: readings in order are added to their hours, others have their hours recomputed. A recompute pass takes
a meter from an hour on, month by month; until it is through, what it has not reached reads as before. The engine below
(`database`) keeps partitions and figures; its figures of the same hours are brought up to date in the same transaction.

Inside: `rules` (what energy is: a register followed from reading to reading, split at the hour) below `queries` (SQL)
below what is named above. How readings are judged is `rules.judging`, and only there; `queries.clean_hours` does the
same in the database, of readings about which there is nothing to be said.
"""

from portal.core.energy import energy_proof
from portal.core.energy.moment import Counted, counted, stored
from portal.core.energy.queries.learned import LearnedMeter, take_learned
from portal.core.energy.queries.passes import count_passes
from portal.core.energy.queries.rule import other_rule
from portal.core.energy.queries.waiting import count_queued
from portal.core.energy.rules.live import FOR_EVER
from portal.core.energy.service import ask_for_passes, bootstrap, recompute, refresh, refresh_queue
from portal.core.energy.trigger import Trigger

__all__ = [
    "FOR_EVER",
    "Counted",
    "LearnedMeter",
    "Trigger",
    "ask_for_passes",
    "bootstrap",
    "count_passes",
    "count_queued",
    "counted",
    "energy_proof",
    "other_rule",
    "recompute",
    "refresh",
    "refresh_queue",
    "stored",
    "take_learned",
]
