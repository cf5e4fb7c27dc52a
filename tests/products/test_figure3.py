from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest

from embrittle.errors import DataError
from embrittle.products.characteristics import cells as ch
from embrittle.products.characteristics.figure import figure3
from embrittle.render import published as pub
from embrittle.render.style import PlotSettings, save
from made_up_subsamples import COUNTS, made_up_points, statistics

PUBLISHED = Path(__file__).parents[2] / "resources" / "published" / "characteristics.csv"
PANELS = [f"{model} {name}" for model in ("BPR-MF", "AMF") for name in ch.CHARACTERISTICS]


@pytest.fixture(scope="module")
def published():
    return pub.load(PUBLISHED)


@pytest.fixture(scope="module")
def data():
    return made_up_points({"BPR-MF": -96, "AMF": -4}, seeds=(0, 1, 2), noise=2.0)


def panel_of(figure, name):
    return next(ax for ax in figure.axes if ax.get_gid() == name)


def artists_of(ax) -> dict:
    return {artist.get_gid(): artist for artist in [*ax.lines, *ax.collections]}


def legend_of(figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def notes_of(figure) -> dict:
    return {ax.get_gid(): text.get_text() for ax in figure.axes for text in ax.texts}


def runs_of(data, model, attack, iterations):
    wanted = (data["model"] == model) & (data["attack"] == attack)
    return data[wanted & (data["iterations"] == iterations)]


def test_six_panels_each_row_with_its_own_scale(data):
    figure = figure3(data, "ml-1m", 25, 10, title="MovieLens 1M")
    assert [ax.get_gid() for ax in figure.axes] == PANELS
    assert [ax.get_title() for ax in figure.axes] == [
        "(a) BPR-MF", "(b) BPR-MF", "(c) BPR-MF", "(d) AMF", "(e) AMF", "(f) AMF",
    ]  # fmt: skip
    assert figure.get_suptitle() == "MovieLens 1M"
    assert figure3(data, "ml-1m", 25, 10).get_suptitle() == "ml-1m"
    heights = [ax.get_ylim() for ax in figure.axes]
    assert len({*heights[:3]}) == len({*heights[3:]}) == 1
    assert heights[0] != heights[3]
    widths = [ax.get_xlim() for ax in figure.axes]
    assert widths[:3] == widths[3:]
    assert "nDCG@10" in figure.axes[0].get_ylabel()
    assert [ax.get_xlabel()[:5] for ax in figure.axes[3:]] == ["densi", "size ", "shape"]


@pytest.mark.parametrize("name", PANELS)
@pytest.mark.parametrize(("attack", "iterations"), [("fgsm", 1), ("bim", 10), ("pgd", 10)])
def test_points_bars_line_and_band_carry_the_values(data, name, attack, iterations):
    model, characteristic = name.split()
    artists = artists_of(panel_of(figure3(data, "ml-1m", 10, 10), name))
    runs = runs_of(data, model, attack, iterations)
    by_x = runs.groupby(characteristic)["rho"].agg(["mean", "min", "max"])
    points = artists[f"points {attack}"]
    assert points.get_xdata() == pytest.approx(by_x.index.to_numpy())
    assert points.get_ydata() == pytest.approx(by_x["mean"].to_numpy())
    bars = np.array(artists[f"bars {attack}"].get_segments())
    assert bars[:, 0, 1] == pytest.approx(by_x["min"].to_numpy())
    assert bars[:, 1, 1] == pytest.approx(by_x["max"].to_numpy())
    fit = ch.line(runs, characteristic)
    line = artists[f"line {attack}"]
    x = line.get_xdata()
    assert (x[0], x[-1]) == pytest.approx((by_x.index[0], by_x.index[-1]))
    assert line.get_ydata() == pytest.approx(fit.intercept + fit.slope * x)
    vertices = artists[f"band {attack}"].get_paths()[0].vertices
    ends = fit.band(x[:1])
    at_start = vertices[np.isclose(vertices[:, 0], x[0], rtol=1e-12, atol=0), 1]
    assert (at_start.min(), at_start.max()) == pytest.approx((ends["low"][0], ends["high"][0]))


def test_bars_can_be_standard_deviations(data):
    figure = figure3(data, "ml-1m", 25, 10, PlotSettings(band="sd"))
    bars = artists_of(panel_of(figure, "AMF density"))["bars pgd"]
    by_x = runs_of(data, "AMF", "pgd", 25).groupby("density")["rho"].agg(["mean", "std"])
    ends = np.array(bars.get_segments())[:, 1, 1]
    assert ends == pytest.approx((by_x["mean"] + by_x["std"]).to_numpy())
    assert "bars: mean ± sd, 3 seeds" in legend_of(figure)


def test_the_legend(data, published):
    assert legend_of(figure3(data, "ml-1m", 25, 10, published=published)) == [
        "FGSM",
        "BIM, $L$ = 25",
        "PGD, $L$ = 25",
        "PGD, published ($L$ not stated)",
        "bars: min to max, 3 seeds",
        "band: 95 % interval of the line",
    ]


def test_one_seed_has_neither_bars_nor_band():
    figure = figure3(made_up_points({"BPR-MF": -96, "AMF": -4}, noise=1), "ml-1m", 10, 10)
    for ax in figure.axes:
        names = set(artists_of(ax))
        assert names == {
            f"{what} {a}" for what in ("points", "line") for a in ("fgsm", "bim", "pgd")
        }
    assert legend_of(figure) == ["FGSM", "BIM, $L$ = 10", "PGD, $L$ = 10"]


def test_the_scale_is_that_of_the_points_not_of_a_wide_band():
    few = made_up_points({"BPR-MF": -96, "AMF": -4}, ks=(10, 50, 100), seeds=(0, 1), noise=2)
    ax = panel_of(figure3(few, "ml-1m", 25, 10), "BPR-MF density")
    vertices = artists_of(ax)["band pgd"].get_paths()[0].vertices
    low, high = ax.get_ylim()
    assert vertices[:, 1].max() > high  # else there would be nothing to show
    shown = few[few["iterations"].isin([1, 25]) & (few["model"] == "BPR-MF")]["rho"]
    assert low < shown.min() < shown.max() < high
    assert high - low < 1.25 * (shown.max() - shown.min())


def test_published_points_are_there_where_they_are_comparable(data, published):
    for iterations in (10, 25):
        figure = figure3(data, "ml-1m", iterations, 10, published=published)
        theirs = artists_of(panel_of(figure, "BPR-MF density"))["published pgd"]
        assert theirs.get_xdata().tolist() == [0.0507, 0.1387]
        assert theirs.get_ydata().tolist() == [43.79, 28.90]
        assert theirs.get_alpha() < 0.5
        gids = [gid for ax in figure.axes for gid in artists_of(ax)]
        assert [gid for gid in gids if gid.startswith("published")] == ["published pgd"]
    at_one = data.assign(epsilon=1.0)
    for figure in (
        figure3(data, "ml-1m", 25, 10),
        figure3(data, "ml-1m", 25, 20, published=published),
        figure3(at_one, "ml-1m", 25, 10, published=published),
        figure3(data.assign(source="x"), "x", 25, 10, published=published),
        figure3(data, "ml-1m", 25, 10, PlotSettings(published=False), published),
    ):
        assert not [g for ax in figure.axes for g in artists_of(ax) if g.startswith("published")]


def test_what_is_missing_is_said_in_the_panel(data):
    kept = data[(data["model"] == "BPR-MF") & (data["attack"] != "bim")]
    figure = figure3(kept, "ml-1m", 25, 10)
    expected = ["BIM: not computed"] * 3 + ["AMF: not in this study"] * 3
    assert notes_of(figure) == dict(zip(PANELS, expected, strict=True))
    assert notes_of(figure3(data, "ml-1m", 25, 10)) == {}


def test_a_sub_sample_or_seed_that_is_missing_leaves_the_others(data):
    gone = (data["k"] == 50) | ((data["k"] == 10) & (data["seed"] > 0))
    lame = data.assign(rho=data["rho"].mask(gone))
    points = artists_of(panel_of(figure3(lame, "ml-1m", 25, 10), "AMF size"))["points bim"]
    assert len(points.get_xdata()) == 9
    left = runs_of(lame, "AMF", "bim", 25)
    sizes = sorted(statistics(k)["size"] for k in COUNTS if k != 50)
    assert points.get_xdata().tolist() == sizes
    assert points.get_ydata()[-1] == left.loc[(left["k"] == 10) & (left["seed"] == 0), "rho"].item()


def test_further_attacks_and_models_have_their_own_looks(data):
    mine = data[data["attack"] == "pgd"].assign(attack="mine")
    other = data[data["model"] == "AMF"].assign(model="Other")
    everything = pd.concat([data, mine, other])
    attacks = {"fgsm": True, "bim": False, "pgd": False, "mine": False}
    figure = figure3(everything, "ml-1m", 25, 10, attacks=attacks)
    assert len(figure.axes) == 9
    artists = artists_of(panel_of(figure, "AMF shape"))
    points = [artists[f"points {a}"] for a in ("fgsm", "bim", "pgd", "mine")]
    assert len({(p.get_color(), p.get_marker()) for p in points}) == 4
    assert len({p.get_marker() for p in points}) == 4
    assert "mine, $L$ = 25" in legend_of(figure)
    # What is not asked for is not drawn, though it is there.
    unasked = artists_of(panel_of(figure3(everything, "ml-1m", 25, 10), "AMF shape"))
    assert "points mine" not in unasked
    assert "points pgd" in unasked


def test_what_cannot_be_drawn_is_refused(data):
    with pytest.raises(DataError, match="no sub-samples with metrics of the data set 'x'"):
        figure3(data, "x", 25, 10)
    mixed = data.assign(epsilon=np.where(data["attack"] == "pgd", 1.0, 0.5))
    with pytest.raises(DataError, match=r"several budgets \(0.5, 1\)"):
        figure3(mixed, "ml-1m", 25, 10)


def test_saving_leaves_matplotlib_as_it_was(data, tmp_path):
    before = dict(matplotlib.rcParams)
    for name in ("figure3.png", "figure3.pdf"):
        save(figure3(data, "ml-1m", 25, 10), tmp_path / name, dpi=50)
        assert (tmp_path / name).stat().st_size > 1000
    assert dict(matplotlib.rcParams) == before
