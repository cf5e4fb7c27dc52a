from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from awkward_title import AWKWARD, IN_LATEX, IN_MARKDOWN, assert_written
from embrittle.errors import DataError
from embrittle.metrics.tidy import metrics_at
from embrittle.products.table1 import tables
from embrittle.products.table1.cells import (
    CELL,
    accumulate,
    long_form,
    table1_comparison,
    table1_spread,
)
from embrittle.render import published as pub
from embrittle.render.markup import MARKDOWN
from embrittle.render.tables import wide_numbers
from embrittle.vocabulary import METRICS, PAPER_ATTACKS
from made_up_metrics import TABLE1_ITERATIONS, published_curve, study_metrics

PUBLISHED = Path(__file__).parents[2] / "resources" / "published"
CHECKABLE = [
    (metric, model, attack)
    for metric in ("nDCG", "ICov")
    for model in ("BPR-MF", "AMF")
    for attack in ("bim", "pgd")
]
# nDCG is printed with four decimals: the rounding of a curve's points moves its integral by at most
# half a unit, and that of the cell is half a unit more. ICov is a whole number: its curve is exact,
# and the cells are partly rounded (2314.85 is printed 2315), partly cut off (4352.97 is 4352).
ONE_PRINTED_UNIT = {"nDCG": 1e-4, "ICov": 1.0}


@pytest.fixture(scope="module")
def table1():
    return pub.load(PUBLISHED / "table1.csv")


@pytest.fixture(scope="module")
def figures():
    return pub.load(PUBLISHED / "figures_1_2.csv")


def published_cell(table1, dataset, model, condition, metric):
    cell = table1.set_index(["dataset", "model", "condition", "metric"])["value"]
    return cell.loc[(dataset, model, condition, metric)]


def iteration_curve(figures, metric, model, attack):
    figure = {
        ("nDCG", "BPR-MF"): "fig1a",
        ("nDCG", "AMF"): "fig1b",
        ("ICov", "BPR-MF"): "fig1c",
        ("ICov", "AMF"): "fig1d",
    }[(metric, model)]
    return published_curve(figures, figure, "lastfm", model, attack)


def metrics_row(value, *, model="m", seed=0, attack="bim", epsilon=0.5, iterations=1, k=10):
    return {
        "dataset": "d",
        "model": model,
        "seed": seed,
        "attack": attack,
        "epsilon": epsilon,
        "iterations": iterations,
        "k": k,
        "metric": "nDCG",
        "value": value,
    }


def without_spread(long):
    """A table of single values, the published one, in the columns of `table1_spread`."""
    return long.rename(columns={"value": "mean"}).assign(sd=np.nan, n_seeds=1)


def forms_of(metrics, iterations, **more):
    """Table 1 in all its forms, at epsilon 0.5 and K = 10."""
    given = {"attacks": PAPER_ATTACKS, "titles": {}, **more}
    theirs = pub.load(PUBLISHED / "table1.csv")
    return tables.forms(metrics, theirs, epsilon=0.5, iterations=iterations, k=10, **given)


def table1_long(*args, **more):
    return long_form(table1_spread(*args, **more))


# --- accumulation


@pytest.mark.parametrize(("metric", "model", "attack"), CHECKABLE)
def test_published_curves_as_printed_give_the_published_cells(
    table1, figures, metric, model, attack
):
    """All 8, within one unit of the last printed digit; BPR-MF's printed curves have L = 25."""
    curve = iteration_curve(figures, metric, model, attack)
    assert len(curve) == (32 if model == "BPR-MF" else 31)
    cell = published_cell(table1, "lastfm", model, attack, metric)
    assert abs(accumulate(curve["x"], curve["value"]) - cell) < ONE_PRINTED_UNIT[metric]


