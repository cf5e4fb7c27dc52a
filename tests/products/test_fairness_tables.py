"""Tables 2 and 3 and their heat map, from made-up tidy tables."""

from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from awkward_title import AWKWARD, IN_LATEX, IN_MARKDOWN, assert_written
from embrittle.errors import DataError
from embrittle.metrics.evaluation import FAIRNESS_COLUMNS, GROUP_COLUMNS
from embrittle.products.fairness.cells import (
    TABLE2,
    TABLE3,
    cells,
    comparison,
    long_form,
    relative_changes,
)
from embrittle.products.fairness.figure import change_text, colour_position, heat_map
from embrittle.products.fairness.tables import caption, comparison_markdown, forms, texts, wide
from embrittle.render import published
from embrittle.render.markup import MARKDOWN
from embrittle.render.plot_settings import PlotSettings

RESOURCES = Path(__file__).parents[2] / "resources" / "published"
ATTACKS = ["fgsm", "bim"]
ATTRIBUTES = ["item_popularity", "user_gender"]
ARGUMENTS = {"k": 10, "attacks": ATTACKS, "attributes": ATTRIBUTES}
TITLES = {"ml-1m": "MovieLens-1M"}
ABOUT = {
    "k": 10,
    "epsilon": 0.5,
    "iterations": 150,
    "attributes": ATTRIBUTES,
    "item_value": "rated-hits",
    "gce": {"beta": 2.0, "smoothing": 0.05, "background": 1e-4},
    "distributions": {"user_gender": {"f1": [0.75, 0.25]}},
    "notes": ["Chosen on the test items."],
}
CONDITIONS = [("initial", 0.0, 0), ("fgsm", 0.5, 1), ("bim", 0.5, 150)]


def tidy_groups(datasets=("ml-1m",), seeds=(0,), value=lambda **_: 0.1):
    rows = [
        (d, m, s, *c, 10, a, g, f"label {g}", 7, 2, value(d=d, m=m, s=s, c=c[0], a=a, g=g), "")
        for d, m, s, c, a, g in product(
            datasets, ["BPR-MF", "AMF"], seeds, CONDITIONS, ATTRIBUTES, ["C1", "C2"]
        )
        if (d, a) != ("lastfm", "user_gender")
    ]
    return pd.DataFrame(rows, columns=GROUP_COLUMNS)


def tidy_fairness(value, seeds=(0,)):
    rows = [
        ("ml-1m", m, s, *c, 10, a, measure, value(m=m, s=s, c=c[0], a=a, measure=measure))
        for m, s, c, a, measure in product(
            ["BPR-MF", "AMF"], seeds, CONDITIONS, ATTRIBUTES, ["GCE_f0", "MADr"]
        )
    ]
    return pd.DataFrame(rows, columns=FAIRNESS_COLUMNS)


def spread_of(groups, **arguments):
    return cells(groups, TABLE2, **{**ARGUMENTS, "seeds": sorted(set(groups["seed"])), **arguments})


def at(spread, **names):
    rows = spread[(spread[list(names)] == pd.Series(names)).all(axis=1)]
    assert len(rows) == 1
    return rows.iloc[0]


def test_cells_are_means_over_seeds_in_the_papers_order():
    groups = tidy_groups(seeds=(0, 1), value=lambda s, c, **_: 0.1 * s + 0.3 * (c == "initial"))
    spread = spread_of(groups.sample(frac=1, random_state=0))
    assert list(dict.fromkeys(spread["model"])) == ["BPR-MF", "AMF"]
    assert list(dict.fromkeys(spread["condition"])) == ["initial", "fgsm", "bim"]
    assert list(dict.fromkeys(spread["attribute"])) == ATTRIBUTES
    cell = at(spread, model="AMF", condition="initial", attribute="user_gender", group="C2")
    assert cell["mean"] == pytest.approx(0.35)
    assert cell["sd"] == pytest.approx(0.1 / np.sqrt(2))
    assert cell["n_seeds"] == 2


def test_a_cell_that_a_seed_lacks_is_missing_not_the_mean_of_the_rest():
    groups = tidy_groups(seeds=(0, 1))
    lost = (groups["seed"] == 1) & (groups["attack"] == "bim") & (groups["model"] == "AMF")
    spread = spread_of(groups[~lost])
    cell = at(spread, model="AMF", condition="bim", attribute="user_gender", group="C1")
    assert np.isnan(cell["mean"])
    assert cell["n_seeds"] == 1
    assert spread["mean"].isna().sum() == 4
    assert "| AMF     | BIM         |" in texts(spread, groups, TABLE2, ABOUT, TITLES)["markdown"]
    assert "A dash: nothing to measure" in texts(spread, groups, TABLE2, ABOUT, TITLES)["markdown"]


def test_a_seed_of_which_nothing_is_there_is_missed_too():
    spread = spread_of(tidy_groups(seeds=(0,)), seeds=[0, 1])
    assert spread["mean"].isna().all()
    assert (spread["n_seeds"] == 1).all()


