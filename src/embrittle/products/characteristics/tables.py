"""The report on the regressions of Figure 3, in Markdown."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from embrittle.products.characteristics import cells
from embrittle.products.characteristics.cells import DENSER, FLATTER, LARGER, case_name
from embrittle.render.markup import MARKDOWN, to_markdown
from embrittle.render.statements import CANNOT_BE_TOLD, DOES_NOT_HOLD, HOLDS, MIXED, unadjusted
from embrittle.vocabulary import PAPER_MODELS

RHO = "\N{GREEK SMALL LETTER RHO}"
MINUS = "\N{MINUS SIGN}"
# Slopes over size are per million pairs of user and item; per pair they would have too many zeros to be read.
UNITS = {"size": (1e6, "size (millions)")}
WORDS = {
    HOLDS: "it holds in every case",
    DOES_NOT_HOLD: "it does not hold",
    MIXED: "it holds in some cases and is contradicted in others",
    CANNOT_BE_TOLD: "these runs do not decide it",
}

Column = Callable[[Any, float], str]
"""Function from a row, and the unit that its slopes are multiplied by, to the text of a cell."""


def report(
    points: pd.DataFrame,
    samples: pd.DataFrame,
    published: pd.DataFrame,
    k: int,
    titles: Mapping[str, str],
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the tables of Figure 3 (`cells.figure3`), and "markdown", a report with verdicts and all tables.

    Args:
        points: from `cells.points`.
        samples: from `cells.characteristics_table`.
        published: the published characteristics.csv.
        k: the length of the lists that rho is computed from.
        titles: source -> title; without one, its name.
        notes: further sentences for the end of the first part, such as missing runs.
    """
    found = cells.figure3(points, published, k)
    said = verdict(found["regressions"], found["statements"], found["joint"], titles)
    parts = {"Verdicts from the intervals": "\n\n".join([said, *notes])}
    shown = {
        "Sub-samples": (samples, samples_markdown),
        "Regressions over one characteristic": (found["regressions"], regressions_markdown),
        "Regressions over all three": (found["joint"], joint_markdown),
        "Slopes of BPR-MF minus AMF": (found["differences"], differences_markdown),
        "Comparison with the published numbers": (found["comparison"], comparison_markdown),
    }
    for head, (table, write) in shown.items():
        titled = [titles.get(source, source) for source in table["source"]]
        parts[head] = write(table.assign(source=titled))
    markdown = "\n\n".join(f"## {head}\n\n{text.strip()}" for head, text in parts.items())
    return {**found, "markdown": markdown + "\n"}


# --- Words ----------------------------------------------------------------------------------------


def verdict(
    fits: pd.DataFrame, statements: pd.DataFrame, joint: pd.DataFrame, titles: Mapping[str, str]
) -> str:
    """Return Markdown, a paragraph for each source: the verdicts on the statements, and their limitations.

    Args:
        fits: from `cells.regressions`.
        statements: from `cells.statements`.
        joint: from `cells.joint_regression`, for the collinearity of the three characteristics.
        titles: source -> title; without one, its name.
    """
    paragraphs = []
    for source, of_source in fits.groupby("source", sort=False):
        found = statements[statements["source"] == source]
        sentences = [_tested(titles.get(source, source), of_source)]
        sentences += [
            _decided(statement, found[found["statement"] == statement])
            for statement in (DENSER, LARGER, FLATTER)
        ]
        if of_source["n_seeds"].max() == 1:
            sentences.append(
                "There is only one seed, so the scatter that is due to training cannot be measured, and "
                "another seed may move every point."
            )
        sentences.append(
            f"{unadjusted(found)} The cases share their data, so they are not independent evidence."
        )
        sentences.append(_about_collinearity(joint[joint["source"] == source]))
        paragraphs.append(" ".join(sentences))
    return "\n\n".join(paragraphs or ["There are no verdicts, because no sub-sample has metrics."])


def _tested(title: str, fits: pd.DataFrame) -> str:
    """Return the sentences on the slopes that the verdicts rest on."""
    models = " and ".join(dict.fromkeys(fits["model"]))
    attacks = ", ".join(dict.fromkeys(case_name(row) for row in fits.itertuples()))
    return (
        f"{MARKDOWN.escape(title)}: slopes of {RHO} (the share of nDCG that a perturbation takes away, in percent) "
        f"over one characteristic at a time, from {_range(fits['n_subsamples'])} sub-samples with "
        f"{_range(fits['n_seeds'])} seed{'s' if fits['n_seeds'].max() != 1 else ''} each, for {models} "
        f"under {attacks}. A case is one slope, or the slopes of both models; it is open if a 95 % interval "
        "contains 0 or cannot be computed from so few sub-samples."
    )


def _range(numbers: pd.Series) -> str:
    low, high = numbers.min(), numbers.max()
    return str(low) if low == high else f"{low} to {high}"


def _decided(statement: str, verdicts: pd.DataFrame) -> str:
    """Return a sentence with a statement and its verdicts."""
    texts = [
        ("" if statement == FLATTER else f"for {row.model} ")
        + f"{WORDS[row.verdict]} ({row.evidence})"
        for row in verdicts.itertuples()
    ]
    return f"“{statement[0].upper()}{statement[1:]}”: {'; '.join(texts)}."