@pytest.mark.parametrize(("metric", "model", "attack"), CHECKABLE)
def test_the_grid_of_table1_gives_the_published_cells(table1, figures, metric, model, attack):
    """All 8: nDCG within one printed unit, ICov within 0.1 % (leaving L = 25 out moves it by 3)."""
    curve = iteration_curve(figures, metric, model, attack)
    curve = curve[curve["x"].isin(TABLE1_ITERATIONS)]
    assert len(curve) == 31
    cell = published_cell(table1, "lastfm", model, attack, metric)
    tolerance = {"nDCG": 1e-4, "ICov": 1e-3 * cell}[metric]
    assert abs(accumulate(curve["x"], curve["value"]) - cell) < tolerance


def test_accumulate_by_hand():
    # (1 + 3) / 2 * 9 + (3 + 0) / 2 * 10 = 33, over 20.
    assert accumulate([1, 10, 20], [1.0, 3.0, 0.0]) == pytest.approx(33 / 20)
    assert accumulate([20, 1, 10], [0.0, 1.0, 3.0]) == pytest.approx(33 / 20)
    assert accumulate([1, 10], [2.0, 2.0]) == pytest.approx(2.0 * (1 - 1 / 10))
    assert np.isnan(accumulate([1, 10, 20], [1.0, np.nan, 0.0]))


@pytest.mark.parametrize(
    ("iterations", "values", "message"),
    [
        ([10], [1.0], "at least two"),
        ([], [], "at least two"),
        ([1, 10, 10], [1.0, 2.0, 3.0], "twice"),
        ([1, 10], [1.0], "2 iteration counts, but 1 values"),
    ],
)
def test_accumulate_refuses(iterations, values, message):
    with pytest.raises(DataError, match=message):
        accumulate(iterations, values)


# --- long forms


def test_long_form_has_the_published_rows_in_the_published_order(table1):
    metrics = study_metrics(datasets=("lastfm", "ml-1m"), seeds=(0, 1))
    shuffled = metrics.sample(frac=1, random_state=3)
    for given in (metrics, shuffled.sort_values("dataset", kind="stable")):
        ours = table1_long(given, 0.5, TABLE1_ITERATIONS, 10)
        assert list(ours.columns) == list(table1.columns)
        assert ours.drop(columns="value").equals(table1.drop(columns="value"))
        assert ours["value"].notna().all()


def test_cells_are_single_values_accumulated_values_and_means_over_seeds():
    rows = [metrics_row(0.9, attack="initial", epsilon=0.0, iterations=0)]
    rows += [metrics_row(0.8, attack="fgsm")]
    rows += [metrics_row(v, iterations=i) for i, v in [(1, 0.7), (10, 0.5), (25, 9.0), (20, 0.1)]]
    rows += [{**row, "seed": 1, "value": row["value"] + 0.2} for row in rows]
    spread = table1_spread(pd.DataFrame(rows), 0.5, [1, 10, 20], 10)
    bim = (0.6 * 9 + 0.3 * 10) / 20
    assert spread["condition"].tolist() == ["initial", "fgsm", "bim", "pgd"]
    expected = [1.0, 0.9, bim + 0.1 * 19 / 20, np.nan]
    assert spread["mean"].tolist() == pytest.approx(expected, nan_ok=True)
    sd = 0.1 * np.sqrt(2)
    assert spread["sd"].tolist() == pytest.approx([sd, sd, sd * 19 / 20, np.nan], nan_ok=True)
    assert spread["n_seeds"].tolist() == [2, 2, 2, 0]


def test_one_seed_has_a_mean_and_no_sd():
    spread = table1_spread(study_metrics(), 0.5, TABLE1_ITERATIONS, 10)
    assert (spread["n_seeds"] == 1).all()
    assert spread["mean"].notna().all()
    assert spread["sd"].isna().all()


def test_a_cell_that_one_seed_lacks_is_missing_not_the_mean_of_the_others():
    metrics = study_metrics(seeds=(0, 1))
    gone = (metrics["seed"] == 1) & (metrics["attack"] == "bim") & (metrics["model"] == "AMF")
    gone &= (metrics["iterations"] == 150) & (metrics["metric"] == "nDCG")
    assert gone.sum() == 1
    spread = table1_spread(metrics[~gone], 0.5, TABLE1_ITERATIONS, 10)
    missing = spread[spread["mean"].isna()]
    assert missing[["model", "condition", "metric", "n_seeds"]].to_numpy().tolist() == [
        ["AMF", "bim", "nDCG", 1]
    ]


