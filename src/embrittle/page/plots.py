"""The page's interactive plots, from the same curves as the printed figures."""

from collections.abc import Mapping

import pandas as pd

from embrittle.products.budgets.figure import curve_of, line_numbers
from embrittle.products.poster.figure import MODEL_STYLES
from embrittle.products.poster.tables import LABELS
from embrittle.render.labels import condition_label
from embrittle.render.plots import (
    DASHES,
    Plot,
    add_curve,
    add_references,
    colour_of_attack,
    curve_style,
    empty_figure,
    faint,
    floats,
)
from embrittle.render.style import FURTHER_COLOURS
from embrittle.vocabulary import RANDOM, UNPERTURBED


def characteristics_plot(
    points: pd.DataFrame, published: pd.DataFrame, model: str, characteristic: str
) -> Plot:
    """What perturbations cost one model on sub-samples, against one characteristic, with the published points.

    Args:
        points: figure3_points.csv of one source and number of multi-step iterations.
        published: characteristics.csv of that source.
        model: name of the model.
        characteristic: density, size or shape.
    """
    figure = empty_figure(characteristic, "nDCG lost, %", False, False)
    here = points[points["model"] == model]
    for number, attack in enumerate(dict.fromkeys(here["attack"])):
        rows = here[here["attack"] == attack]
        means = rows.groupby(characteristic)["rho"].agg(["mean", "min", "max"]).reset_index()
        style = curve_style(number, colour_of_attack(attack, number))
        spread = {
            "array": floats(means["max"] - means["mean"]),
            "arrayminus": floats(means["mean"] - means["min"]),
            "thickness": 1,
        }
        several = rows["seed"].nunique() > 1
        figure.add_scatter(
            x=floats(means[characteristic]), y=floats(means["mean"]), name=condition_label(attack),
            mode="markers+lines", error_y=spread if several else None, **style,
        )  # fmt: skip
    theirs = published[(published["quantity"] == "rho") & (published["model"] == model)]
    theirs = theirs[theirs["characteristic"] == characteristic]
    for attack, rows in theirs.groupby("attack"):
        marker = {"size": 13, "symbol": "x", "color": faint(colour_of_attack(attack, 0), 0.5)}
        figure.add_scatter(x=floats(rows["x"]), y=floats(rows["value"]), mode="markers",
                           name=f"{condition_label(attack)}, published", marker=marker)  # fmt: skip
    return Plot(f"{model} over {characteristic}", figure)


def training_plot(curves: pd.DataFrame, metric: str, k: int) -> Plot:
    """Training curves of one data set; `curves` from `poster_figures.training_curves`."""
    figure = empty_figure("epoch", f"{metric}@{k} on the test items", False, False)
    for number, (model, rows) in enumerate(curves.groupby("model", sort=False)):
        curve = rows.sort_values("epoch").rename(columns={"epoch": "x"})
        colour = MODEL_STYLES.get(model, {}).get("color", FURTHER_COLOURS[number % 3])
        line = {"color": colour, "dash": DASHES[number % len(DASHES)]}
        add_curve(figure, curve, model, {"line": line, "marker": {"color": colour, "size": 1}})
    return Plot(f"{metric}@{k} while training", figure)


def noise_plot(curves: pd.DataFrame, model: str, methods: Mapping[str, str], k: int) -> Plot:
    """NDCG under noise of growing size; `curves` from `poster_figures.noise_curves`, of one data set."""
    figure = empty_figure("L2 norm ε of the noise on each row", f"nDCG@{k}", False, False)
    here = curves[curves["model"] == model]
    for number, (attack, rows) in enumerate(here.groupby("attack", sort=False)):
        colour = colour_of_attack(attack, number)
        label = LABELS.get(methods.get(attack, ""), condition_label(attack))
        curve = rows.sort_values("epsilon").rename(columns={"epsilon": "x"})
        add_curve(figure, curve, label, curve_style(number, colour))
    return Plot(f"{model} under noise", figure)


def budget_plot(
    points: pd.DataFrame,
    model: str,
    methods: Mapping[str, str],
    iterations: int,
    random: float,
    k: int,
) -> Plot:
    """What attacks leave of nDCG, against the norm that they have spent.

    Args:
        points: from `budget_figure.curve_points`, of one data set.
        model: name of the model.
        methods: attack -> its method; attacks of one method share its colour.
        iterations: of the multi-step attacks.
        random: nDCG of the random recommender.
        k: length of the lists.
    """
    figure = empty_figure("mean L2 norm of the rows of Δ spent", f"nDCG@{k}", False, False)
    # Many lines: on a phone their legend is one column, which would take half of the plot and scroll.
    figure.update_layout(height=460, legend={"maxheight": 1})
    here = points[points["model"] == model]
    for attack, (number, colour) in line_numbers(methods).items():
        curve = curve_of(here, attack, iterations)
        curve = curve.rename(columns={"spent_norm": "x", "value": "mean"})
        style = curve_style(number, colour_of_attack(methods[attack], colour))
        add_curve(figure, curve, condition_label(attack), style)
    initial = here.loc[here["attack"] == UNPERTURBED, "value"].mean()
    levels = {"initial": initial, RANDOM.lower(): random}
    add_references(figure, levels, [0.0, float(here["spent_norm"].max())])
    return Plot(f"{model} at equal norms", figure)
