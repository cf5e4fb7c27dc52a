from pathlib import Path

import matplotlib
import pandas as pd
import pytest
from matplotlib.collections import PolyCollection
from pydantic import ValidationError

from embrittle.errors import DataError
from embrittle.products.curves.cells import LONG_COLUMNS, curves, long_form
from embrittle.products.curves.figure import draw
from embrittle.render import published as pub
from embrittle.render.plot_settings import PlotSettings
from embrittle.render.style import save
from embrittle.vocabulary import PAPER_ATTACKS
from made_up_metrics import EPSILONS, FIGURE1_ITERATIONS, published_curve, study_metrics

PUBLISHED = Path(__file__).parents[2] / "resources" / "published"


@pytest.fixture(scope="module")
def published():
    return pub.load(PUBLISHED / "figures_1_2.csv")


@pytest.fixture(scope="module")
def metrics():
    return study_metrics(datasets=("lastfm", "ml-1m"), seeds=(0, 1, 2))


def draw1(metrics, dataset="ml-1m", **more):
    given = {"epsilon": 0.5, "iterations": FIGURE1_ITERATIONS, "k": 10, **more}
    return draw(metrics, "figure1", dataset, **given)


def draw2(metrics, dataset="ml-1m", **more):
    given = {"epsilon": EPSILONS, "iterations": 25, "k": 10, "fgsm_epsilon": 0.5, **more}
    return draw(metrics, "figure2", dataset, **given)


def curves1(metrics, *attacks):
    return curves(metrics, "figure1", 0.5, FIGURE1_ITERATIONS, 10, *attacks)


def curves2(metrics, *attacks):
    return curves(metrics, "figure2", EPSILONS, 25, 10, *attacks)


def lines_of(figure) -> dict[str, dict[str, object]]:
    """Panel -> name -> line."""
    return {ax.get_gid(): {line.get_gid(): line for line in ax.lines} for ax in figure.axes}


def notes_of(figure) -> dict[str, list[str]]:
    return {
        ax.get_gid(): text.get_text().splitlines()
        for ax in figure.axes
        for text in ax.texts
        if text.get_gid() == "notes"
    }


