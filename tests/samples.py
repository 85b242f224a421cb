"""Files that were measured or published by others, and are not part of the project."""

import os
from pathlib import Path

import pytest

SAMPLES = "PORTAL_TEST_SAMPLES"
NO_SAMPLES = "THE SAMPLE DATA IS NOT HERE"
_BESIDE_THE_PROJECT = Path(__file__).resolve().parents[2] / "shared" / "data"

directory = Path(os.environ.get(SAMPLES) or _BESIDE_THE_PROJECT)


def needs(sample: Path) -> pytest.MarkDecorator:
    """Return the mark of a test that reads a sample: without it the test is skipped, and the run's end says so."""
    return pytest.mark.skipif(
        not sample.exists(), reason=f"{NO_SAMPLES} ({SAMPLES}, else shared/data beside the project)"
    )