def test_another_length_of_lists_and_repeated_rows():
    groups = tidy_groups()
    with pytest.raises(DataError, match="no values at K = 20"):
        spread_of(groups, k=20)
    with pytest.raises(DataError, match="two rows for"):
        spread_of(pd.concat([groups, groups.head(1)]))


def test_the_long_form_has_the_columns_of_the_published_table():
    for table, rows in (
        (TABLE2, tidy_groups()),
        (TABLE3, tidy_fairness(lambda **_: -0.1)),
    ):
        theirs = published.load(RESOURCES / f"{table.name}.csv")
        spread = cells(rows, table, **ARGUMENTS, seeds=[0])
        assert list(long_form(spread, table)) == list(theirs)


def test_an_attribute_that_is_not_published_has_no_columns_and_is_said():
    groups = tidy_groups(datasets=("ml-1m", "lastfm"))
    spread = spread_of(groups)
    assert set(spread.loc[spread["dataset"] == "lastfm", "attribute"]) == {"item_popularity"}
    text = texts(spread, groups, TABLE2, ABOUT, TITLES)["markdown"]
    ours, theirs = text.split("**lastfm**")
    assert "User gender" not in theirs.split("Not published")[0]
    assert "Attributes that these data do not have: user gender." in theirs
    assert "Not published" not in ours
    assert "User gender: C1 label C1, C2 label C2." in ours


def test_the_best_of_a_model_is_bold_and_nothing_where_all_print_alike():
    best = {"initial": 0.3, "fgsm": 0.30004, "bim": 0.1}
    groups = tidy_groups(value=lambda c, m, **_: best[c] if m == "AMF" else 0.2)
    column = wide(spread_of(groups), TABLE2, "ml-1m", MARKDOWN)["User gender", "C1"]
    assert column["AMF"].tolist() == ["**0.300**", "**0.300**", "0.100"]
    assert column["BPR-MF"].tolist() == ["0.200"] * 3


def test_in_table_3_the_nearest_to_0_is_best_and_thousands_are_grouped():
    values = {"initial": -2039.7642, "fgsm": -0.00001, "bim": -3.0}
    rows = tidy_fairness(lambda c, **_: values[c])
    spread = cells(rows, TABLE3, **ARGUMENTS, seeds=[0])
    column = wide(spread, TABLE3, "ml-1m", MARKDOWN)["User gender", "GCE f0"]
    assert column["AMF"].tolist() == ["-2,040", "**0.000**", "-3.000"]


def test_captions_say_what_is_shown():
    groups = tidy_groups(seeds=(0, 1, 2))
    text = " ".join(caption(ABOUT, spread_of(groups), groups, TABLE2, "ml-1m"))
    for part in (
        "nDCG@10 of groups",
        "ε = 0.5, 150 iterations",
        "recovered from the printed numbers, not documented",
        "standard deviation of 3 seeds",
        "Chosen on the test items.",
    ):
        assert part in text
    text = " ".join(caption(ABOUT, spread_of(groups), groups, TABLE3, "ml-1m"))
    assert "β = 2, smoothing 0.05 of 0.0001" in text
    assert "f0 and User gender f1 (0.75, 0.25)." in text


def test_latex_has_a_table_for_each_data_set_in_booktabs_form():
    groups = tidy_groups(datasets=("ml-1m", "lastfm"))
    text = texts(spread_of(groups), groups, TABLE2, ABOUT, TITLES)["latex"]
    assert text.count(r"\begin{table*}") == 2
    assert r"\label{tab:table2-lastfm}" in text
    assert "Model & Condition &" in text
    assert r"\multicolumn{2}{c}{Item popularity} & \multicolumn{2}{c}{User gender}" in text
    assert r"\cmidrule(lr){3-4} \cmidrule(lr){5-6}" in text
    assert "ε" not in text


def test_an_awkward_title_is_escaped():
    shown, theirs = {**ARGUMENTS, "seeds": [0]}, published.load(RESOURCES / "table2.csv")
    titles = {"ml-1m": AWKWARD}
    made = forms("table2", tidy_groups(), None, theirs, shown=shown, about=ABOUT, titles=titles)
    assert_written(made["markdown"], IN_MARKDOWN)
    assert_written(made["comparison_markdown"], IN_MARKDOWN)
    assert_written(made["latex"], IN_LATEX)


def test_the_wide_csv_has_numbers_in_full():
    shown = {**ARGUMENTS, "seeds": [0]}
    groups = tidy_groups(value=lambda **_: 1 / 3)
    theirs = published.load(RESOURCES / "table2.csv")
    made = forms("table2", groups, None, theirs, shown=shown, about=ABOUT, titles=TITLES)
    assert list(made["wide"])[:4] == ["dataset", "model", "condition", "item_popularity/C1"]
    assert made["wide"]["user_gender/C2"].tolist() == [1 / 3] * 6


