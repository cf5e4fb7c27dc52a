"""The regressions of Figure 3 in words and in Markdown."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from embrittle.products.characteristics import cells
from embrittle.products.characteristics.cells import DENSER, FLATTER, LARGER, case_name
from embrittle.render.markup import MARKDOWN, to_markdown
from embrittle.render.statements import CANNOT_BE_TOLD, DOES_NOT_HOLD, HOLDS, MIXED
from embrittle.vocabulary import PAPER_MODELS

RHO = "\N{GREEK SMALL LETTER RHO}"
MINUS = "\N{MINUS SIGN}"
# Sizes are millions; a slope for one more pair of user and item has too many zeros to be read.
UNITS = {"size": (1e6, "size (millions)")}
WORDS = {
    HOLDS: "it holds in every case",
    DOES_NOT_HOLD: "it does not hold",
    MIXED: "it holds in some cases and is contradicted in others",
    CANNOT_BE_TOLD: "it cannot be told with these runs",
}

Column = Callable[[Any, float], str]
"""A cell of a table from a row and the unit that its slopes are multiplied with."""


def report(
    points: pd.DataFrame,
    samples: pd.DataFrame,
    published: pd.DataFrame,
    k: int,
    titles: Mapping[str, str],
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """Every table of Figure 3 (`cells.figure3`), and "markdown", the text that shows them in words.

    Args:
        points: from `cells.points`.
        samples: from `cells.characteristics_table`.
        published: the published characteristics.csv.
        k: length of the lists that rho was taken from.
        titles: source -> title.
        notes: further sentences, for the end of the first part: which runs are missing, say.
    """
    found = cells.figure3(points, published, k)
    said = verdict(found["regressions"], found["statements"], found["joint"], titles)
    parts = {"What the intervals say": "\n\n".join([said, *notes])}
    shown = {
        "Sub-samples": (samples, samples_markdown),
        "Regressions over one characteristic": (found["regressions"], regressions_markdown),
        "Regressions over all three": (found["joint"], joint_markdown),
        "Slopes of BPR-MF minus AMF": (found["differences"], differences_markdown),
        "Beside the published numbers": (found["comparison"], comparison_markdown),
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
    """The statements as a paragraph for each source, with what must be known to believe them.

    Args:
        fits: from `cells.regressions`.
        statements: from `cells.statements`.
        joint: from `cells.joint_regression`, to say how far the three can be told apart.
        titles: source -> the title to print.
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
                "There is one seed: how much of the scatter around the lines is the chance of training "
                "cannot be seen, and another seed may move every point."
            )
        sentences.append(
            "The intervals are not adjusted for their number "
            f"({found[['n_for', 'n_against', 'n_open']].to_numpy().sum()} cases): of slopes that are really "
            "0, one in twenty would exclude it; and the cases share their data, so they do not confirm each "
            "other independently."
        )
        sentences.append(_about_collinearity(joint[joint["source"] == source]))
        paragraphs.append(" ".join(sentences))
    return "\n\n".join(paragraphs or ["There are no sub-samples with metrics to decide by."])


def _tested(title: str, fits: pd.DataFrame) -> str:
    """What the paragraph rests on."""
    models = " and ".join(dict.fromkeys(fits["model"]))
    attacks = ", ".join(dict.fromkeys(case_name(row) for row in fits.itertuples()))
    return (
        f"{title}: slopes of {RHO} (the share of nDCG that a perturbation takes away, in percent) over one "
        f"characteristic at a time, from {_range(fits['n_subsamples'])} sub-samples with "
        f"{_range(fits['n_seeds'])} seed{'s' if fits['n_seeds'].max() != 1 else ''} each, for {models} "
        f"under {attacks}. A case is one line, or one pair of them; it is open where a 95 % interval "
        "contains 0 or there are too few sub-samples for one."
    )


def _range(numbers: pd.Series) -> str:
    low, high = numbers.min(), numbers.max()
    return str(low) if low == high else f"{low} to {high}"


def _decided(statement: str, verdicts: pd.DataFrame) -> str:
    """A statement with its verdicts."""
    texts = [
        ("" if statement == FLATTER else f"for {row.model} ")
        + f"{WORDS[row.verdict]} ({row.evidence})"
        for row in verdicts.itertuples()
    ]
    return f"“{statement[0].upper()}{statement[1:]}”: {'; '.join(texts)}."


def _about_collinearity(joint: pd.DataFrame) -> str:
    """Whether the characteristics can be told apart."""
    reason = "the sub-samples are nested parts of one data set in which density, size and shape change together"
    if not joint["readable"].all():
        note = next(note for note in joint["note"] if note)
        return f"No slope here belongs to its characteristic alone: {reason}; their joint regression is {note}."
    return (
        f"Slopes over one characteristic do not hold the others fixed ({reason}); the joint regression on "
        f"their logarithms, which does, is readable here (largest VIF {joint['vif'].max():.3g})."
    )


# --- Tables ---------------------------------------------------------------------------------------


def samples_markdown(samples: pd.DataFrame) -> str:
    """The sub-samples with their counts and characteristics."""
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
    """The number, or the interval, of these columns."""

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
    """The regressions over one characteristic each."""
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
    """The regressions over all three, with their collinearity; the notes stand below."""
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
    """The differences of slopes between the two models."""
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
    """Ours beside the published points and slopes."""
    columns = {
        "What": lambda row, unit: (
            f"slope of {RHO}" if row.quantity == "slope" else f"{RHO} at {row.x:g}"
        ),
        "Ours": _scaled("value"),
        "Interval": _scaled("low", "high"),
        "Seeds": lambda row, unit: str(row.n_seeds),
        "Published": lambda row, unit: _number(row.published),
    }
    below = (
        "The interval of a slope: 95 %; that of a point: smallest to largest of the seeds. The paper does "
        "not print its number of iterations L, so its one number stands beside ours at every L."
    )
    return f"{_fits_markdown(comparison, columns)}\n\n{below}"


def _fits_markdown(table: pd.DataFrame, columns: Mapping[str, Column]) -> str:
    """A table with the columns that name a fit, then `columns`."""
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
    """Three significant digits at least, without an exponent where that is readable; a proper minus."""
    if np.isnan(value):
        return "—"
    if np.isinf(value):
        return "∞"
    if value == 0:
        return "0"
    size = abs(value)
    form = "#.3g" if size < 1 else ".2f" if size < 1000 else ".0f"
    return f"{value:{form}}".replace("-", MINUS)