def legend_of(figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def values_of(metrics, dataset, model, attack, metric, seed=None):
    rows = metrics[(metrics["dataset"] == dataset) & (metrics["model"] == model)]
    rows = rows[(rows["attack"] == attack) & (rows["metric"] == metric)]
    return rows if seed is None else rows[rows["seed"] == seed]


@pytest.mark.parametrize(
    ("panel", "metric", "model"),
    [
        ("fig1a", "nDCG", "BPR-MF"),
        ("fig1b", "nDCG", "AMF"),
        ("fig1c", "ICov", "BPR-MF"),
        ("fig1d", "ICov", "AMF"),
    ],
)
@pytest.mark.parametrize("attack", ["bim", "pgd"])
def test_figure1_lines_are_the_means_over_seeds(metrics, panel, metric, model, attack):
    line = lines_of(draw1(metrics))[panel][attack]
    rows = values_of(metrics, "ml-1m", model, attack, metric)
    means = rows[rows["epsilon"] == 0.5].groupby("iterations")["value"].mean()
    assert line.get_xdata().tolist() == FIGURE1_ITERATIONS
    assert line.get_ydata() == pytest.approx(means[FIGURE1_ITERATIONS].to_numpy())


def with_models(metrics, models):
    """Metrics of these models, each with the values of one of the papers' two."""
    parts = [metrics[metrics["model"] == "Random"]]
    parts += [metrics[metrics["model"] == like].assign(model=name) for name, like in models.items()]
    return pd.concat(parts, ignore_index=True)


OTHER_MODELS = [
    ({"SVD": "AMF"}, ["nDCG@10 SVD", "ICov@10 SVD"], ["nDCG@10 SVD"]),
    (
        {"SVD": "AMF", "LightGCN": "BPR-MF"},
        ["nDCG@10 SVD", "nDCG@10 LightGCN", "ICov@10 SVD", "ICov@10 LightGCN"],
        ["nDCG@10 SVD", "nDCG@10 LightGCN"],
    ),
    (
        {"LightGCN": "BPR-MF", "AMF": "AMF", "BPR-MF": "BPR-MF"},
        [
            *("nDCG@10 BPR-MF", "nDCG@10 AMF", "ICov@10 BPR-MF", "ICov@10 AMF"),
            *("nDCG@10 LightGCN", "ICov@10 LightGCN"),
        ],
        ["nDCG@10 BPR-MF", "nDCG@10 AMF", "nDCG@10 LightGCN"],
    ),
]


@pytest.mark.parametrize(("models", "first", "second"), OTHER_MODELS)
def test_a_study_of_other_models_has_panels_of_its_own(metrics, published, models, first, second):
    theirs = with_models(metrics, models)
    for draw_one, expected in ((draw1, first), (draw2, second)):
        figure = draw_one(theirs, "lastfm", published=published)
        panels = [ax for ax in figure.axes if ax.get_title()]
        letters, shown = zip(*(ax.get_title().split() for ax in panels), strict=True)
        assert list(letters) == [f"({letter})" for letter in "abcdef"[: len(expected)]]
        labels = [ax.get_ylabel() for ax in panels]  # of the left panel only, where two share it
        labels = [own or left for left, own in zip(["", *labels], labels, strict=False)]
        assert list(map(" ".join, zip(labels, shown, strict=True))) == expected
        assert "notes" not in {text.get_gid() for ax in panels for text in ax.texts}
        lines = lines_of(figure)
        for ax, name, label in zip(panels, shown, labels, strict=True):
            metric = label.partition("@")[0]
            rows = values_of(theirs, "lastfm", name, "pgd", metric)
            at = rows[(rows["epsilon"] == 0.5) & (rows["iterations"] == 25)]["value"].mean()
            x, y = lines[ax.get_gid()]["pgd"].get_data()
            place = 0.5 if draw_one is draw2 else 25
            assert y[list(x).index(place)] == pytest.approx(at)
            # The papers' curves stand behind those of their own models alone.
            assert ("published pgd" in lines[ax.get_gid()]) == (name in ("BPR-MF", "AMF"))
        # The lowest panel of each column names its x axis.
        lowest = {ax.get_subplotspec().colspan.start: ax for ax in panels}
        assert all(ax.xaxis.label.get_visible() for ax in lowest.values())


@pytest.mark.parametrize(("panel", "model"), [("fig2a", "BPR-MF"), ("fig2b", "AMF")])
def test_figure2_lines_are_the_means_over_seeds(metrics, panel, model):
    figure = draw2(metrics)
    line = lines_of(figure)[panel]["pgd"]
    rows = values_of(metrics, "ml-1m", model, "pgd", "nDCG")
    means = rows[rows["iterations"] == 25].groupby("epsilon")["value"].mean()
    assert line.get_xdata() == pytest.approx(EPSILONS)
    assert line.get_ydata() == pytest.approx(means.to_numpy())
    assert all(ax.get_xscale() == "log" for ax in figure.axes)


def test_reference_lines(metrics):
    for figure in (draw1(metrics), draw2(metrics)):
        for panel in figure.axes:
            lines = {line.get_gid(): line for line in panel.lines}
            model = panel.get_title().split()[-1]
            metric = "ICov" if panel.get_gid() in ("fig1c", "fig1d") else "nDCG"
            for name, of, attack in [
                ("initial", model, "initial"),
                ("fgsm", model, "fgsm"),
                ("random", "Random", "initial"),
            ]:
                value = values_of(metrics, "ml-1m", of, attack, metric)["value"].mean()
                assert lines[name].get_ydata() == pytest.approx([value, value])


def test_band_shows_the_range_or_the_standard_deviation(metrics):
    rows = values_of(metrics, "ml-1m", "AMF", "bim", "nDCG")
    groups = rows[rows["epsilon"] == 0.5].groupby("iterations")["value"]
    expected = {
        "min-max": (groups.min(), groups.max(), "min to max, 3 seeds"),
        "sd": (groups.mean() - groups.std(), groups.mean() + groups.std(), "mean ± sd, 3 seeds"),
    }
    for band, (low, high, label) in expected.items():
        figure = draw1(metrics, settings=PlotSettings(band=band))
        patch = next(
            item
            for item in figure.axes[1].collections
            if isinstance(item, PolyCollection) and item.get_gid() == "band bim"
        )
        vertices = pd.DataFrame(patch.get_paths()[0].vertices, columns=["x", "y"])
        at_150 = vertices.loc[vertices["x"] == 150, "y"]
        assert sorted(at_150) == pytest.approx([low[150], high[150]])
        assert label in legend_of(figure)


def test_one_seed_has_no_band(published):
    figure = draw1(study_metrics(), published=published)
    assert all(not ax.collections for ax in figure.axes)
    assert legend_of(figure) == ["BIM", "PGD", "unperturbed", "FGSM (ε = 0.5)", "random"]


def test_the_published_curve_is_there_for_its_data_set_only(metrics, published):
    for drawn, panel in ((draw1, "fig1c"), (draw2, "fig2a")):
        theirs = lines_of(drawn(metrics, "lastfm", published=published))[panel]["published bim"]
        curve = published_curve(published, panel, "lastfm", "BPR-MF", "bim")
        assert theirs.get_xdata().tolist() == curve["x"].tolist()
        assert theirs.get_ydata().tolist() == curve["value"].tolist()
        ours = lines_of(drawn(metrics, "lastfm", published=published))[panel]["bim"]
        assert theirs.get_zorder() < ours.get_zorder()
        assert theirs.get_alpha() < 0.5
        for figure in (
            drawn(metrics, "ml-1m", published=published),
            drawn(metrics, "lastfm"),
            drawn(metrics, "lastfm", published=published, settings=PlotSettings(published=False)),
        ):
            names = [name for lines in lines_of(figure).values() for name in lines]
            assert not [name for name in names if "published" in name]
            assert not [label for label in legend_of(figure) if "published" in label]


def test_no_published_curve_beside_other_settings(metrics, published):
    at_20 = study_metrics(datasets=("lastfm",), ks=(20,))
    other_epsilon = metrics.assign(epsilon=metrics["epsilon"].replace({0.5: 0.6}))
    for figure in (
        draw1(at_20, "lastfm", k=20, published=published),
        draw1(other_epsilon, "lastfm", epsilon=0.6, published=published),
        draw2(metrics, "lastfm", iterations=10, published=published),
    ):
        assert not [n for lines in lines_of(figure).values() for n in lines if "published" in n]
    assert figure.axes[0].get_xlabel() == "budget ε (L = 10)"


def test_labels_and_title(metrics):
    figure = draw1(metrics, title="MovieLens 1M")
    assert figure.get_suptitle() == "MovieLens 1M"
    assert draw1(metrics).get_suptitle() == "ml-1m"
    titles = [ax.get_title() for ax in figure.axes]
    assert titles == ["(a) BPR-MF", "(b) AMF", "(c) BPR-MF", "(d) AMF"]
    assert [ax.get_ylabel() for ax in figure.axes] == ["nDCG@10", "", "ICov@10", ""]
    assert [ax.get_yscale() for ax in figure.axes] == ["linear", "linear", "log", "log"]
    linear = draw1(metrics, settings=PlotSettings(coverage_axis="linear"))
    assert linear.axes[2].get_yscale() == "linear"
    # A line at 0 lies above the axis.
    assert all(ax.get_ylim()[0] < 0 for ax in linear.axes)


def test_what_is_missing_is_said_in_the_panel(metrics):
    kept = metrics[metrics["model"].isin(["BPR-MF"]) & (metrics["attack"] != "pgd")]
    gap = (kept["seed"] == 1) & (kept["attack"] == "bim") & (kept["iterations"] == 50)
    no_fgsm = (kept["attack"] == "fgsm") & (kept["seed"] == 2)
    figure = draw1(kept[~gap & ~no_fgsm])
    of_bpr = [
        "BIM: 1 of 32 points missing",
        "PGD: not computed",
        "FGSM: not computed",
        "random: not computed",
    ]
    of_amf = ["AMF: not in this study"]
    assert notes_of(figure) == {"fig1a": of_bpr, "fig1b": of_amf, "fig1c": of_bpr, "fig1d": of_amf}
    # The line has a gap there: it is drawn in two pieces.
    pieces = [line.get_xdata().tolist() for line in figure.axes[0].lines if line.get_gid() == "bim"]
    place = FIGURE1_ITERATIONS.index(50)
    assert pieces == [FIGURE1_ITERATIONS[:place], FIGURE1_ITERATIONS[place + 1 :]]
    assert lines_of(figure)["fig1a"].keys() == {"bim", "initial"}


def test_a_complete_study_has_no_notes(metrics):
    assert notes_of(draw1(metrics)) == notes_of(draw2(metrics)) == {}


def test_nothing_but_references_still_gives_a_figure(metrics, tmp_path):
    unperturbed = metrics[metrics["attack"] == "initial"]
    for figure in (draw1(unperturbed), draw2(unperturbed)):
        expected = ["BIM: not computed", "PGD: not computed", "FGSM: not computed"]
        assert list(notes_of(figure).values()) == [expected] * len(figure.axes)
        save(figure, tmp_path / "figure.png", dpi=50)


def test_an_unknown_data_set_is_refused(metrics):
    for drawn in (draw1, draw2):
        with pytest.raises(DataError, match="no rows for the data set 'ml-2m'"):
            drawn(metrics, "ml-2m")


def test_a_further_attack_gets_a_curve_of_its_own(metrics):
    mine = metrics[metrics["attack"] == "bim"].assign(attack="mine")
    one_shot = metrics[metrics["attack"] == "fgsm"].assign(attack="one-shot")
    both = pd.concat([metrics, mine, one_shot])
    attacks = {"mine": False, **PAPER_ATTACKS, "one-shot": True}
    figure = draw1(both, attacks=attacks)
    lines = lines_of(figure)["fig1b"]
    assert lines["mine"].get_ydata().tolist() == lines["bim"].get_ydata().tolist()
    looks = {(line.get_color(), line.get_linestyle(), line.get_marker()) for line in lines.values()}
    assert len(looks) == len(lines) == 7
    assert len({line.get_color() for line in lines.values()}) == 7
    assert lines["one-shot"].get_ydata() == pytest.approx(lines["fgsm"].get_ydata())
    assert "one-shot (ε = 0.5)" in legend_of(figure)
    found = curves1(both, attacks)
    assert found["attack"].unique().tolist() == ["mine", "bim", "pgd"]


def test_an_attack_of_one_section_is_in_its_figure_only(metrics, published):
    mine = metrics[metrics["attack"] == "bim"].assign(attack="mine")
    one_shot = metrics[metrics["attack"] == "fgsm"].assign(attack="one-shot")
    both = pd.concat([metrics, mine, one_shot])
    of_figure2 = {"one-shot": True, "mine": False, "pgd": False}
    first = draw1(both, "lastfm", published=published)
    second = draw2(both, "lastfm", published=published, attacks=of_figure2)
    of_paper = {"bim", "pgd", "published bim", "published pgd", "initial", "fgsm", "random"}
    assert all(lines.keys() == of_paper for lines in lines_of(first).values())
    asked_for = {"mine", "pgd", "published pgd", "initial", "one-shot", "random"}
    assert all(lines.keys() == asked_for for lines in lines_of(second).values())
    assert notes_of(first) == notes_of(second) == {}
    long = long_form(
        curves1(both),
        curves2(both, of_figure2),
    )
    shown = long.groupby(long["figure"].str[:4])["attack"].unique()
    assert {figure: list(names) for figure, names in shown.items()} == {
        "fig1": ["bim", "pgd"],
        "fig2": ["mine", "pgd"],
    }


def test_an_attack_asked_for_without_rows_is_said_to_be_missing(metrics):
    attacks = {"absent": False, "bim": False, "shot": True}
    figure = draw2(metrics, attacks=attacks)
    notes = ["absent: not computed", "shot: not computed"]
    assert notes_of(figure) == {"fig2a": notes, "fig2b": notes}
    found = curves2(metrics, attacks)
    assert found["attack"].unique().tolist() == ["absent", "bim"]
    assert (found["mean"].isna() == (found["attack"] == "absent")).all()


def test_single_step_attacks_alone_are_references_without_curves(metrics, tmp_path):
    for drawn in (draw1, draw2):
        figure = drawn(metrics, attacks={"fgsm": True})
        assert all(
            lines.keys() == {"initial", "fgsm", "random"} for lines in lines_of(figure).values()
        )
        note = ["no multi-step attack: no curve"]
        assert list(notes_of(figure).values()) == [note] * len(figure.axes)
        save(figure, tmp_path / "figure.png", dpi=50)
    found = curves1(metrics, {"fgsm": True})
    assert long_form(found).columns.tolist() == list(LONG_COLUMNS)
    assert found.empty


# --- the long form


def test_long_form_has_the_published_rows_in_the_published_order(published):
    metrics = study_metrics(datasets=("lastfm",), seeds=(0, 1))
    ours = long_form(
        curves1(metrics),
        curves2(metrics),
    )
    assert list(ours.columns) == list(published.columns)
    # The paper's curves of AMF lack L = 25.
    absent = ours["figure"].isin(["fig1b", "fig1d"]) & (ours["x"] == 25)
    keys = list(published.columns[:-2])
    assert ours.loc[~absent, keys].reset_index(drop=True).equals(published[keys])
    assert ours.loc[~absent, "x"].to_numpy() == pytest.approx(published["x"].to_numpy())
    assert ours["value"].notna().all()


def test_long_form_round_trip(published, tmp_path):
    """The published curves as metrics come back as they went in, through a file as well."""
    first = published[published["x_name"] == "iterations"].assign(epsilon=0.5)
    first = first.assign(iterations=first["x"])
    second = published[published["x_name"] == "epsilon"].assign(iterations=25)
    second = second.assign(epsilon=second["x"])
    # epsilon 0.5 with L = 25 is on BPR-MF's curves of both figures.
    metrics = pd.concat([first, second]).assign(seed=0, k=10)
    point = ["dataset", "model", "attack", "epsilon", "iterations", "metric"]
    metrics = metrics.drop_duplicates(point)
    long = long_form(
        curves1(metrics),
        curves2(metrics),
    )
    long.to_csv(tmp_path / "figures_1_2.csv", index=False)
    again = pub.load(tmp_path / "figures_1_2.csv").dropna()
    keys = list(published.columns[:-2])
    both = again.assign(x=again["x"].round(9)).merge(published, on=[*keys, "x"], how="outer")
    of_figure2 = both["figure"].isin(["fig1b", "fig1d"]) & (both["x"] == 25)
    both = both[~of_figure2]  # L = 25 of AMF, which is in Figure 2 only
    assert len(both) == len(published) == 320
    assert (both["value_x"] == both["value_y"]).all()


def test_long_form_keeps_missing_points_as_missing():
    metrics = study_metrics(seeds=(0, 1))
    gone = (metrics["seed"] == 1) & (metrics["attack"] == "pgd") & (metrics["iterations"] == 300)
    long = long_form(curves1(metrics[~gone]))
    missing = long[long["value"].isna()]
    assert len(long) == 4 * 2 * 32
    assert missing[["figure", "attack", "x"]].to_numpy().tolist() == [
        [f"fig1{letter}", "pgd", 300.0] for letter in "abcd"
    ]


# --- settings and files


def test_settings_from_config():
    plots = {"formats": ["pdf"], "dpi": 90, "band": "sd", "colours": {"bim": "#123456"}}
    settings = PlotSettings(**plots)
    assert (settings.dpi, settings.band, settings.width) == (90, "sd", 3.45)
    line = lines_of(draw1(study_metrics(), settings=settings))["fig1a"]["bim"]
    assert line.get_color() == "#123456"
    with pytest.raises(ValidationError, match="dip"):
        PlotSettings(dip=90)
    with pytest.raises(ValidationError, match="'min-max' or 'sd'"):
        PlotSettings(band="range")


def test_size_and_resolution(metrics, tmp_path):
    settings = PlotSettings(width=5.0, panel_height=2.0)
    figure = draw1(metrics, settings=settings)
    assert figure.get_size_inches().tolist() == [5.0, 4.85]
    save(figure, tmp_path / "figure.png", dpi=100)
    header = (tmp_path / "figure.png").read_bytes()[16:24]
    assert (int.from_bytes(header[:4]), int.from_bytes(header[4:])) == (500, 485)


def test_the_legend_is_inside_the_figure(metrics, published):
    for drawn in (draw1, draw2):
        figure = drawn(metrics, "lastfm", published=published)
        figure.draw_without_rendering()
        box = figure.legends[0].get_window_extent()
        assert figure.bbox.x0 <= box.x0
        assert box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0


@pytest.mark.parametrize("suffix", [".pdf", ".png", ".svg"])
def test_same_metrics_same_bytes(metrics, published, tmp_path, suffix):
    for name in ("one", "two"):
        figure = draw2(metrics, "lastfm", published=published)
        save(figure, tmp_path / f"{name}{suffix}", dpi=60)
    one, two = ((tmp_path / f"{name}{suffix}").read_bytes() for name in ("one", "two"))
    assert one == two
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"one{suffix}", f"two{suffix}"]


def test_pdf_has_its_fonts_and_no_date(metrics, tmp_path):
    save(draw1(metrics), tmp_path / "figure.pdf", dpi=60)
    content = (tmp_path / "figure.pdf").read_bytes()
    assert b"/FontFile2" in content
    assert b"/Type3" not in content
    assert b"CreationDate" not in content


def test_no_global_state_is_left_changed(metrics, tmp_path):
    before = dict(matplotlib.rcParams)
    save(draw1(metrics), tmp_path / "figure.pdf", dpi=60)
    assert dict(matplotlib.rcParams) == before