def test_a_model_missing_for_one_data_set_is_missing_there_only():
    metrics = study_metrics(datasets=("a", "b"))
    metrics = metrics[(metrics["dataset"] == "a") | (metrics["model"] != "AMF")]
    long = table1_long(metrics, 0.5, TABLE1_ITERATIONS, 10)
    missing = long[long["value"].isna()]
    assert len(long) == 96
    assert len(missing) == 24
    assert set(zip(missing["dataset"], missing["model"], strict=True)) == {("b", "AMF")}


def test_epsilon_is_compared_as_a_float_and_k_is_selected():
    metrics = study_metrics(ks=(10, 20))
    metrics["epsilon"] = metrics["epsilon"].where(metrics["epsilon"] != 0.5, 0.1 + 0.2 + 0.2)
    at = {k: table1_long(metrics, 0.5, TABLE1_ITERATIONS, k) for k in (10, 20)}
    assert at[10]["value"].notna().all()
    assert (at[20]["value"] / at[10]["value"]).to_numpy() == pytest.approx(2.0)
    with pytest.raises(DataError, match="no rows for K = 5; available K: 10, 20"):
        table1_long(metrics, 0.5, TABLE1_ITERATIONS, 5)


def test_further_metrics_and_models_follow_the_papers_attacks_are_in_the_order_asked_for():
    extra = [
        metrics_row(0.5, attack="mine", iterations=1),
        metrics_row(0.3, attack="mine", iterations=10),
        metrics_row(0.4, attack="one-shot", iterations=1),
        {**metrics_row(7.0, attack="initial", epsilon=0.0, iterations=0), "metric": "Gini"},
    ]
    metrics = pd.concat([pd.DataFrame(extra).assign(dataset="ml-1m"), study_metrics()])
    attacks = {"mine": False, "pgd": False, "one-shot": True, "fgsm": True}
    long = table1_long(metrics, 0.5, [1, 10], 10, attacks=attacks)
    assert list(dict.fromkeys(long["model"])) == ["BPR-MF", "AMF", "m"]
    assert list(dict.fromkeys(long["metric"])) == [*METRICS, "Gini"]
    conditions = ["initial", "mine", "pgd", "one-shot", "fgsm"]
    assert list(dict.fromkeys(long["condition"])) == conditions
    cells = long[(long["model"] == "m") & (long["metric"] == "nDCG")].set_index("condition")
    assert cells["value"]["mine"] == pytest.approx(0.4 * 9 / 10)
    assert cells["value"]["one-shot"] == 0.4


def test_hr_has_a_row_if_a_data_set_has_several_test_items_of_a_user():
    metrics = study_metrics(("ml-1m", "several"))
    assert "HR" not in set(table1_long(metrics, 0.5, TABLE1_ITERATIONS, 10)["metric"])
    recall = metrics["metric"] == "RE"
    measured = metrics[recall & (metrics["dataset"] == "several")]
    metrics = pd.concat([metrics, measured.assign(metric="HR", value=2 * measured["value"])])
    long = table1_long(metrics, 0.5, TABLE1_ITERATIONS, 10)
    assert list(dict.fromkeys(long["metric"])) == [*METRICS, "HR"]
    at = {name: long[long["metric"] == name].set_index("dataset")["value"] for name in ("RE", "HR")}
    assert (at["HR"]["ml-1m"] == at["RE"]["ml-1m"]).all()  # one test item each
    assert at["HR"]["several"].to_numpy() == pytest.approx(2 * at["RE"]["several"].to_numpy())


