"""The tables of the APR poster in Markdown and LaTeX, with verdicts on its claims."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from embrittle.products.poster import cells
from embrittle.render.labels import condition_label
from embrittle.render.markup import LATEX, MARKDOWN, Markup, to_markdown


def report_robustness(
    metrics: pd.DataFrame,
    published: pd.DataFrame,
    *,
    datasets: Sequence[str],
    methods: Mapping[str, str],
    epsilon: Sequence[float],
    k: int,
    titles: Mapping[str, str],
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """Make the robustness table, with a row for each data set and noise and a column for each ε and model.

    Args:
        metrics, datasets, epsilon, k: as in `cells.robustness_seeds`.
        published: the published apr_robustness.csv.
        methods: attack -> its method.
        titles: data set -> title; without one, its name.
        notes: further sentences for the end of the caption.

    Returns:
        "long" (`cells.robustness_comparison`), "claims" (`cells.robustness_claims`), "markdown" and "latex".
    """
    per_seed = cells.robustness_seeds(metrics, datasets, methods, epsilon, k)
    long = cells.robustness_comparison(per_seed, methods, published, k)
    claims = cells.robustness_claims(per_seed, methods)

    def place(row: Any) -> tuple[tuple[str, ...], str]:
        names = titles.get(row.dataset, row.dataset), _noise_label(row.attack, methods)
        return names, f"{row.model}, ε = {row.epsilon:g}"

    def write(row: Any, markup: Markup) -> str:
        return _cell(row, f"{row.mean:+.1f}", "{:.1f}", "{:+.1f}", markup)

    about = f"Relative change of nDCG@{k} in percent under noise of the L2 norm ε in each row of the embeddings."
    caption = [about, *_caption(long, titles), *notes]
    wide = {markup: _wide(long, ("Data set", "Noise"), place, write, markup) for markup in MARKUPS}
    return {
        "long": long,
        "claims": claims,
        **_texts(wide, 2, caption, claims, titles, "robustness"),
    }


def report_accuracy(
    metrics: pd.DataFrame,
    published: pd.DataFrame,
    *,
    datasets: Sequence[str],
    k: int,
    titles: Mapping[str, str],
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """Make the accuracy table, with a row for each recommender; arguments and result as in `report_robustness`."""
    per_seed = cells.accuracy_seeds(metrics, datasets, k)
    long, claims = (
        cells.accuracy_comparison(per_seed, published, k),
        cells.accuracy_claims(per_seed),
    )
    best = long.groupby(["dataset", "metric"])["mean"].max()

    def place(row: Any) -> tuple[tuple[str, ...], str]:
        return (row.model,), f"{titles.get(row.dataset, row.dataset)}: {row.metric}@{k}"

    def write(row: Any, markup: Markup) -> str:
        mean = f"{row.mean:.4f}"
        if mean == f"{best[row.dataset, row.metric]:.4f}":
            mean = markup.bold(mean)
        return _cell(row, mean, "{:.4f}", "{:.4f}", markup)

    about = f"HR@{k} and nDCG@{k} over all items except each user's training items. Bold: the best value."
    caption = [about, *_caption(long, titles), *notes]
    wide = {markup: _wide(long, ("Model",), place, write, markup) for markup in MARKUPS}
    return {"long": long, "claims": claims, **_texts(wide, 1, caption, claims, titles, "accuracy")}


MARKUPS = (MARKDOWN, LATEX)


def _noise_label(attack: str, methods: Mapping[str, str]) -> str:
    """Return the poster's name of an attack, with its name in this study."""
    label = condition_label(attack)
    called = cells.LABELS.get(methods[attack])
    return f"{called} ({label})" if called else label


def _cell(row: Any, mean: str, spread_form: str, form: str, markup: Markup) -> str:
    """Return "mean ± standard deviation / published value", without the parts that are NaN."""
    text = markup.missing if np.isnan(row.mean) else mean
    if not np.isnan(row.sd):
        text += markup.plus_minus + spread_form.format(row.sd)
    return text if np.isnan(row.published) else f"{text} / {form.format(row.published)}"


def _wide(
    long: pd.DataFrame,
    head: Sequence[str],
    place: Callable[[Any], tuple[tuple[str, ...], str]],
    write: Callable[[Any, Markup], str],
    markup: Markup,
) -> pd.DataFrame:
    """Return the cells in the shape of the poster.

    Args:
        long: one row per cell.
        head: the headings of the columns that name rows.
        place: function from a cell to (the names of its row, its column).
        write: function from a cell to its text.
        markup: the output language.
    """
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    for row in long.itertuples(index=False):
        names, column = place(row)
        rows.setdefault(tuple(map(markup.escape, names)), {})[column] = write(row, markup)
    columns = dict.fromkeys(column for found in rows.values() for column in found)
    table = [
        [*names, *(found.get(column, markup.missing) for column in columns)]
        for names, found in rows.items()
    ]
    return pd.DataFrame(table, columns=[*head, *map(markup.escape, columns)])


def _caption(long: pd.DataFrame, titles: Mapping[str, str]) -> list[str]:
    """Return the sentences that the captions of both tables share."""
    sentences = []
    if long["published"].notna().any():
        sentences.append("After a slash: the value that the poster prints.")
    printed = long["published"].notna().groupby(long["dataset"], sort=False).any()
    without = [titles.get(name, name) for name in printed.index[~printed]]
    if without:
        sentences.append(f"The poster prints no values for {', '.join(without)}.")
    n_seeds = long["n_seeds"].max()
    if n_seeds > 1:
        sentences.append(f"Mean ± standard deviation of {n_seeds} seeds.")
    if long["mean"].isna().any():
        sentences.append("A dash: not computed for at least one seed.")
    return sentences


def _texts(
    wide: Mapping[Markup, pd.DataFrame],
    n_left: int,
    caption: Sequence[str],
    claims: pd.DataFrame,
    titles: Mapping[str, str],
    name: str,
) -> dict[str, str]:
    """Return the table as "markdown", followed by the judged claims, and as "latex".

    The first `n_left` columns are aligned to the left.
    """
    lines = [to_markdown(wide[MARKDOWN], n_left), "", MARKDOWN.escape(" ".join(caption)), ""]
    if len(claims):
        lines += ["The poster's claims, on these data:", "", *_claim_lines(claims, titles), ""]
    greek = {0x3B5: r"$\epsilon$", 0xB1: r"$\pm$"}
    table = wide[LATEX].rename(columns=lambda column: column.translate(greek))
    latex = table.style.hide(axis="index").to_latex(
        column_format="l" * n_left + "r" * (table.shape[1] - n_left),
        hrules=True,
        position_float="centering",
        environment="table*",
        caption=LATEX.escape(" ".join(caption)).translate(greek),
        label=f"tab:{name}",
    )
    return {"markdown": "\n".join(lines), "latex": "% Needs \\usepackage{booktabs}.\n" + latex}


def _claim_lines(claims: pd.DataFrame, titles: Mapping[str, str]) -> list[str]:
    lines = []
    for row in claims.itertuples(index=False):
        title = MARKDOWN.escape(titles.get(row.dataset, row.dataset))
        said = MARKDOWN.escape(row.statement)
        lines.append(f"- {title}: {said}: **{row.verdict}**. {row.evidence}.")
    return lines
