"""Figures come in rows of four at most."""

import pytest

from portal.ui.figures import figure, figure_row


def test_a_fifth_figure_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 4"):
        figure_row(*[figure("Energy", "1", "kWh") for _ in range(5)])


def test_four_figures_are_a_row() -> None:
    row = figure_row(*[figure("Energy", "1", "kWh") for _ in range(4)])
    assert len(row.children) == 4