def test_an_attack_that_only_a_figure_shows_is_not_in_the_table(table1):
    metrics = study_metrics()
    mine = metrics[metrics["attack"] == "bim"].assign(attack="mine")
    metrics = pd.concat([metrics, mine])
    by_default = table1_spread(metrics, 0.5, TABLE1_ITERATIONS, 10)
    assert by_default.equals(table1_spread(study_metrics(), 0.5, TABLE1_ITERATIONS, 10))
    # And the other way round: the paper's attacks are there, but not asked for.
    spread = table1_spread(metrics, 0.5, TABLE1_ITERATIONS, 10, {"pgd": False})
    assert spread["condition"].unique().tolist() == ["initial", "pgd"]
    pgd = by_default[by_default["condition"] == "pgd"]["mean"].tolist()
    assert spread[spread["condition"] == "pgd"]["mean"].tolist() == pgd
    comparison = table1_comparison(long_form(spread), table1)
    assert comparison["condition"].unique().tolist() == ["initial", "pgd"]
    assert len(comparison) == 24
    wide = wide_numbers(spread, tables.ROWS, tables.COLUMNS)
    assert wide.columns.tolist() == ["model", "metric", "ml-1m/initial", "ml-1m/pgd"]


def test_an_attack_asked_for_without_rows_is_missing():
    attacks = {"absent": False, "bim": False, "shot": True}
    spread = table1_spread(study_metrics(), 0.5, TABLE1_ITERATIONS, 10, attacks)
    missing = spread["condition"].isin(["absent", "shot"])
    assert (spread["mean"].isna() == missing).all()
    wide = tables.wide(spread, {}, MARKDOWN)
    assert wide.columns.get_level_values(1).tolist() == ["Initial", "absent", "BIM", "shot"]
    assert (wide[[("ml-1m", "absent"), ("ml-1m", "shot")]] == "—").all(axis=None)


def test_single_step_attacks_alone_need_no_grid():
    spread = table1_spread(study_metrics(), 0.5, [25], 10, {"fgsm": True})
    assert spread["condition"].unique().tolist() == ["initial", "fgsm"]
    assert spread["mean"].notna().all()


def test_unusable_metrics_are_refused():
    metrics = study_metrics()
    with pytest.raises(DataError, match="no column seed, value"):
        metrics_at(metrics.drop(columns=["seed", "value"]), 10)
    twice = pd.concat([metrics, metrics.iloc[[5]]])
    with pytest.raises(DataError, match=r"two rows for .*'metric': 'ICov'"):
        metrics_at(twice, 10)
    with pytest.raises(DataError, match="no trained model"):
        table1_long(metrics[metrics["model"] == "Random"], 0.5, [1, 10], 10)
    with pytest.raises(DataError, match="at least two"):
        table1_long(metrics, 0.5, [25], 10)


def test_an_awkward_title_is_escaped():
    made = forms_of(study_metrics(), [1, 10], titles={"ml-1m": AWKWARD})
    assert_written(made["markdown"], IN_MARKDOWN)
    assert_written(made["comparison_markdown"], IN_MARKDOWN)
    assert_written(made["latex"], IN_LATEX)


# --- shapes to read


TITLES = {"lastfm": "LastFM", "ml-1m": "ML_1M | 100 %"}


def test_the_published_table_in_the_published_shape(table1):
    wide = tables.wide(without_spread(table1), {"lastfm": "LastFM"}, MARKDOWN)
    assert wide.shape == (12, 8)
    assert wide.index.tolist()[:7] == [
        ("BPR-MF", name) for name in ("PR", "RE", "nDCG", "EFD", "SE", "ICov")
    ] + [("AMF", "PR")]
    assert wide.columns.tolist() == [
        (dataset, condition)
        for dataset in ("LastFM", "ml-1m")
        for condition in ("Initial", "FGSM", "BIM", "PGD")
    ]
    # Bold as in the paper: the lowest under perturbation, ties (as printed) both.
    assert wide.loc[("BPR-MF", "PR")].tolist() == [
        "0.0310", "0.0211", "0.0019", "**0.0018**", "0.0088", "0.0074", "**0.0035**", "**0.0035**",
    ]  # fmt: skip
    assert wide.loc[("AMF", "SE")].tolist() == [
        "9.98", "8.90", "**7.19**", "7.20", "8.30", "7.41", "**6.30**", "**6.30**",
    ]  # fmt: skip
    assert wide.loc[("BPR-MF", "ICov")].tolist()[4:] == ["2247", "2433", "**1189**", "1213"]


