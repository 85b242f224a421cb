"""Whatever a person changes leaves a row in the audit trail; a change without one says here why."""

from __future__ import annotations

from functools import cache

from tests.architecture.reach import Definition, Reach
from tests.architecture.source import services, sources

# Energy is called by commands and loops, and by services.
ENERGY = "portal/core/energy/"
RECORDS = {
    ("portal.core.audit.queries", name)
    for name in ("record", "record_each", "record_always", "record_once", "record_once_over")
}
# What brings figures and files in line with the readings there are: nobody decides anything by it. "" is any class.
DERIVES = {
    (
        "portal.core.energy.service",
        "refresh",
    ): "hours and days of energy follow from readings that are stored",
    ("", "ensure_partitions"): "room for readings that are about to be stored",
}
# What checks a password or a code writes down failures alone, which is no row for what is done after it.
PROOF = ("portal.core.identity.proof", "")

_METER = "a meter's readings: they say themselves what and when, and from which device"
_PUSHED = "the push keeps its own book: cursors, states and refusals, which App config and `portal push status` show"
_FLEET = "a customer's stack sends it: the ingest event says what, when and from whom"
WITHOUT_ROW = {
    "watch.follow": "as look",
    "watch.look": "what happened is in the list of alerts, with its time, and what was sent beside its channel",
    "watch.look_once": "as look",
    "api_keys.api_key_actor": "when a key was last used is shown beside the key",
    "backups.nightly": "keeps what was found, with its time: the dashboard's seal and `/metrics` show it",
    "backups.prove_if_due": "as nightly, once",
    "backups.prove": "in a database beside, which is dropped again",
    "backups.restore": "into a database that was empty; the trail comes with what is restored",
    "board_clocks.hear": _METER,
    "boards.hear": "what a board says of itself: `portal board list` shows it, with the time",
    "device_posts.keep_posts": _METER,
    "doctor.examine": "tries in a transaction that is undone whether TimescaleDB may be created",
    "energy.learn_anew": "brings what is judged by to what readings teach; each rung is a meter event",
    "energy_proof.check": "keeps what was found, with its time: the seal and `portal doctor` show it",
    "energy_proof.nightly": "as check, once a day",
    "energy_proof.recompute_all": "brings energy to what readings and settings say; the proof that follows is kept",
    "energy_proof.repair": "as recompute_all, for the devices that differ",
    "event_upkeep.follow": "as forget_old_events",
    "event_upkeep.forget_old_events": "rows of an age that the settings say; nobody decides anything by it",
    "offers.take_in": "what the operator's library offers: no tariff changes by it; what a person says to it has a row",
    "fleet_batches.record_refusal": _FLEET,
    "fleet_batches.store_batch": _FLEET,
    "fleet_samples.follow": "as take_sample",
    "fleet_samples.take_sample": "counts, every five minutes, what customers' stacks sent",
    "fleet_push.note_report": "how much a customer's stack has not pushed yet, which it says with every batch",
    "health.is_ready": "looks whether changes are taken, by one that changes nothing",
    "push.acknowledge": _PUSHED,
    "push.acknowledge_retries": _PUSHED,
    "push.clear_stops": _PUSHED,
    "push.give_up_set_row": _PUSHED,
    "push_conflicts.acknowledge_conflicts": _PUSHED,
    "push_conflicts.queue_conflicts": "as with readings that are missing there",
    "push_verify.queue_missing": "has readings sent again that are there: `portal push verify` says which",
    "push.save_refused_pass": _PUSHED,
    "push.save_state": _PUSHED,
    "push_epoch.issue": _PUSHED,
    "push_epoch.move_comparison": _PUSHED,
    "push_epoch.note_behind": "the push stops by itself; what a person does about it has a row",
    "push_epoch.note_in_sync": "the push goes on by itself",
    "push_recovery.take_back": "readings of a recovery, whose row says how many they were",
    "push_recovery.take_back_conflicts": "as take_back",
    "readings.store_device_batch": _METER,
    "push.due_retries": "readings stay what they were: what an upgrade has yet to move of them is moved first",
    "push.waiting_readings": "as due_retries",
    "wide_readings.begin": "makes views that an upgrade needs",
    "wide_readings.follow": "as move_wide_readings",
    "wide_readings.move_wide_readings": "readings stay what they were: an upgrade moves them",
    "energy.bootstrap": "makes what stored energy needs, at a start",
    "energy.recompute": "a part of energy_proof.recompute_all and repair",
    "energy.refresh_queue": "as refresh, of what is queued at that moment",
    "energy.refresh": DERIVES["portal.core.energy.service", "refresh"],
    "refused_pushes.keep_refused": _FLEET,
    "upgrades.begin": "makes a database that had nothing in it",
    "upgrades.check": "looks whether a backup and a copy could be made",
    "upgrades.look": "as doctor.examine",
    "upgrades.try_way_back": "in a database beside, which is dropped again",
    "second_factor.begin": "a set-up that counts for nothing before it is confirmed, and that has a row",
    "sessions.session_actor": "when a session was last seen is shown in the list of sessions",
}


