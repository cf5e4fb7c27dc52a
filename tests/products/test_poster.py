"""The tables and figures of the APR poster, on made-up metrics whose cells are known."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from awkward_title import AWKWARD, IN_LATEX, IN_MARKDOWN, assert_written
from embrittle.errors import DataError
from embrittle.files import write_parquet
from embrittle.metrics.evaluation import evaluate_conditions
from embrittle.products.poster import cells as poster
from embrittle.products.poster import figure as poster_figures
from embrittle.products.poster.cells import FAILS, HOLDS, ON_AVERAGE, UNKNOWN
from embrittle.products.poster.tables import report_accuracy, report_robustness
from embrittle.render import published
from embrittle.render.plot_settings import PlotSettings
from embrittle.render.style import save
from held_out import held_out

RESOURCES = Path(__file__).parents[2] / "resources" / "published"
ROBUSTNESS = published.load(RESOURCES / "apr_robustness.csv")
PERFORMANCE = published.load(RESOURCES / "apr_performance.csv")
METHODS = {"fgsm": "fgsm", "noise": "noise"}
EPSILON = [0.5, 1.0, 2.0]
COLUMNS = ["dataset", "model", "seed", "attack", "epsilon", "iterations", "k", "metric", "value"]
# What remains of nDCG at each ε, by model and attack.
REMAINS = {
    ("BPR-MF", "fgsm"): (0.8, 0.6, 0.3),
    ("AMF", "fgsm"): (0.95, 0.9, 0.7),
    ("BPR-MF", "noise"): (0.99, 0.95, 0.8),
    ("AMF", "noise"): (1.01, 0.98, 0.9),
}
INITIAL = {"BPR-MF": 0.04, "AMF": 0.05}


def study(datasets=("yelp",), seeds=(0, 1), k=100, remains=REMAINS):
    """Tidy metrics: a seed s has (1 + s / 10) times the unperturbed nDCG, and the same relative changes."""
    rows = []
    for dataset in datasets:
        for seed in seeds:
            rows.append((dataset, "Random", seed, "initial", 0.0, 0, k, "nDCG", 0.001))
            for model, start in INITIAL.items():
                ndcg = start * (1 + seed / 10)
                rows.append((dataset, model, seed, "initial", 0.0, 0, k, "nDCG", ndcg))
                rows.append((dataset, model, seed, "initial", 0.0, 0, k, "RE", 4 * ndcg))
                for attack in METHODS:
                    for x, share in zip(EPSILON, remains[model, attack], strict=True):
                        rows.append((dataset, model, seed, attack, x, 1, k, "nDCG", ndcg * share))
    return pd.DataFrame(rows, columns=COLUMNS)


def per_seed(metrics, datasets=("yelp",), k=100):
    return poster.robustness_seeds(metrics, datasets, METHODS, EPSILON, k)


def robustness_report(metrics, datasets=("yelp",), titles=None, **more):
    about = {"datasets": datasets, "methods": METHODS, "epsilon": EPSILON, "k": 100}
    return report_robustness(metrics, ROBUSTNESS, **about, titles=titles or {}, **more)


# --- Robustness -----------------------------------------------------------------------------------


def test_relative_changes_by_hand_beside_the_printed_ones():
    table = poster.robustness_comparison(per_seed(study()), METHODS, ROBUSTNESS, 100)
    cells = table.set_index(["model", "attack", "epsilon"])
    assert len(table) == 2 * 2 * 3
    for (model, attack), shares in REMAINS.items():
        for x, share in zip(EPSILON, shares, strict=True):
            cell = cells.loc[(model, attack, x)]
            assert cell["mean"] == pytest.approx(100 * (share - 1))
            assert cell["sd"] == pytest.approx(0, abs=1e-9)
            assert cell["n_seeds"] == 2
    assert cells.loc[("BPR-MF", "fgsm", 1.0), "published"] == -42.7
    assert cells.loc[("AMF", "fgsm", 2.0), "published"] == -31.0
    assert cells.loc[("BPR-MF", "fgsm", 1.0), "difference"] == pytest.approx(2.7)
    assert cells.xs("noise", level="attack")["published"].isna().all()


def test_every_printed_change_finds_its_cell():
    datasets = ("yelp", "pinterest", "gowalla")
    table = per_seed(study(datasets), datasets)
    table = poster.robustness_comparison(table, METHODS, ROBUSTNESS, 100)
    printed = table["published"].dropna()
    assert sorted(printed) == sorted(ROBUSTNESS["relative_change_ndcg100_percent"])


def test_lists_of_another_length_are_not_compared():
    table = poster.robustness_comparison(per_seed(study(k=10), k=10), METHODS, ROBUSTNESS, 10)
    assert table["mean"].notna().all()
    assert table["published"].isna().all()
    with pytest.raises(DataError, match="no rows for K = 10; available K: 100"):
        per_seed(study(), k=10)


def test_a_missing_seed_makes_a_cell_missing_and_no_claim_is_judged():
    metrics = study()
    gone = (metrics["model"] == "AMF") & (metrics["seed"] == 1) & (metrics["attack"] == "fgsm")
    metrics = metrics[~(gone & (metrics["epsilon"] == 2.0))]
    seeds = per_seed(metrics)
    table = poster.robustness_comparison(seeds, METHODS, ROBUSTNESS, 100)
    missing = table[table["mean"].isna()]
    assert missing[["model", "attack", "epsilon", "n_seeds"]].to_numpy().tolist() == [
        ["AMF", "fgsm", 2.0, 1]
    ]
    claims = poster.robustness_claims(seeds, METHODS)
    assert claims["verdict"].tolist() == [UNKNOWN, HOLDS, UNKNOWN]
    text = robustness_report(metrics)["markdown"]
    assert "A dash: not computed for at least one seed." in text
    assert "| — / -31.0" in text.replace("  ", " ").replace("  ", " ")


@pytest.mark.parametrize(
    ("changes", "verdicts"),
    [
        ({}, [HOLDS, HOLDS, HOLDS]),
        # AMF loses more than BPR-MF at ε = 1.
        ({("AMF", "fgsm"): (0.95, 0.5, 0.4)}, [FAILS, HOLDS, HOLDS]),
        # Random noise costs more than half of what adversarial noise does, at one ε.
        ({("BPR-MF", "noise"): (0.85, 0.95, 0.8)}, [HOLDS, FAILS, HOLDS]),
        # As much as each other is not less.
        ({("AMF", "fgsm"): REMAINS["BPR-MF", "fgsm"]}, [FAILS, HOLDS, HOLDS]),
    ],
)
def test_claims_are_judged_at_every_epsilon(changes, verdicts):
    claims = poster.robustness_claims(per_seed(study(remains={**REMAINS, **changes})), METHODS)
    assert claims["verdict"].tolist() == verdicts
    assert claims["evidence"].str.contains("(contradicts the claim)", regex=False).tolist() == [
        verdict == FAILS for verdict in verdicts
    ]


def test_a_claim_that_fails_in_one_seed_holds_on_average():
    metrics = study()
    worse = (metrics["model"] == "AMF") & (metrics["attack"] == "fgsm") & (metrics["seed"] == 1)
    metrics.loc[worse & (metrics["epsilon"] == 0.5), "value"] *= 0.8  # -24 % beside BPR-MF's -20 %
    claims = poster.robustness_claims(per_seed(metrics), METHODS)
    assert claims["verdict"].tolist() == [ON_AVERAGE, HOLDS, HOLDS]
    assert "ε = 0.5: -14.5 % against -20.0 %" in claims["evidence"][0]


def test_claims_need_what_they_compare():
    bpr = study()
    bpr = bpr[bpr["model"] != "AMF"]
    claims = poster.robustness_claims(per_seed(bpr), METHODS)
    assert claims["statement"].str.contains("random noise for BPR-MF").tolist() == [True]
    only = poster.robustness_seeds(study(), ["yelp"], ["fgsm"], EPSILON, 100)
    assert len(poster.robustness_claims(only, {"fgsm": "fgsm"})) == 1


TWO_OF_A_METHOD = {"fgsm": "fgsm", "sampled": "fgsm", "noise": "noise"}


def study_with_two_of_a_method():
    """`sampled`, adversarial noise as well, costs half as much of nDCG as `fgsm` does."""
    metrics = study()
    sampled = metrics[metrics["attack"] == "fgsm"].assign(attack="sampled")
    start = metrics[(metrics["attack"] == "initial") & (metrics["metric"] == "nDCG")]
    start = start.set_index(["model", "seed"])["value"]
    unperturbed = [start[row.model, row.seed] for row in sampled.itertuples()]
    return pd.concat([metrics, sampled.assign(value=(sampled["value"] + unperturbed) / 2)])


def test_two_attacks_of_one_method_both_have_their_rows_and_claims():
    about = {"datasets": ["yelp"], "methods": TWO_OF_A_METHOD, "epsilon": EPSILON, "k": 100}
    found = report_robustness(study_with_two_of_a_method(), ROBUSTNESS, **about, titles={})
    long = found["long"].set_index(["model", "attack", "epsilon"])["mean"]
    assert long["BPR-MF", "fgsm", 1.0] == pytest.approx(-40)
    assert long["BPR-MF", "sampled", 1.0] == pytest.approx(-20)
    claims = found["claims"].set_index("statement")
    assert claims.index.tolist() == [
        "APR loses less than BPR under adversarial noise (FGSM), at every ε",
        "APR loses less than BPR under adversarial noise (sampled), at every ε",
        *(
            f"Adversarial noise ({name}) is far worse than random noise for {model} "
            "(at least 2 times the loss at every ε)"
            for model in INITIAL
            for name in ("FGSM", "sampled")
        ),
    ]
    evidence = claims["evidence"].tolist()
    assert "ε = 1: -10.0 % against -40.0 %" in evidence[0]
    assert "ε = 1: -5.0 % against -20.0 %" in evidence[1]
    lines = found["markdown"].splitlines()[2:5]
    names = ["adversarial (FGSM)", "adversarial (sampled)", "random (noise)"]
    assert [line.split("|")[2].strip() for line in lines] == names


def test_two_attacks_of_one_method_are_two_curves_with_names():
    metrics = study_with_two_of_a_method()
    curves = poster.noise_curves(metrics, ["yelp"], TWO_OF_A_METHOD, EPSILON, 100)
    settings = PlotSettings()
    figure = poster_figures.noise_figure(curves, "yelp", TWO_OF_A_METHOD, 100, settings, "Yelp")
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts[:3] == ["adversarial noise (FGSM)", "adversarial noise (sampled)", "random noise"]


def test_the_robustness_table_in_both_languages():
    datasets = ("yelp", "ml-1m")
    titles = {"yelp": "Yelp", "ml-1m": "ML_1M"}
    found = robustness_report(study(datasets), datasets, titles, notes=["A note."])
    seeds = per_seed(study(datasets), datasets)
    assert found["long"].equals(poster.robustness_comparison(seeds, METHODS, ROBUSTNESS, 100))
    assert found["claims"].equals(poster.robustness_claims(seeds, METHODS))
    lines = found["markdown"].splitlines()
    assert len(lines[0].split("|")) == 2 + 2 + 6
    assert [line.split("|")[1].strip() for line in lines[2:6]] == ["Yelp"] * 2 + ["ML\\_1M"] * 2
    assert "adversarial (FGSM)" in lines[2]
    assert "-20.0 ± 0.0 / -22.1" in lines[2]
    assert "-20.0 ± 0.0 |" in lines[4]
    for sentence in (
        "After a slash: the value that the poster prints.",
        "The poster prints no values for ML\\_1M.",
        "Mean ± standard deviation of 2 seeds.",
        "A note.",
        "- Yelp: APR loses less than BPR under adversarial noise, at every ε: **holds**.",
    ):
        assert sentence in found["markdown"]
    assert r"Yelp & adversarial (FGSM) & -20.0 $\pm$ 0.0 / -22.1" in found["latex"]
    assert r"ML\_1M & random (noise)" in found["latex"]
    assert "ε" not in found["latex"]
    assert found["latex"].count("&") % 7 == 0


def test_an_awkward_title_is_escaped():
    titles = {"ml-1m": AWKWARD}  # of this data set the poster prints nothing, which a caption says
    metrics = study(["ml-1m"])
    found = robustness_report(metrics, ["ml-1m"], titles)
    accuracy = report_accuracy(metrics, PERFORMANCE, datasets=["ml-1m"], k=100, titles=titles)
    for table in (found, accuracy):
        assert_written(table["markdown"], IN_MARKDOWN)
        assert_written(table["latex"], IN_LATEX)


# --- Accuracy -------------------------------------------------------------------------------------


def with_baselines(metrics, **ndcg):
    """Baselines with one nDCG for all seeds, HR four times that."""
    rows = [
        (dataset, model, seed, "initial", 0.0, 0, 100, metric, factor * value)
        for dataset in dict.fromkeys(metrics["dataset"])
        for model, value in ndcg.items()
        for seed in sorted(set(metrics["seed"]))
        for metric, factor in (("nDCG", 1), ("RE", 4), ("SE", 9))
    ]
    return pd.concat([metrics, pd.DataFrame(rows, columns=COLUMNS)], ignore_index=True)


def test_accuracy_beside_the_printed_values_in_the_posters_order():
    metrics = with_baselines(study(), NeuMF=0.045, ItemPop=0.01, CDAE=0.03, IRGAN=0.044)
    seeds = poster.accuracy_seeds(metrics, ["yelp"], 100)
    table = poster.accuracy_comparison(seeds, PERFORMANCE, 100)
    ours = table[table["metric"] == "nDCG"].set_index("model")
    assert ours.index.tolist() == ["ItemPop", "BPR-MF", "CDAE", "IRGAN", "NeuMF", "AMF"]
    assert ours["published"].tolist() == [0.0169, 0.042, 0.0405, 0.0465, 0.0445, 0.0465]
    assert ours.loc["BPR-MF", "mean"] == pytest.approx(0.04 * 1.05)
    assert ours.loc["BPR-MF", "deviation_percent"] == pytest.approx(0, abs=1e-9)
    hits = table[table["metric"] == "HR"].set_index("model")
    assert hits.loc["AMF", "mean"] == pytest.approx(4 * 0.05 * 1.05)
    assert hits["published"].tolist() == [0.0742, 0.1721, 0.1733, 0.1765, 0.1817, 0.1885]
    assert len(table) == 12
    found = report_accuracy(metrics, PERFORMANCE, datasets=["yelp"], k=100, titles={"yelp": "Yelp"})
    assert found["long"].equals(table)
    assert found["claims"].equals(poster.accuracy_claims(seeds))
    assert "Yelp: nDCG@100" in found["markdown"]
    assert "**0.0525** ± 0.0035 / 0.0465" in found["markdown"]
    assert found["markdown"].count("**0.") == 2  # the best of each column
    assert r"\textbf{0.0525} $\pm$ 0.0035 / 0.0465" in found["latex"]


def test_every_printed_accuracy_finds_its_cell():
    datasets = ("yelp", "pinterest", "gowalla")
    metrics = with_baselines(study(datasets), NeuMF=0.045, ItemPop=0.01, CDAE=0.03, IRGAN=0.044)
    seeds = poster.accuracy_seeds(metrics, datasets, 100)
    table = poster.accuracy_comparison(seeds, PERFORMANCE, 100)
    assert sorted(table["published"]) == sorted(PERFORMANCE["value"])
    assert poster.accuracy_comparison(seeds, PERFORMANCE, 10)["published"].isna().all()


def test_claims_about_accuracy():
    claims = poster.accuracy_claims(
        poster.accuracy_seeds(with_baselines(study(), NeuMF=0.045), ["yelp"], 100)
    )
    assert claims["verdict"].tolist() == [HOLDS, HOLDS]
    # Between AMF's two seeds (0.0500, 0.0550), below their mean; then above it.
    for value, verdict in ((0.052, ON_AVERAGE), (0.054, FAILS)):
        metrics = with_baselines(study(), NeuMF=value)
        claims = poster.accuracy_claims(poster.accuracy_seeds(metrics, ["yelp"], 100))
        assert claims["verdict"].tolist() == [HOLDS, verdict]
    assert (
        "nDCG, NeuMF the best other: 0.0525 against 0.0540 (contradicts the claim)"
        in claims["evidence"][1]
    )
    metrics = with_baselines(study(), NeuMF=0.01)
    metrics = metrics[~((metrics["model"] == "NeuMF") & (metrics["seed"] == 1))]
    claims = poster.accuracy_claims(poster.accuracy_seeds(metrics, ["yelp"], 100))
    assert claims["verdict"].tolist() == [HOLDS, UNKNOWN]


def test_ndcg_at_100_against_the_slow_reference(tmp_path):
    rng = np.random.default_rng(4)
    n_users, n_items = 30, 250
    lists = np.array([rng.permutation(n_items)[:100] for _ in range(n_users)])
    test = rng.integers(0, n_items, n_users).astype(np.int32)
    test[3], test[4] = lists[3, 99], lists[4, 0]
    write_parquet(
        {
            "user": np.repeat(np.arange(n_users, dtype=np.int32), 100),
            "rank": np.tile(np.arange(1, 101, dtype=np.int16), n_users),
            "item": lists.ravel().astype(np.int32),
            "score": np.zeros(lists.size, np.float32),
        },
        tmp_path / "lists.parquet",
    )
    metrics = evaluate_conditions(
        [tmp_path / "lists.parquet"],
        conditions=[("initial", "0", 0)],
        k=[100],
        test_items=held_out(test, n_items),
        train_counts=np.ones(n_items, np.int64),
        about={"dataset": "d", "model": "m", "seed": "0"},
    ).set_index("metric")["value"]
    hits, gain = 0, 0.0
    for user in range(n_users):
        for place, item in enumerate(lists[user].tolist()):
            if item == test[user]:
                hits += 1
                gain += math.log(2) / math.log(place + 2)
    assert 2 <= hits < n_users
    assert metrics["RE"] == pytest.approx(hits / n_users, rel=1e-12)
    assert metrics["nDCG"] == pytest.approx(gain / n_users, rel=1e-12)


# --- Figures --------------------------------------------------------------------------------------


def noise_curves(metrics=None):
    metrics = study() if metrics is None else metrics
    return poster.noise_curves(metrics, ["yelp"], METHODS, EPSILON, 100)


def test_noise_curves_start_at_the_unperturbed_model():
    curves = noise_curves().set_index(["model", "attack", "epsilon"])
    assert len(curves) == 2 * 2 * 4
    for attack in METHODS:
        assert curves.loc[("AMF", attack, 0.0), "mean"] == pytest.approx(0.05 * 1.05)
    assert curves.loc[("BPR-MF", "fgsm", 2.0), "mean"] == pytest.approx(0.04 * 1.05 * 0.3)
    assert curves.loc[("BPR-MF", "noise", 1.0), "low"] == pytest.approx(0.04 * 0.95)


def test_the_noise_figure_draws_a_panel_for_each_model(tmp_path):
    settings = PlotSettings()
    figure = poster_figures.noise_figure(noise_curves(), "yelp", METHODS, 100, settings, "Yelp")
    assert [ax.get_title() for ax in figure.axes] == ["BPR-MF", "AMF"]
    lines = {line.get_gid(): line for line in figure.axes[0].lines}
    assert list(lines) == ["adversarial noise", "random noise"]
    assert lines["adversarial noise"].get_xdata().tolist() == [0.0, 0.5, 1.0, 2.0]
    np.testing.assert_allclose(
        lines["random noise"].get_ydata(), 0.042 * np.array([1, 0.99, 0.95, 0.8])
    )
    assert figure.axes[0].get_ylim()[0] == 0
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == ["adversarial noise", "random noise", "min to max, 2 seeds"]
    save(figure, tmp_path / "noise.pdf", 100)
    with pytest.raises(DataError, match="nothing to draw for the data set 'pinterest'"):
        poster_figures.noise_figure(noise_curves(), "pinterest", METHODS, 100, settings, "x")


def test_noise_that_was_not_computed_is_said():
    metrics = study()
    curves = noise_curves(metrics[metrics["attack"] != "noise"])
    curves.loc[curves["attack"] == "noise", "mean"] = np.nan
    figure = poster_figures.noise_figure(curves, "yelp", METHODS, 100, PlotSettings(), "x")
    assert [ax.texts[0].get_text() for ax in figure.axes] == ["random noise: not computed"] * 2
    assert "random noise" not in [t.get_text() for t in figure.legends[0].get_texts()]


@pytest.fixture
def trainings(tmp_path):
    """Curves as trainings write them, evaluated at every second epoch; AMF continues from epoch 4."""
    written = []
    for seed in (0, 1):
        for model, epochs, step in (("BPR-MF", range(1, 9), 0.01), ("AMF", range(5, 9), 0.02)):
            rows = [
                {
                    "epoch": epoch,
                    "loss": 0.5,
                    "HR@100": (step * epoch + seed / 10) if epoch % 2 == 0 else math.nan,
                    "nDCG@100": (step * epoch / 4 + seed / 10) if epoch % 2 == 0 else math.nan,
                }
                for epoch in epochs
            ]
            path = tmp_path / f"{model}-{seed}.parquet"
            pd.DataFrame(rows).to_parquet(path)
            written.append(({"dataset": "yelp", "model": model, "seed": seed}, path))
    return written


def test_training_curves_are_means_and_amf_begins_where_it_started(trainings):
    curves = poster.training_curves(trainings, 100)
    hits = curves[curves["metric"] == "HR"].set_index(["model", "epoch"])
    assert hits.loc["BPR-MF"].index.tolist() == [2, 4, 6, 8]
    assert hits.loc["AMF"].index.tolist() == [4, 6, 8]
    assert hits.loc[("AMF", 4), "mean"] == hits.loc[("BPR-MF", 4), "mean"]
    assert hits.loc[("AMF", 6), "mean"] == pytest.approx(0.02 * 6 + 0.05)
    assert (curves["n_seeds"] == 2).all()
    np.testing.assert_allclose(curves["high"] - curves["low"], 0.1)


def test_the_training_figure(trainings, tmp_path):
    curves = poster.training_curves(trainings, 100)
    figure = poster_figures.training_figure(curves, "yelp", 100, PlotSettings(band="sd"), "Yelp")
    assert [ax.get_ylabel() for ax in figure.axes] == ["HR@100, test items", "nDCG@100, test items"]
    lines = {line.get_gid(): line for line in figure.axes[1].lines}
    assert lines["AMF"].get_xdata().tolist() == [4, 6, 8]
    np.testing.assert_allclose(lines["BPR-MF"].get_ydata(), 0.0025 * np.array([2, 4, 6, 8]) + 0.05)
    assert list(lines["start"].get_xdata()) == [4, 4]
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == ["BPR-MF", "AMF", "mean ± sd, 2 seeds", "AMF starts"]
    save(figure, tmp_path / "training.png", 100)


def test_a_training_curve_of_bpr_mf_alone(trainings):
    alone = [entry for entry in trainings if entry[0]["model"] == "BPR-MF"]
    curves = poster.training_curves(alone, 100)
    figure = poster_figures.training_figure(curves, "yelp", 100, PlotSettings(), "Yelp")
    assert [line.get_gid() for line in figure.axes[0].lines] == ["BPR-MF"]