def _about_collinearity(joint: pd.DataFrame) -> str:
    """Return a sentence on whether the effects of the characteristics can be separated."""
    reason = "the sub-samples are nested parts of one data set in which density, size and shape change together"
    if not joint["readable"].all():
        note = next(note for note in joint["note"] if note)
        return f"No slope here belongs to its characteristic alone: {reason}; their joint regression is {note}."
    return (
        f"A slope over one characteristic does not hold the others fixed ({reason}). The joint regression on "
        f"their logarithms does, and is readable here (largest VIF {joint['vif'].max():.3g})."
    )


# --- Tables ---------------------------------------------------------------------------------------


def samples_markdown(samples: pd.DataFrame) -> str:
    """Return the table of sub-samples with their counts and characteristics."""
    rows = [
        {
            "Data set": MARKDOWN.escape(row.source),
            "k": "all" if pd.isna(row.k) else str(row.k),
            "Users": f"{row.n_users:,}",
            "Items": f"{row.n_items:,}",
            "Interactions": f"{row.n_interactions:,}",
            "Density": f"{row.density:.4f}",
            "Size": f"{row.size:,}",
            "Shape": f"{row.shape:.3f}",
        }
        for row in samples.itertuples(index=False)
    ]
    return to_markdown(pd.DataFrame(rows), n_left=1)


def _scaled(*names: str) -> Column:
    """Return the column for one number, or for an interval of two, from these columns of a table."""

    def cell(row: Any, unit: float) -> str:
        values = [getattr(row, name) * unit for name in names]
        return "—" if np.isnan(values).any() else " to ".join(map(_number, values))

    return cell


INTERVAL = {"95 % interval": _scaled("ci_low", "ci_high")}
P = {
    "p": lambda row, unit: (
        "—" if np.isnan(row.p) else "< 0.001" if row.p < 0.001 else f"{row.p:.3f}"
    )
}
R_SQUARED = {"R²": lambda row, unit: "—" if np.isnan(row.r_squared) else f"{row.r_squared:.2f}"}


def regressions_markdown(fits: pd.DataFrame) -> str:
    """Return the table of regressions over one characteristic each."""
    columns = {
        "Slope": _scaled("slope"),
        **INTERVAL,
        "Standard error": _scaled("standard_error"),
        **P,
        "Intercept": lambda row, unit: _number(row.intercept),
        **R_SQUARED,
        "Runs": lambda row, unit: str(row.n),
    }
    return f"{_fits_markdown(fits, columns)}\n\n{_about_seeds(fits)}"


def joint_markdown(joint: pd.DataFrame) -> str:
    """Return the table of regressions over all three characteristics, with their collinearity and notes."""
    columns = {
        "Coefficient": _scaled("slope"),
        **INTERVAL,
        **P,
        "VIF": lambda row, unit: _number(row.vif),
        "Condition number": lambda row, unit: _number(row.condition_number),
        **R_SQUARED,
        "Readable": lambda row, unit: "yes" if row.readable else "no",
    }
    notes = [f"{note[0].upper()}{note[1:]}." for note in dict.fromkeys(joint["note"]) if note]
    return f"{_fits_markdown(joint, columns)}\n\n{' '.join([*notes, _about_seeds(joint)])}"


def differences_markdown(differences: pd.DataFrame) -> str:
    """Return the table of differences between the slopes of both models."""
    first, second = PAPER_MODELS
    columns = {
        f"Slope {first}": _scaled("slope_first"),
        f"Slope {second}": _scaled("slope_second"),
        "Difference": _scaled("difference"),
        **INTERVAL,
        **P,
        "Pairs": lambda row, unit: str(row.n),
    }
    return f"{_fits_markdown(differences, columns)}\n\n{_about_seeds(differences)}"


def comparison_markdown(comparison: pd.DataFrame) -> str:
    """Return the table of our points and slopes and the published ones."""
    columns = {
        "Quantity": lambda row, unit: (
            f"slope of {RHO}" if row.quantity == "slope" else f"{RHO} at {row.x:g}"
        ),
        "Ours": _scaled("value"),
        "Interval": _scaled("low", "high"),
        "Seeds": lambda row, unit: str(row.n_seeds),
        "Published": lambda row, unit: _number(row.published),
    }
    below = (
        "Intervals: 95 % for a slope, smallest to largest over the seeds for a point. The paper does not print "
        "its number of iterations L, so each published number is compared with ours at every L."
    )
    return f"{_fits_markdown(comparison, columns)}\n\n{below}"


def _fits_markdown(table: pd.DataFrame, columns: Mapping[str, Column]) -> str:
    """Return a table with the columns that name a fit, then `columns`."""
    has_model = "model" in table
    rows = []
    for row in table.itertuples(index=False):
        unit, label = UNITS.get(row.characteristic, (1.0, row.characteristic))
        naming = [row.source, *([row.model] if has_model else []), case_name(row)]
        cells = (cell(row, unit) for cell in columns.values())
        rows.append([*map(MARKDOWN.escape, naming), label, *cells])
    names = ["Data set", *(["Model"] if has_model else []), "Attack", "Over"]
    return to_markdown(pd.DataFrame(rows, columns=[*names, *columns]), n_left=len(names))


def _about_seeds(table: pd.DataFrame) -> str:
    return "A sub-sample counts once, with the mean of its seeds." if len(table) else ""


def _number(value: float) -> str:
    """Return a number as text: three significant digits or two decimals, no decimals from 1000 on, a proper minus."""
    if np.isnan(value):
        return "—"
    if np.isinf(value):
        return "∞"
    if value == 0:
        return "0"
    size = abs(value)
    form = "#.3g" if size < 1 else ".2f" if size < 1000 else ".0f"
    return f"{value:{form}}".replace("-", MINUS)
