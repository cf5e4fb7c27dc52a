"""What all figures share: looks that can be told apart, and curves that carry the numbers they are given."""

import re
from itertools import combinations
from xml.sax.saxutils import escape

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from awkward_title import AWKWARD
from embrittle.page.svg import description, svg
from embrittle.render.plot_settings import PlotSettings
from embrittle.render.style import (
    COLOURS,
    MOST_MARKS,
    REFERENCES,
    drawing,
    look_of,
    save,
)


def lightness(colour: str) -> float:
    """L* of CIELAB, from 0 (black) to 100."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    luminance = np.dot([0.2126, 0.7152, 0.0722], linear)
    return 116 * np.cbrt(luminance) - 16 if luminance > 0.008856 else 903.3 * luminance


def curve(y, n_seeds=3, x=None):
    y = np.array(y, dtype=float)
    x = np.arange(len(y)) if x is None else x
    ends = {"low": y - 0.01, "high": y + 0.03, "sd": np.full(len(y), 0.02)}
    return pd.DataFrame({"x": x, "mean": y, **ends, "n_seeds": n_seeds})


def drawn(rows, settings=None, at="x = {x:g}", **more):
    settings = settings or PlotSettings()
    with drawing(settings, "T", ("H", "R"), (1, 1), height=2) as figure:
        figure.curve(figure.panels[0, 0], rows, "BIM", look_of("bim", [], settings), at, **more)
        figure.add_legend(rows["n_seeds"].max())
    return figure


@pytest.mark.parametrize(("n_letters", "ncols"), [(3, 3), (63, 2), (73, 1)])
def test_a_legend_has_as_many_columns_as_fit(n_letters, ncols):
    name_of_bim = "n" * n_letters
    settings = PlotSettings(names={"BIM": name_of_bim}, width=5)
    with drawing(settings, "T", ("H", "R"), (1, 1), height=2) as figure:
        for name in ("BIM", "PGD", "FGSM", "noise"):
            look = look_of(name.lower(), [], settings)
            figure.curve(figure.panels[0, 0], curve([0.3, 0.1]), name, look, "x = {x:g}")
        figure.add_legend()
    (legend,) = figure.legends
    figure.draw_without_rendering()
    assert legend._ncols == ncols
    assert legend.get_window_extent().width <= figure.bbox.width
    assert legend.get_texts()[0].get_text() == name_of_bim


def test_only_whole_names_are_replaced():
    settings = PlotSettings(names={"BPR-MF": "plain", "BPR-MF-at-norms": "longer", "bim": "many"})
    for text, expected in (
        ("(a) BPR-MF", "(a) plain"),
        ("BPR-MF-at-norms, norms of BPR-MF.", "longer, norms of plain."),
        ("BIM, L = 25; bim-l2", "many, L = 25; bim-l2"),
        ("my-BPR-MF", "my-BPR-MF"),
    ):
        assert settings.named(text) == expected
    assert PlotSettings().named("BIM") == "BIM"


def test_figures_call_models_and_attacks_what_the_settings_say():
    settings = PlotSettings(names={"bim": "$many$ <steps>", "AMF": "the defence"})
    with drawing(settings, "AMF", ("H", "R"), (1, 1), height=2) as figure:
        ax = figure.panels[0, 0]
        ax.set(title="(a) AMF")
        figure.curve(ax, curve([0.3, 0.1]), "BIM", look_of("bim", [], settings), "x = {x:g}", "bim")
        ax.set_yticks([0.1, 0.3], labels=["low", "AMF"])
        figure.add_legend()
    assert ax.get_title() == "(a) the defence"
    assert [label.get_text() for label in ax.get_yticklabels()] == ["low", "the defence"]
    assert figure.legends[0].get_texts()[0].get_text() == "$many$ <steps>"
    assert figure.get_suptitle() == "AMF"  # the title is that of the data set
    assert figure.marks[0][3].startswith("$many$ <steps>, x = 0: 0.3")
    assert "$many$ <steps>: from 0.3" in description(figure)
    assert "$many$ &lt;steps&gt;</text>" in svg(figure, "key")


@pytest.mark.parametrize("suffix", ["pdf", "png", "svg"])
@pytest.mark.parametrize("title", [AWKWARD, "$x_1$", "a \\frac $"])
def test_a_title_is_drawn_as_it_is_written(tmp_path, title, suffix):
    with drawing(PlotSettings(), title, ("H", "R"), (1, 1), height=2) as figure:
        pass
    with plt.rc_context({"svg.fonttype": "none"}):
        save(figure, tmp_path / f"figure.{suffix}", 50)
    if suffix == "svg":
        drawn_text = (tmp_path / "figure.svg").read_text(encoding="utf-8")
        assert escape(title) in re.findall(r"<text[^>]*>([^<]*)</text>", drawn_text)


def test_colours_differ_in_lightness():
    levels = {name: lightness(colour) for name, colour in COLOURS.items()}
    assert abs(levels["bim"] - levels["pgd"]) > 8  # the curves of most figures
    assert min(abs(a - b) for a, b in combinations(levels.values(), 2)) > 3
    # Against white paper, at least the 3 : 1 of accessible graphics.
    assert max(levels.values()) < 61


def test_lines_differ_without_colour():
    names = ("bim", "pgd", "fgsm", "mine", "other", "third", "fourth", "fifth", "sixth")
    looks = [look_of(name, names, PlotSettings()) for name in names]
    assert len({(str(look["linestyle"]), look["marker"]) for look in looks[:6]}) == 6
    assert len({look["color"] for look in looks}) == len(names)
    assert len({str(look["linestyle"]) for look in REFERENCES.values()}) == len(REFERENCES)


def test_an_attack_of_the_papers_looks_the_same_whatever_stands_beside_it():
    alone, among = (look_of("pgd", names, PlotSettings()) for names in (["pgd"], ["a", "b", "pgd"]))
    assert alone == among
    mine = PlotSettings(colours={"pgd": "#123456", "a": "#654321"})
    assert look_of("pgd", ["a", "pgd"], mine)["color"] == "#123456"
    assert look_of("a", ["a", "pgd"], mine)["color"] == "#654321"


@pytest.mark.parametrize(("band", "low", "high"), [("min-max", 0.01, 0.03), ("sd", 0.02, 0.02)])
def test_a_curve_and_its_band_are_the_numbers_given(band, low, high):
    # Not in the order of x, and twice at one x: nothing is sorted, and nothing is averaged.
    rows = curve([0.3, 0.1, 0.7, 0.2], x=[2.0, 0.1, 0.1, 3.0])
    ax = drawn(rows, PlotSettings(band=band)).panels[0, 0]
    (line,), (patch,) = ax.lines, ax.collections
    assert line.get_xdata().tolist() == rows["x"].tolist()
    assert line.get_ydata().tolist() == rows["mean"].tolist()
    ends = {(x, y) for x, y in patch.get_paths()[0].vertices}
    expected = {(x, y - low) for x, y in zip(rows["x"], rows["mean"], strict=True)}
    expected |= {(x, y + high) for x, y in zip(rows["x"], rows["mean"], strict=True)}
    assert expected <= ends


def test_a_missing_point_is_a_gap():
    ax = drawn(curve([1, np.nan, 3, 4, np.nan])).panels[0, 0]
    assert [line.get_xdata().tolist() for line in ax.lines] == [[0], [2, 3]]


def test_one_seed_has_neither_band_nor_range():
    figure = drawn(curve([0.5, 0.25], n_seeds=1))
    assert not figure.panels[0, 0].collections
    assert [text for *_, text in figure.marks] == ["BIM, x = 0: 0.5", "BIM, x = 1: 0.25"]


def test_marks_tell_values_with_their_range_and_not_too_many():
    *_, text = drawn(curve([0.5])).marks[0]
    assert text == "BIM, x = 0: 0.5 (min to max, 3 seeds: 0.49 to 0.53)"
    *_, text = drawn(curve([0.5]), PlotSettings(band="sd")).marks[0]
    assert text == "BIM, x = 0: 0.5 (mean ± sd, 3 seeds: 0.48 to 0.52)"
    assert 0.5 * MOST_MARKS < len(drawn(curve(np.linspace(0, 1, 401))).marks) <= MOST_MARKS
    assert len(drawn(curve([1, np.nan, 3])).marks) == 2


def test_figures_are_no_windows_of_pyplot():
    drawn(curve([1, 2]))
    assert plt.get_fignums() == []