def test_comparison_beside_the_published():
    groups = tidy_groups(value=lambda g, **_: 0.05 if g == "C1" else 0.0)
    long = long_form(spread_of(groups), TABLE2)
    theirs = published.load(RESOURCES / "table2.csv")
    compared = comparison(long, theirs, TABLE2)
    cell = at(compared, model="BPR-MF", condition="initial", attribute="user_gender", group="C1")
    assert cell["difference"] == pytest.approx(0.05 - 0.046)
    assert cell["ratio"] == pytest.approx(0.05 / 0.046)
    assert cell["note"] == ""
    # Published, but not asked for here: named, at the end.
    rest = compared[compared["attribute"] == "user_interactions"]
    assert (rest["note"] == "not computed").all()
    assert len(rest) == 2 * 4 * 4
    assert not compared.duplicated(TABLE2.cell).any()
    zero = at(compared, model="AMF", condition="bim", attribute="item_popularity", group="C1")
    assert np.isnan(zero["ratio"])
    assert zero["difference"] == pytest.approx(0.05)
    text = comparison_markdown(compared, TABLE2, TITLES)
    assert "| MovieLens-1M | BPR-MF  | Initial" in text
    assert "not computed" in text


# --- The heat map ---------------------------------------------------------------------------------


def test_changes_are_of_the_distance_from_0():
    values = {"initial": -0.2, "fgsm": -0.1, "bim": -0.6}
    spread = cells(tidy_fairness(lambda c, **_: values[c]), TABLE3, **ARGUMENTS, seeds=[0])
    changes = relative_changes(spread)
    assert changes[changes["condition"] == "fgsm"]["change"].to_numpy() == pytest.approx(-0.5)
    assert changes[changes["condition"] == "bim"]["change"].to_numpy() == pytest.approx(2.0)
    assert "initial" not in set(changes["condition"])


def test_there_is_no_change_from_0():
    spread = cells(tidy_fairness(lambda **_: 0.0), TABLE3, **ARGUMENTS, seeds=[0])
    assert relative_changes(spread)["change"].isna().all()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (0.0, "+0 %"),
        (-0.123, "−12 %"),
        (0.5, "+50 %"),
        (1.0, "×2.0"),
        (20.7, "×22"),
        (10561.0, "×11k"),
        (np.nan, "–"),
    ],
)
def test_change_text(change, text):
    assert change_text(change) == text


def test_colours_are_symmetric_in_factors_and_end_at_a_hundred():
    factors = np.array([0.5, 2, 0.001, 5000, 1])
    np.testing.assert_allclose(
        colour_position(factors - 1), [-np.sqrt(0.1505), np.sqrt(0.1505), -1, 1, 0], atol=1e-4
    )
    assert colour_position(-1.0) == -1


def test_the_heat_map_shows_every_measure_of_every_attack():
    values = {"initial": -0.2, "fgsm": -0.1, "bim": -0.6}
    spread = cells(tidy_fairness(lambda c, **_: values[c]), TABLE3, **ARGUMENTS, seeds=[0])
    figure = heat_map(relative_changes(spread), "ml-1m", title="MovieLens-1M")
    first, second = figure.axes[:2]
    assert [first.get_title(), second.get_title()] == ["BPR-MF", "AMF"]
    assert [label.get_text() for label in first.get_xticklabels()] == ["FGSM", "BIM"]
    assert [label.get_text() for label in first.get_yticklabels()] == [
        "item popularity: GCE f0",
        "MADr",
        "user gender: GCE f0",
        "MADr",
    ]
    assert [text.get_text() for text in first.texts] == ["−50 %", "×3.0"] * 4
    with pytest.raises(DataError, match="no fairness of the data set 'lastfm'"):
        heat_map(relative_changes(spread), "lastfm")


def test_labels_of_the_heat_map_do_not_overlap():
    """Names of attacks and models may be long; a panel is wide enough for them."""
    attacks = ["a-name-of-an-attack", "another-name-of-one"]
    values = {"initial": -0.2, "fgsm": -0.1, "bim": -0.6}
    spread = cells(tidy_fairness(lambda c, **_: values[c]), TABLE3, **ARGUMENTS, seeds=[0])
    named = spread.assign(
        condition=spread["condition"].replace(dict(zip(("fgsm", "bim"), attacks, strict=True)))
    )
    settings = PlotSettings(names={"AMF": "a name of forty letters, as some may be"})
    figure = heat_map(relative_changes(named), "ml-1m", settings)
    figure.draw_without_rendering()
    for row in (
        [ax.title for ax in figure.axes[:2]],
        [label for ax in figure.axes[:2] for label in ax.get_xticklabels()],
    ):
        boxes = [text.get_window_extent() for text in row]
        assert all(one.x1 < other.x0 for one, other in pairwise(boxes))
        assert figure.bbox.x0 <= boxes[0].x0
        assert boxes[-1].x1 <= figure.bbox.x1