def test_the_published_table_as_wide_numbers(table1):
    wide = wide_numbers(without_spread(table1), tables.ROWS, tables.COLUMNS)
    pairs = [f"{d}/{c}" for d in ("lastfm", "ml-1m") for c in ("initial", "fgsm", "bim", "pgd")]
    assert wide.columns.tolist() == ["model", "metric", *pairs]
    assert wide["metric"].tolist() == list(METRICS) * 2
    assert wide["model"].tolist() == ["BPR-MF"] * 6 + ["AMF"] * 6
    assert wide.loc[4, "lastfm/bim"] == 10.1703
    back = wide.melt(["model", "metric"], var_name="column", value_name="value")
    back[["dataset", "condition"]] = back["column"].str.split("/", expand=True).to_numpy()
    both = table1.merge(back, on=CELL, validate="one_to_one")
    assert len(both) == 96
    assert (both["value_x"] == both["value_y"]).all()


def test_the_long_form_is_the_mean_column():
    spread = table1_spread(study_metrics(seeds=(0, 1)), 0.5, TABLE1_ITERATIONS, 10)
    long = long_form(spread)
    assert long.columns.tolist() == [*CELL, "value"]
    assert long["value"].tolist() == spread["mean"].tolist()


def metrics_with_a_gap():
    metrics = study_metrics(datasets=("lastfm", "ml-1m"), seeds=(0, 1))
    gone = (metrics["dataset"] == "ml-1m") & (metrics["model"] == "AMF")
    gone &= metrics["attack"].isin(["bim", "pgd"])
    return metrics[~gone]


def test_markdown():
    made = forms_of(metrics_with_a_gap(), TABLE1_ITERATIONS, titles=TITLES)
    spread, lines = made["spread"], made["markdown"].splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split(" |")] for line in lines[:14]]
    assert cells[0][:3] == ["Model", "Metric", "LastFM: Initial"]
    assert "ML\\_1M \\| 100 %: PGD" in lines[0]
    assert lines[1].startswith("|:---")
    row = spread[(spread["metric"] == "RE") & (spread["model"] == "BPR-MF")].iloc[0]
    assert cells[3][:3] == ["BPR-MF", "RE", f"{row['mean']:.4f} ± {row['sd']:.4f}"]
    # One value under perturbation is left, which is not the lowest of anything: not bold.
    assert cells[9][8:] == ["—", "—"]
    assert "**" not in cells[9][7]
    assert "L = 1, 10, 20, …, 300 iterations divided by 300" in lines[-1]
    assert "Mean ± standard deviation of 2 seeds." in lines[-1]
    assert "A dash: not computed for at least one seed." in lines[-1]


def test_caption_says_nothing_of_seeds_or_dashes_that_are_not_there():
    spread = table1_spread(study_metrics(), 0.5, [1, 10, 20], 10)
    caption = " ".join(tables.caption(spread, 0.5, [1, 10, 20], 10))
    assert "seed" not in caption
    assert "L = 1, 10, 20 iterations divided by 20" in caption


def test_what_the_caller_adds_ends_the_caption():
    notes = ["The attacked epoch was chosen on the test items.", "100 % made up."]
    plain, noted = (forms_of(study_metrics(), [1, 10], notes=said) for said in ([], notes))
    assert noted["markdown"] == f"{plain['markdown'][:-1]} {' '.join(notes)}\n"
    caption = next(line for line in noted["latex"].splitlines() if line.startswith(r"\caption"))
    assert caption.endswith(r"chosen on the test items. 100 \% made up.}")
    assert "chosen" not in plain["latex"]


