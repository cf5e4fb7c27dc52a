"""The regressions of `embrittle.characteristics` in words and in Markdown.

The words follow from the intervals alone, by the rules of `embrittle.statements`; a case is one slope (model, attack,
number of iterations, characteristic).

A flatter slope is one nearer to 0, whatever its sign. AMF's is flatter than BPR-MF's exactly when the
difference and the sum of the two slopes have the same sign, and both intervals have to say so.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from embrittle.products.characteristics.cells import (
    compare_with_published,
    joint_regression,
    regressions,
    slope_differences,
)
from embrittle.render.labels import condition_label
from embrittle.render.markup import MARKDOWN, to_markdown
from embrittle.render.statements import (
    AGAINST,
    CANNOT_BE_TOLD,
    DOES_NOT_HOLD,
    FOR,
    HOLDS,
    MIXED,
    OPEN,
    Case,
    judge,
    side,
)
from embrittle.vocabulary import PAPER_MODELS

DENSER = "denser data are safer"
LARGER = "larger and more user-heavy data are more exposed"
ONE_MODEL = "there is nothing to decide it by, it takes both models on the same sub-samples"
FLATTER = "AMF's slopes are flatter than BPR-MF's"

RHO = "\N{GREEK SMALL LETTER RHO}"
MINUS = "\N{MINUS SIGN}"

# Sizes are millions; a slope for one more pair of user and item has too many zeros to be read.
UNITS = {"size": (1e6, "size (millions)")}


@dataclass(frozen=True)
class Report:
    """All tables of Figure 3, and the page that shows them in words."""

    regressions: pd.DataFrame
    joint: pd.DataFrame
    differences: pd.DataFrame
    comparison: pd.DataFrame
    statements: pd.DataFrame
    markdown: str


def report(
    points: pd.DataFrame,
    samples: pd.DataFrame,
    published: pd.DataFrame,
    k: int,
    titles: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
) -> Report:
    """Fit everything and say what it means.

    Args:
        points: from `characteristics.points`.
        samples: from `characteristics.characteristics_table`.
        published: the published characteristics.csv.
        k: length of the lists that rho was taken from.
        titles: source -> title.
        notes: further sentences, for the end of the first part: what is missing, say.
    """
    fits, joint = regressions(points), joint_regression(points)
    differences = slope_differences(points)
    comparison = compare_with_published(points, fits, published, k)
    parts = {
        "What the intervals say": "\n\n".join(
            [verdict(fits, differences, joint, titles).strip(), *notes]
        ),
        "Sub-samples": characteristics_markdown(samples, titles),
        "Regressions over one characteristic": regressions_markdown(fits, titles),
        "Regressions over all three": joint_markdown(joint, titles),
        "Slopes of BPR-MF minus AMF": differences_markdown(differences, titles),
        "Beside the published numbers": comparison_markdown(comparison, titles),
    }
    markdown = "\n\n".join(f"## {head}\n\n{text.strip()}" for head, text in parts.items())
    said = pd.DataFrame(statements(fits, differences))
    return Report(fits, joint, differences, comparison, said, markdown + "\n")


def statements(regressions: pd.DataFrame, differences: pd.DataFrame) -> list[dict[str, Any]]:
    """What the intervals say about the three statements of the longer paper, for each source.

    Args:
        regressions: from `characteristics.regressions`.
        differences: from `characteristics.slope_differences` of BPR-MF and AMF; possibly without rows.

    Returns:
        Of each source and statement, and for the first two of each model: source, statement, model (null
        for the third), verdict ("holds", "does not hold", "mixed", "cannot be told"), evidence (words),
        and the numbers of cases: n_for, n_against, n_open.
    """
    found = []
    for source in dict.fromkeys(regressions["source"]):
        fits = regressions[regressions["source"] == source]
        apart = differences[differences["source"] == source]
        models = list(dict.fromkeys(fits["model"]))
        cases: dict[tuple[str, str | None], list[Case]] = {}
        for statement, signs in (DENSER, {"density": -1}), (LARGER, {"size": 1, "shape": 1}):
            for model in models:
                of_model = fits[fits["model"] == model]
                cases[(statement, model)] = _slope_cases(of_model, signs)
        flatter = [
            Case(_name(row, True), flatter_side(row)) for row in apart.itertuples(index=False)
        ]
        cases[(FLATTER, None)] = flatter
        for (statement, model), of in cases.items():
            about = {"source": source, "statement": statement, "model": model}
            found.append({**about, **judge(of, ONE_MODEL)})
    return found


def verdict(
    regressions: pd.DataFrame,
    differences: pd.DataFrame,
    joint: pd.DataFrame | None = None,
    titles: Mapping[str, str] | None = None,
) -> str:
    """The statements as a paragraph for each source, with what must be known to believe them.

    Args:
        regressions: as for `statements`.
        differences: as for `statements`.
        joint: from `characteristics.joint_regression`, to say how far the three can be told apart.
        titles: source -> the title to print.
    """
    titles = titles or {}
    paragraphs = []
    for source, found in _by_source(statements(regressions, differences)).items():
        fits = regressions[regressions["source"] == source]
        sentences = [_tested(titles.get(source, source), fits)]
        sentences += [
            _decided(statement, [entry for entry in found if entry["statement"] == statement])
            for statement in (DENSER, LARGER, FLATTER)
        ]
        sentences += [_about_seeds(fits), _about_number(found)]
        sentences.append(_about_collinearity(joint, source))
        paragraphs.append(" ".join(sentence for sentence in sentences if sentence))
    return "\n\n".join(paragraphs or ["There are no sub-samples with metrics to decide by."]) + "\n"


def characteristics_markdown(table: pd.DataFrame, titles: Mapping[str, str] | None = None) -> str:
    """The sub-samples with their counts and characteristics; `titles`: source -> title."""
    titles = titles or {}
    rows = [
        {
            "Data set": MARKDOWN.escape(titles.get(row.source, row.source)),
            "k": "all" if pd.isna(row.k) else str(row.k),
            "Users": f"{row.n_users:,}",
            "Items": f"{row.n_items:,}",
            "Interactions": f"{row.n_interactions:,}",
            "Density": f"{row.density:.4f}",
            "Size": f"{row.size:,}",
            "Shape": f"{row.shape:.3f}",
        }
        for row in table.itertuples(index=False)
    ]
    return to_markdown(pd.DataFrame(rows), n_left=1) + "\n"


def regressions_markdown(regressions: pd.DataFrame, titles: Mapping[str, str] | None = None) -> str:
    """The regressions over one characteristic each."""
    columns: dict[str, Callable[[Any, float], str]] = {
        "Slope": lambda row, unit: _number(row.slope * unit),
        "95 % interval": lambda row, unit: _interval(row.ci_low * unit, row.ci_high * unit),
        "Standard error": lambda row, unit: _number(row.standard_error * unit),
        "p": lambda row, unit: _p(row.p),
        "Intercept": lambda row, unit: _number(row.intercept),
        "R²": lambda row, unit: "—" if np.isnan(row.r_squared) else f"{row.r_squared:.2f}",
        "Runs": lambda row, unit: str(row.n),
    }
    return _fits_markdown(regressions, columns, titles) + "\n\n" + _errors_sentence(regressions)


def joint_markdown(joint: pd.DataFrame, titles: Mapping[str, str] | None = None) -> str:
    """The regressions over all three, with their collinearity; the notes stand below."""
    columns: dict[str, Callable[[Any, float], str]] = {
        "Coefficient": lambda row, unit: _number(row.slope),
        "95 % interval": lambda row, unit: _interval(row.ci_low, row.ci_high),
        "p": lambda row, unit: _p(row.p),
        "VIF": lambda row, unit: _number(row.vif),
        "Condition number": lambda row, unit: _number(row.condition_number),
        "R²": lambda row, unit: "—" if np.isnan(row.r_squared) else f"{row.r_squared:.2f}",
        "Readable": lambda row, unit: "yes" if row.readable else "no",
    }
    notes = [f"{note[0].upper()}{note[1:]}." for note in dict.fromkeys(joint["note"]) if note]
    below = " ".join([*notes, _errors_sentence(joint)])
    return f"{_fits_markdown(joint, columns, titles)}\n\n{below}"


def differences_markdown(
    differences: pd.DataFrame,
    titles: Mapping[str, str] | None = None,
    models: tuple[str, str] = PAPER_MODELS,
) -> str:
    """The differences of slopes between two models."""
    first, second = models
    columns: dict[str, Callable[[Any, float], str]] = {
        f"Slope {first}": lambda row, unit: _number(row.slope_first * unit),
        f"Slope {second}": lambda row, unit: _number(row.slope_second * unit),
        "Difference": lambda row, unit: _number(row.difference * unit),
        "95 % interval": lambda row, unit: _interval(row.ci_low * unit, row.ci_high * unit),
        "p": lambda row, unit: _p(row.p),
        "Pairs": lambda row, unit: str(row.n),
    }
    return _fits_markdown(differences, columns, titles) + "\n\n" + _errors_sentence(differences)


def comparison_markdown(comparison: pd.DataFrame, titles: Mapping[str, str] | None = None) -> str:
    """Ours beside the published points and slopes."""
    columns: dict[str, Callable[[Any, float], str]] = {
        "What": lambda row, unit: (
            f"slope of {RHO}" if row.quantity == "slope" else f"{RHO} at {row.x:g}"
        ),
        "Ours": lambda row, unit: _number(row.value * unit),
        "Interval": lambda row, unit: _interval(row.low * unit, row.high * unit),
        "Seeds": lambda row, unit: str(row.n_seeds),
        "Published": lambda row, unit: _number(row.published),
    }
    below = (
        "The interval of a slope: 95 %; that of a point: smallest to largest of the seeds. The paper does "
        "not print its number of iterations L, so its one number stands beside ours at every L.\n"
    )
    return f"{_fits_markdown(comparison, columns, titles)}\n\n{below}"


def _slope_cases(fits: pd.DataFrame, signs: Mapping[str, int]) -> list[Case]:
    """Each slope over these characteristics, whose stated signs are given."""
    rows = fits[fits["characteristic"].isin(list(signs))]
    return [
        Case(_name(row, len(signs) > 1), side(row.ci_low, row.ci_high, signs[row.characteristic]))
        for row in rows.itertuples(index=False)
    ]


def flatter_side(row: Any) -> str:
    """Whether the second slope is nearer to 0 than the first."""
    difference = side(row.ci_low, row.ci_high, 1)
    total = side(row.sum_ci_low, row.sum_ci_high, 1)
    if OPEN in (difference, total):
        return OPEN
    return FOR if difference == total else AGAINST


def _name(row: Any, with_characteristic: bool) -> str:
    """A case in words: "PGD, L = 25 over density"."""
    over = f" over {row.characteristic}" if with_characteristic else ""
    return _attack_label(row.attack, row.iterations) + over


def _attack_label(attack: str, iterations: int) -> str:
    return condition_label(attack) + (f" at L = {iterations}" if iterations > 1 else "")


def _by_source(found: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    by_source: dict[str, list[dict[str, Any]]] = {}
    for entry in found:
        by_source.setdefault(entry["source"], []).append(entry)
    return by_source


def _tested(title: str, fits: pd.DataFrame) -> str:
    """What the paragraph rests on."""
    models = " and ".join(dict.fromkeys(fits["model"]))
    conditions = fits[["attack", "iterations"]].drop_duplicates()
    attacks = ", ".join(_attack_label(*row) for row in conditions.itertuples(index=False))
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


def _decided(statement: str, entries: Sequence[Mapping[str, Any]]) -> str:
    """A statement with its verdicts."""
    words = {
        HOLDS: "it holds in every case",
        DOES_NOT_HOLD: "it does not hold",
        MIXED: "it holds in some cases and is contradicted in others",
        CANNOT_BE_TOLD: "it cannot be told with these runs",
    }
    verdicts = [
        (f"for {entry['model']} " if entry["model"] else "")
        + f"{words[entry['verdict']]} ({entry['evidence']})"
        for entry in entries
    ]
    return f"“{statement[0].upper()}{statement[1:]}”: {'; '.join(verdicts)}."


def _about_seeds(fits: pd.DataFrame) -> str:
    """What the intervals contain of the chance of training."""
    if fits["n_seeds"].max() == 1:
        return (
            "There is one seed: how much of the scatter around the lines is the chance of training cannot "
            "be seen, and another seed may move every point."
        )
    return ""


def _about_number(found: Sequence[Mapping[str, Any]]) -> str:
    """That many intervals are looked at."""
    n_cases = sum(entry["n_for"] + entry["n_against"] + entry["n_open"] for entry in found)
    return (
        f"The intervals are not adjusted for their number ({n_cases} cases): of slopes that are really 0, "
        "one in twenty would exclude it; and the cases share their data, so they do not confirm each other "
        "independently."
    )


def _about_collinearity(joint: pd.DataFrame | None, source: str) -> str:
    """Whether the characteristics can be told apart."""
    reason = "the sub-samples are nested parts of one data set in which density, size and shape change together"
    if joint is None or (rows := joint[joint["source"] == source]).empty:
        return f"No slope here belongs to its characteristic alone: {reason}."
    if not rows["readable"].all():
        note = next(note for note in rows["note"] if note)
        return f"No slope here belongs to its characteristic alone: {reason}; their joint regression is {note}."
    return (
        f"Slopes over one characteristic do not hold the others fixed ({reason}); the joint regression on "
        f"their logarithms, which does, is readable here (largest VIF {rows['vif'].max():.3g})."
    )


def _fits_markdown(
    table: pd.DataFrame,
    columns: Mapping[str, Callable[[Any, float], str]],
    titles: Mapping[str, str] | None,
) -> str:
    """A table with the columns that name a fit, then `columns`, each a function of row and unit."""
    titles = titles or {}
    rows = []
    for row in table.itertuples(index=False):
        unit, label = UNITS.get(row.characteristic, (1.0, row.characteristic))
        model = {"Model": MARKDOWN.escape(row.model)} if hasattr(row, "model") else {}
        rows.append(
            {
                "Data set": MARKDOWN.escape(titles.get(row.source, row.source)),
                **model,
                "Attack": MARKDOWN.escape(_attack_label(row.attack, row.iterations)),
                "Over": label,
                **{name: cell(row, unit) for name, cell in columns.items()},
            }
        )
    names = ["Data set", *(["Model"] if "model" in table else []), "Attack", "Over", *columns]
    return to_markdown(pd.DataFrame(rows, columns=names), n_left=len(names) - len(columns))


def _errors_sentence(table: pd.DataFrame) -> str:
    """What the intervals of a table take the seeds for."""
    sentences = {
        "means": "A sub-sample counts once, with the mean of its seeds.",
        "clusters": "Every run counts; standard errors are robust to dependence within a sub-sample.",
        "repeats": "Every run counts as an independent point.",
    }
    return " ".join(sentences[errors] for errors in dict.fromkeys(table["errors"])) + "\n"


def _number(value: float) -> str:
    """Three significant digits at least, without an exponent where that is readable; a proper minus."""
    if np.isnan(value):
        return "—"
    if np.isinf(value):
        return "∞"
    if value == 0:
        return "0"
    text = (
        f"{value:#.3g}"
        if abs(value) < 1
        else f"{value:.2f}"
        if abs(value) < 1000
        else f"{value:.0f}"
    )
    return text.replace("-", MINUS)


def _interval(low: float, high: float) -> str:
    return "—" if np.isnan(low) or np.isnan(high) else f"{_number(low)} to {_number(high)}"


def _p(p: float) -> str:
    if np.isnan(p):
        return "—"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
