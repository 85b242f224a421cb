"""The seal says in words whether energy balances, and when that was checked."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from portal.core.energy.energy_proof import EnergyProof, ProofDifference
from portal.core.operations.queries.restore_proofs import RestoreProof, RestoreProofs
from portal.features.data_quality.seal import Seal, build_restore_seal, build_seal
from portal.ui.formats import counted

NOW = datetime(2026, 5, 18, 12, 0, tzinfo=UTC)


def _proof(*differences: ProofDifference) -> EnergyProof:
    return EnergyProof(NOW - timedelta(minutes=3), 2, 60, differences, {})


def test_nothing_stands_there_before_the_first_check() -> None:
    assert build_seal(None, NOW) == Seal()


def test_what_was_not_compared_has_no_seal() -> None:
    assert build_seal(EnergyProof(NOW, 0, 0, (), {}), NOW) == Seal()


def test_a_balance_is_said_to_the_watt_hour() -> None:
    seal = build_seal(_proof(), NOW)
    assert (seal.text, seal.tone) == ("Balanced to 0.000 kWh, checked 3 min ago", "ok")
    assert seal.detail == "2026-05-18 11:57:00 UTC: 60 days of 2 meters compared with the registers"


def test_a_difference_is_a_failure_with_its_size() -> None:
    day = ProofDifference(UUID(int=1), None, "Main", date(2026, 5, 1), 2_000_000, 1_250_000, 2_000_000)
    seal = build_seal(_proof(day), NOW)
    assert (seal.text, seal.tone) == ("Off by 0.750 kWh on 1 day, checked 3 min ago", "fail")


def _restored(hours: float, problem: str = "") -> RestoreProofs:
    at = NOW - timedelta(hours=hours)
    return RestoreProofs(RestoreProof(at, "x.dump", 10, 1200, 2, 60, problem), at)


def test_a_backup_that_came_back_has_a_seal_until_it_is_old() -> None:
    fresh = build_restore_seal(_restored(3), NOW)
    assert (fresh.text, fresh.tone) == ("Backup restored and compared 3 h ago", "ok")
    restored = counted(1200, "{count} row", "{count} rows")
    assert (
        fresh.detail == f"2026-05-18 09:00:00 UTC: {restored} restored beside, 60 days of 2 meters compared"
    )
    assert build_restore_seal(_restored(49), NOW).tone == "warn"


def test_a_backup_that_did_not_come_back_says_why() -> None:
    failed = build_restore_seal(_restored(3, "there is no pg_dump here"), NOW)
    assert (failed.text, failed.tone) == ("Backup not proven, 3 h ago", "fail")
    assert failed.detail == "there is no pg_dump here"


def test_where_no_backup_is_taken_there_is_no_seal() -> None:
    assert build_restore_seal(None, NOW) == Seal()