def test_latex():
    latex = forms_of(metrics_with_a_gap(), TABLE1_ITERATIONS, titles=TITLES)["latex"]
    lines = latex.splitlines()
    rows = [line for line in lines if line.endswith(r"\\")]
    heading, names, *cells = rows
    assert (
        r"\multicolumn{4}{c}{LastFM} & \multicolumn{4}{c}{ML\_1M \textbar{} 100 \%} \\" in heading
    )
    assert lines[lines.index(heading) + 1] == r"\cmidrule(lr){3-6} \cmidrule(lr){7-10}"
    assert names.startswith("Model & Metric & Initial & FGSM & BIM & PGD & Initial")
    assert len(cells) == 12
    assert all(row.count("&") == 9 for row in rows[1:])
    assert cells[6].startswith("AMF & PR & ")
    assert cells[6].endswith(r"& -- & -- \\")
    assert r"\textbf{" in cells[0]
    assert r" $\pm$ " in cells[0]
    rules = [line for line in lines if line in (r"\toprule", r"\midrule", r"\bottomrule")]
    assert rules == [r"\toprule", r"\midrule", r"\midrule", r"\bottomrule"]
    caption = next(line for line in lines if line.startswith(r"\caption"))
    assert r"$\epsilon$ = 0.5" in caption
    assert caption.isascii()
    assert latex.count("{") == latex.count("}")


# --- beside the published


def test_comparison_with_the_published_cells(table1):
    metrics = study_metrics(datasets=("ml-1m", "mine"))
    metrics = metrics[(metrics["attack"] != "pgd") | (metrics["dataset"] != "ml-1m")]
    ours = table1_long(metrics, 0.5, TABLE1_ITERATIONS, 10)
    both = table1_comparison(ours, table1)
    assert len(both) == len(ours) == 96
    assert both["note"].value_counts().to_dict() == {
        "not published": 48,
        "": 36,
        "not computed": 12,
    }
    row = both.set_index(["dataset", "model", "condition", "metric"]).loc[
        ("ml-1m", "AMF", "initial", "ICov")
    ]
    assert row["published"] == 1486
    assert row["ratio"] == pytest.approx(row["value"] / 1486)
    assert row["deviation_percent"] == pytest.approx(100 * (row["value"] - 1486) / 1486)
    assert both.loc[both["note"] != "", ["ratio", "deviation_percent"]].isna().all(axis=None)


def test_what_was_spent_is_a_row_that_competes_with_nothing():
    values = {"nDCG": 0.2, "spent all L2 mean": 2.5, "spent users Linf max": 9.0}
    rows = pd.DataFrame(
        [
            metrics_row(value / part, attack=attack, iterations=iterations) | {"metric": metric}
            for metric, value in values.items()
            for attack, iterations, part in (("initial", 0, 1), ("fgsm", 1, 2), ("noise", 1, 5))
        ]
    )
    made = forms_of(rows, [1, 2], attacks={"fgsm": True, "noise": True})
    assert made["spread"]["metric"].unique().tolist() == ["nDCG", "spent all L2 mean"]
    lines = made["markdown"].splitlines()
    spent = next(line for line in lines if "Perturbation norm" in line)
    assert [cell.strip() for cell in spent.split("|")[2:6]] == [
        "Perturbation norm", "2.5000", "1.2500", "0.5000",
    ]  # fmt: skip
    assert "which differs between attacks of one ε" in lines[-1]
    assert made["comparison"]["metric"].unique().tolist() == ["nDCG"]


def test_comparison_in_markdown():
    cell = {"dataset": "d", "model": "AMF", "condition": "bim"}
    ours = {"nDCG": 0.0220, "ICov": 99.6, "SE": np.nan, "PR": 0.5}
    theirs = {"nDCG": 0.0200, "SE": 7.1871, "PR": 0.0}
    ours, theirs = (
        pd.DataFrame([{**cell, "metric": name, "value": value} for name, value in side.items()])
        for side in (ours, theirs)
    )
    text = tables.comparison_markdown(table1_comparison(ours, theirs), {"d": "Mine"})
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()[2:]]
    assert rows == [
        ["Mine", "AMF", "BIM", "nDCG", "0.0220", "0.0200", "1.100", "+10.0 %"],
        ["Mine", "AMF", "BIM", "ICov", "100", "not published", "—", "—"],
        ["Mine", "AMF", "BIM", "SE", "—", "7.19", "—", "—"],
        ["Mine", "AMF", "BIM", "PR", "0.5000", "0.0000", "—", "—"],
    ]
