"""Tables for the page: cells beside the published ones."""

import pytest

from embrittle.render import page_tables


@pytest.mark.parametrize(
    ("percent", "mark"),
    [(0, "near"), (-5, "near"), (5.1, "close"), (-10.1, "off"), (26, "far"), (float("nan"), "")],
)
def test_marks_of_deviations(percent, mark):
    assert page_tables.deviation_mark(percent) == mark


def test_cells_of_changes_are_compared_in_points():
    cell = page_tables.cell(-20.0, 1.5, -22.1, "{:+.1f}".format, points=True)
    assert (cell.ours, cell.spread, cell.published) == ("-20.0", "± 1.5", "-22.1")
    assert (cell.deviation, cell.mark, cell.above) == ("+2.1 points", "near", True)
    nothing = page_tables.cell(float("nan"), float("nan"), 0.5, "{:.1f}".format)
    assert (nothing.ours, nothing.published, nothing.mark) == ("—", "0.5", "")
