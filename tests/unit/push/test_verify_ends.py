"""What `portal push verify` and others say; by its exit, whether the two sides will hold the same."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from typer.testing import CliRunner

from portal.cli import app
from portal.commands import push
from portal.commands.recovery import recovered_words
from portal.core.outbox.queries.push import Backlog
from portal.core.outbox.service.push import PushStatus
from portal.features.settings.app_config.view import backlog_words
from portal.push.recover import MergedInstant, RecoverReport
from portal.push.verify import DayDifference, VerifyReport

DAY, DEVICE = datetime(2026, 5, 18, tzinfo=UTC), UUID(int=7)


def test_each_kind_of_difference_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    line = DayDifference(
        DEVICE,
        DAY,
        missing=1,
        lesser=2,
        waiting=3,
        given_up=4,
        extra=5,
        different=6,
        conflicts=7,
        extra_conflicts=8,
    )
    report = VerifyReport(days=1, queued=3, conflicts_queued=7, left=23, differences=[line])
    monkeypatch.setattr(push, "with_stack", lambda *_, **__: report)
    said = CliRunner().invoke(app, ["push", "verify"]).output
    assert (
        "1 missing at the Admin, 2 with less there (3 wait, 4 given up), 5 only there, 6 with more there; "
        "conflicting values: 7 missing, 8 only there\n"
    ) in said
    assert "3 readings and 7 conflicting values go out again" in said
    assert "`portal push recover` fetches" in said


def test_what_a_recovery_merged_is_said() -> None:
    merged = [MergedInstant(DEVICE, DAY)]
    report = RecoverReport("ACME", "Acme Ltd", False, merged_readings=3, merged=merged, conflicting_values=2)
    assert recovered_words(report).splitlines()[2:6] == [
        "3 readings merged with the Admin's for the same instant:",
        f"  2026-05-18T00:00:00Z {DEVICE}",
        "  ... and 2 more",
        "2 conflicting values fetched.",
    ]


@pytest.mark.parametrize(("conflicts", "waiting"), [(0, ""), (1, ", 1 conflicting value waiting")])
def test_values_that_wait_are_said(conflicts: int, waiting: str) -> None:
    status = PushStatus(True, False, (), Backlog(2, None, 0, 0, conflicts), (), ())
    assert backlog_words(status) == f"2 readings waiting{waiting}, 0 rows to be tried again, 0 rows given up"


@pytest.mark.parametrize(("left", "code"), [(0, 0), (300, 1)])
def test_a_difference_it_does_not_mend_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, left: int, code: int
) -> None:
    monkeypatch.setattr(push, "with_stack", lambda *_, **__: VerifyReport(days=2, queued=5, left=left))
    done = CliRunner().invoke(app, ["push", "verify"])
    assert done.exit_code == code
    assert ("300 readings stay different" in done.output) == bool(left)
