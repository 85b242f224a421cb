"""`portal push verify` says by its exit whether the two sides will hold the same."""

import pytest
from typer.testing import CliRunner

from portal.cli import app
from portal.commands import push
from portal.push.verify import VerifyReport


@pytest.mark.parametrize(("left", "code"), [(0, 0), (300, 1)])
def test_a_difference_it_does_not_mend_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, left: int, code: int
) -> None:
    monkeypatch.setattr(push, "with_stack", lambda *_, **__: VerifyReport(days=2, queued=5, left=left))
    done = CliRunner().invoke(app, ["push", "verify"])
    assert done.exit_code == code
    assert ("300 readings stay different" in done.output) == bool(left)