@cache
def _reach() -> Reach:
    # The embedded server is a process, which no service starts.
    return Reach(source for source in sources("portal/core") if "/embedded" not in source.path)


def _name(definition: Definition) -> str:
    *_, subject, module = definition[0].split(".")
    return f"{subject if module == 'service' else module}.{definition[1]}"


def _services() -> list[Definition]:
    energy = [each for each in sources(ENERGY) if each.path.count("/") == ENERGY.count("/")]
    return [service for each in (*services(), *energy) for service in _reach().services(each)]


@cache
def _changes() -> dict[str, bool]:
    """Return every public service that changes something, and whether it comes to writing a row of the trail."""
    found: dict[str, bool] = {}
    for service in _services():
        if _reach().changes(_reach().from_(service, but=DERIVES.keys() - {service})):
            own = _reach().from_(service, but={*DERIVES, PROOF})
            found[_name(service)] = not RECORDS.isdisjoint(own)
    return found


def test_a_change_is_on_record_or_says_why_not() -> None:
    silent = {service for service, is_recorded in _changes().items() if not is_recorded}
    assert sorted(silent - WITHOUT_ROW.keys()) == [], (
        "write an audit row in the transaction, or say why there is none"
    )
    assert sorted(WITHOUT_ROW.keys() - silent) == [], "these have a row, or change nothing, or are gone"


def test_what_only_derives_is_called_by_services_and_changes_something() -> None:
    for derived in DERIVES:
        reached = [_reach().from_(each) for each in _services()]
        found = {
            definition
            for definitions in reached
            for definition in definitions
            if _is_called(definition, derived)
        }
        assert found, derived
        assert any(_reach().changes(_reach().from_(definition)) for definition in found), derived


def _is_called(definition: Definition, derived: Definition) -> bool:
    module, name = derived
    return definition == derived if module else definition[1].endswith(f".{name}")


def test_no_change_is_overlooked() -> None:
    """Whoever writes a row has changed something else too: where none is found, a way of writing is not known here."""
    trail = ("portal.core.audit.queries", "")
    nothing_else = {
        _name(service)
        for service in _services()
        if not RECORDS.isdisjoint(_reach().from_(service, but={*DERIVES, PROOF}))
        and not _reach().changes(_reach().from_(service, but={*DERIVES, PROOF, trail}))
    }
    # What leaves the stack, or is looked at, is on record: a file, a report that somebody has sent, a customer's data.
    assert nothing_else == {"audit.record_export", "month_reports.send_now", "viewing.view_as"}


def test_reads_are_not_taken_for_changes() -> None:
    reads = {"sites.list_sites", "cost.client_cost", "push.status", "audit.list_events"}
    assert reads <= {_name(service) for service in _services()}
    assert reads.isdisjoint(_changes())
