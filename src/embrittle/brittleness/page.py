"""The first part of the page: for each data set a table, a few sentences, and what to do next."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from embrittle.brittleness.cells import (
    FEWEST_HITS,
    HIT_RATE,
    ITEMS,
    LEFT,
    NDCG,
    NOISE,
    NORM,
    OF_ITEMS,
    OF_USERS,
    SINGLE_STEP,
    STRONGEST,
    WORST_GROUP,
)
from embrittle.models.registry import MODELS
from embrittle.problems import listed
from embrittle.render.labels import condition_label
from embrittle.render.page_tables import Cell, Table
from embrittle.vocabulary import PAPER_MODELS, RANDOM, UNPERTURBED

NO_BREAK = "\N{NO-BREAK SPACE}"
STRONGEST_LEFT, NOISE_LEFT = "Left after the strongest attack", "Left after random noise"
GROUP_LEFT = "Group that loses most"
NOT_LARGER = 1.05
"""Perturbations of less than so many times the size are about as large."""
TOO_LARGE = 0.5
"""A change of the rows by more than this share of their size is suggested to be made smaller."""
ENOUGH_SEEDS = 3  # two make intervals of 12.7 standard errors on either side


@dataclass(frozen=True)
class Part:
    """What the page says of one data set.

    Attributes:
        dataset, title: its name, and what the page calls it.
        table: a row for each model.
        sentences: the same in words.
    """

    dataset: str
    title: str
    table: Table
    sentences: Sequence[str]


class Step(NamedTuple):
    """Something to do next: a setting, and what it is good for."""

    setting: str
    reason: str


class Numbers:
    """The cells of one data set (`cells.cells`), by model, role and quantity."""

    def __init__(self, cells: pd.DataFrame, k: int, epsilon: float, budget: str):
        """Take the cells, the length of the lists, and the ε that they are of, with its unit."""
        self.k = k
        self.at = f"ε = {epsilon:g}" + (" of the rows' size" if budget == "relative" else "")
        rows = cells.to_dict("records")
        self.rows = {(row["model"], row["role"], row["quantity"]): row for row in rows}
        self.models = list(dict.fromkeys(row["model"] for row in rows))

    def of(self, role: str, quantity: str = LEFT) -> dict[str, dict[str, Any]]:
        """Model -> the row of its number, for those that have it."""
        found = {model: self.rows.get((model, role, quantity)) for model in self.models}
        return {model: row for model, row in found.items() if row and not np.isnan(row["mean"])}


def parts(
    cells: pd.DataFrame, titles: Mapping[str, str], *, k: int, epsilon: float, budget: str
) -> list[Part]:
    """A part for each data set of `cells`, in the order of `titles`.

    Args:
        cells: from `cells.cells`.
        titles: data set -> title.
        k, epsilon: of the cells.
        budget: the unit of epsilon, "absolute" or "relative".
    """
    found = []
    for dataset, title in titles.items():
        numbers = Numbers(cells[cells["dataset"] == dataset], k, epsilon, budget)
        if numbers.models:
            found.append(Part(dataset, title, _table(numbers, title), list(_sentences(numbers))))
    return found


# --- The table ------------------------------------------------------------------------------------


def _table(numbers: Numbers, title: str) -> Table:
    """A row for each model; a column only where some model has its number."""
    single, strongest, noise = (numbers.of(role) for role in (SINGLE_STEP, STRONGEST, NOISE))
    columns = {
        f"nDCG@{numbers.k}": {m: _value(row) for m, row in numbers.of(UNPERTURBED, NDCG).items()},
        f"HR@{numbers.k}": {m: _value(row) for m, row in numbers.of(UNPERTURBED, HIT_RATE).items()},
        "Left after FGSM": {m: _left(row, numbers) for m, row in single.items()},
        STRONGEST_LEFT: {m: _left(row, numbers) for m, row in strongest.items()},
        NOISE_LEFT: {m: _left(row, numbers) for m, row in noise.items()},
        GROUP_LEFT: {m: _group(row) for m, row in numbers.of(WORST_GROUP).items()},
        "Items recommended": _items(numbers),
    }
    shown = {name: cells for name, cells in columns.items() if cells}
    rows = [
        ([model], [cells.get(model, Cell("—")) for cells in shown.values()])
        for model in numbers.models
    ]
    caption = (
        f"nDCG and hit rate without perturbation, and the percentage of nDCG that is left at {numbers.at}, "
        f"{title} ({_seeds(numbers)})"
    )
    return Table(caption, ["Model"], list(shown), rows)


def _seeds(numbers: Numbers) -> str:
    """What the brackets are."""
    n = max(int(row["n_seeds"]) for row in numbers.rows.values())
    return "one seed, no interval" if n == 1 else f"in brackets 95 % intervals over {n} seeds"


def _value(row: Mapping[str, Any]) -> Cell:
    low, high = (f"{row[end]:.4f}" for end in ("low", "high"))
    return Cell(f"{row['mean']:.4f}", _interval(low, high, row))


def _left(row: Mapping[str, Any], numbers: Numbers) -> Cell:
    norm, *relative = (
        numbers.of(row["role"], quantity).get(row["model"])
        for quantity in (NORM, OF_USERS, OF_ITEMS)
    )
    size = f"row norm {norm['mean']:.2f}" if norm else ""
    if norm and all(relative):
        users, items = (percent(100 * side["mean"]) for side in relative if side)
        size += f", {users} of users' and {items} of items' rows"
    name = _attack(row) if row["role"] == STRONGEST else ""
    note = "; ".join(filter(None, [name, size]))
    return Cell(percent(row["mean"]), _percent_interval(row), note=note)


def _group(row: Mapping[str, Any]) -> Cell:
    about = f"{group_name(row)}; {_attack(row)}"
    return Cell(f"{percent(row['mean'])} left", _percent_interval(row), note=about)


def _items(numbers: Numbers) -> dict[str, Cell]:
    """How many different items all lists of a model recommend, before and after its strongest attack."""
    before, after = numbers.of(UNPERTURBED, ITEMS), numbers.of(STRONGEST, ITEMS)
    return {
        model: Cell(
            f"{row['mean']:,.0f}" + (f" → {after[model]['mean']:,.0f}" if model in after else ""),
            note=f"before and after {_attack(after[model])}" if model in after else "",
        )
        for model, row in before.items()
    }


def percent(value: float) -> str:
    """A share in percent, with a decimal where it is small."""
    digits = 0 if round(abs(value), 1) >= 10 or value == 0 else 1
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.removeprefix("-")
    return f"{text}{NO_BREAK}%".replace("-", "−")


def _percent_interval(row: Mapping[str, Any]) -> str:
    low, high = (percent(row[end]).removesuffix(f"{NO_BREAK}%") for end in ("low", "high"))
    return _interval(low, high, row)


def _interval(low: str, high: str, row: Mapping[str, Any]) -> str:
    # Without any spread there is no interval: one version of own embeddings has the same lists under every seed.
    return "" if np.isnan(row["low"]) or row["low"] == row["high"] else f"[{low}, {high}]"


def _attack(row: Mapping[str, Any]) -> str:
    steps = int(row["iterations"])
    return condition_label(row["attack"]) + (f", {steps} steps" if steps > 1 else "")


def group_name(row: Mapping[str, Any]) -> str:
    """A group, its size, and the number of hits that what is left of it rests on."""
    return f"{row['group']} ({int(row['members']):,} {row['of']}, {_hits(row)})"


def _hits(row: Mapping[str, Any]) -> str:
    return f"{row['hits']:,.0f} hit{'' if round(row['hits']) == 1 else 's'} before"


# --- In words -------------------------------------------------------------------------------------


def _sentences(numbers: Numbers) -> Iterator[str]:
    """What the table says, and what it does not."""
    strongest, single = numbers.of(STRONGEST), numbers.of(SINGLE_STEP)
    if not strongest:
        if numbers.of(UNPERTURBED, NDCG):
            yield f"No attack was run at {numbers.at}."
        return
    yield _of_strongest(strongest, numbers)
    if single:
        yield _of_single_step(single, numbers)
    noise = numbers.of(NOISE)
    if noise:
        yield f"Random noise of FGSM's norm leaves {_each(noise, numbers)}."
    groups = numbers.of(WORST_GROUP)
    if groups:
        yield _of_groups(groups)
    if max(row["n_seeds"] for row in strongest.values()) == 1:
        yield (
            "These are one training of each model and one draw of the attacks' random numbers: with others, each "
            "number differs, and a difference between two models may be chance."
        )


def _of_strongest(rows: Mapping[str, Mapping[str, Any]], numbers: Numbers) -> str:
    """What the strongest attack leaves of each model, the attack named anew where it is another one."""
    said: list[str] = []
    before = ""
    for model, row in rows.items():
        attack = _attack(row).replace(", ", " after ")
        of = f"{_with_interval(row)} of {model}'s" + ("" if said else f" nDCG@{numbers.k}")
        adversarial = model in MODELS and MODELS[model].section == "adversarial_training"
        of += " (adversarial training)" if adversarial else ""
        said.append(of if attack == before else f"{attack} leaves {of}")
        before = attack
    return f"At {numbers.at}, {listed(said)}."


def _of_single_step(rows: Mapping[str, Mapping[str, Any]], numbers: Numbers) -> str:
    text = f"One step of FGSM leaves {_each(rows, numbers)}"
    ratios = {
        model: large["mean"] / small["mean"]
        for model, large in numbers.of(STRONGEST, NORM).items()
        for small in [numbers.of(SINGLE_STEP, NORM).get(model)]
        if small and small["mean"] > 0 and large["iterations"] > 1
    }
    if not ratios or max(ratios.values()) < NOT_LARGER:
        return f"{text}."
    ends = dict.fromkeys(f"{ratio:.1f}" for ratio in (min(ratios.values()), max(ratios.values())))
    whose = "" if len(ratios) == len(rows) else f" on {listed(list(ratios))}"
    return (
        f"{text}. Its perturbation is also smaller: at this ε, that of the strongest attack{whose} is "
        f"{' to '.join(ends)} times as large (mean row norm)."
    )


def _of_groups(rows: Mapping[str, Mapping[str, Any]]) -> str:
    said: list[str] = []
    before = ""
    for model, row in rows.items():
        left = _with_interval(row)
        if not said:
            said.append(f"{model} loses most for {group_name(row)}, where {left} of nDCG is left")
        elif row["group"] == before:
            said.append(f"{model} for the same group ({_hits(row)}, {left})")
        else:
            said.append(f"{model} for {group_name(row)} ({left})")
        before = row["group"]
    among = max(int(row["among"]) for row in rows.values())
    return f"Of {among} groups of at least {FEWEST_HITS} hits, {'; '.join(said)}."


def _each(rows: Mapping[str, Mapping[str, Any]], numbers: Numbers) -> str:
    shares = [f"{_with_interval(row)} of {model}'s" for model, row in rows.items()]
    return f"{listed(shares)} nDCG@{numbers.k}"


def _with_interval(row: Mapping[str, Any]) -> str:
    return f"{percent(row['mean'])} {_percent_interval(row)}".rstrip()


# --- What the words mean --------------------------------------------------------------------------


def legend(parts: Sequence[Part], methods: Sequence[str], knows: Sequence[str]) -> list[str]:
    """Sentences that explain the words of the parts, of attacks only those that were run.

    Args:
        parts: from `parts`.
        methods: the methods of the attacks that were compared.
        knows: what these attacks know, as keys of `labels.KNOWS`.
    """
    shown = {column for part in parts for column in part.table.columns}
    said = []
    if STRONGEST_LEFT in shown:
        said += [text for method, text in _METHODS.items() if method in methods]
        said += [_RANKING] if "lists" in knows else []
        said.append(_STRONGEST)
    said += [text for column, text in _COLUMNS.items() if column in shown]
    return [*said, _MEASURES]


_METHODS = {
    "fgsm": "FGSM changes the embeddings in one step along the gradient of the training loss.",
    "bim": "BIM takes several small steps along the gradient of the training loss.",
    "pgd": "PGD takes several small steps along the gradient of the training loss, from a random start.",
    "mi": "MI takes steps with momentum.",
    "apgd": "APGD takes steps whose size it adapts, and keeps the best.",
    "transfer": "A transfer is a perturbation that was found on another model.",
    "ensemble": "An ensemble is the strongest of its attacks.",
}
_RANKING = "Attacks on the ranking (smooth-rank, margin, lists) push the items of the model's own lists down."
_STRONGEST = (
    "ε limits the change of each factor or, for attacks with an L2 norm, of each row. The strongest attack is the one "
    "of those run at this ε that leaves the least nDCG, after its largest number of steps. Attacks that know the test "
    "items do not count. More than 100 % left: nDCG has risen. A row norm is the mean length by which an embedding is "
    "changed, also in percent of the lengths of the model's own rows (root mean square). Longer rows make a model look "
    "more robust at the same ε, although scaling all rows changes no list."
)
_COLUMNS = {
    NOISE_LEFT: "Random noise has FGSM's norm.",
    GROUP_LEFT: (
        f"One of several groups always loses most, even if only by chance. Groups of fewer than {FEWEST_HITS} hits are "
        "left out."
    ),
}
_MEASURES = (
    "HR is the share of users with a test item in the list. Items recommended: different items in all lists "
    "together."
)


# --- What to do next ------------------------------------------------------------------------------


def next_steps(
    cells: pd.DataFrame,
    *,
    epsilon: float,
    budget: str,
    n_seeds: int,
    selection: str | None,
    own: Sequence[str] = (),
) -> list[Step]:
    """Settings that would say more.

    Args:
        cells: of the study (`cells.cells`).
        epsilon, budget: as in `parts`.
        n_seeds: seeds of the study.
        selection: how the attacked epoch was selected; None if all models are own embeddings.
        own: the models that are own embeddings.
    """

    def without(role: str) -> list[str]:
        """The data sets of which no model has such a number."""
        return [
            str(name) for name, rows in cells.groupby("dataset", sort=False)
            if role not in set(rows["role"])
        ]  # fmt: skip

    steps = []
    if large := _too_large(cells, epsilon):
        key = "table1: {attacks: [fgsm-relative, bim-relative], epsilon: 0.1}"
        steps.append(Step(key, large))
    if without(STRONGEST):
        attacks = f"table1: {{attacks: [fgsm, bim, pgd], epsilon: {epsilon:g}}}"
        steps.append(Step(attacks, "runs the papers' attacks."))
    if n_seeds < ENOUGH_SEEDS:
        versions = (
            f" With one version of {listed(own)} under embeddings, the interval is over the attacks' random draws; "
            "with three, over trainings."
            if own
            else ""
        )
        steps.append(Step("seeds: [0, 1, 2]", _SEEDS[n_seeds == 1] + versions))
    if own and set(own) == set(cells["model"]) - {RANDOM}:
        models = f"models: [{', '.join([*own, PAPER_MODELS[0]])}]"
        steps.append(Step(models, _BESIDE))
    if (missing := without(NOISE)) and budget == "absolute":
        key = f"budgets: {{datasets: [{', '.join(missing)}], compare_at: {epsilon:g}, attacks: [fgsm, noise]}}"
        steps.append(Step(key, _NOISE))
    if selection == "best-on-test":
        more = f" {_HELD_OUT.format(own=listed(own))}" if own else ""
        steps.append(Step("training: {selection: best-on-validation}", _SELECTION + more))
    if without(WORST_GROUP):
        attributes = "attributes: [item_popularity, user_interactions]"
        run = dict.fromkeys(cells.loc[cells["role"] == STRONGEST, "attack"])
        which = f"attacks: [{', '.join(run)}], " if budget == "relative" and run else ""
        steps.append(Step(f"fairness: {{{attributes}, {which}epsilon: {epsilon:g}}}", _GROUPS))
    return steps


def _too_large(cells: pd.DataFrame, epsilon: float) -> str:
    """That FGSM changes the rows of a side by more than `TOO_LARGE`, and what to do; empty if it does not."""
    sides = {OF_USERS: "user", OF_ITEMS: "item"}
    rows = cells[(cells["role"] == SINGLE_STEP) & cells["quantity"].isin(sides)]
    rows = rows[rows["mean"] > TOO_LARGE]
    said = [
        f"the {sides[row['quantity']]} rows of {row['model']} by {percent(100 * row['mean'])}"
        for row in rows.drop_duplicates(["model", "quantity"]).to_dict("records")
    ]
    if not said:
        return ""
    return (
        f"measures ε in the size of each model's rows, of users and of items. At ε = {epsilon:g}, FGSM changes "
        f"{listed(said)} of their size, which may leave little of any model."
    )


_SEEDS = (
    "gives narrower intervals: with two seeds they reach 12.7 standard errors to either side.",
    "attacks each model with three seeds, which gives every percentage a 95 % interval.",
)
_NOISE = (
    "adds a column for random noise of FGSM's norm. Without the key attacks, it also compares all attacks at equal "
    "perturbation norm instead of equal ε."
)
_BESIDE = (
    "trains BPR-MF on the same split: a number says more beside that of a model that one knows."
)
_SELECTION = (
    "chooses the attacked epoch without the test items. Now it is the best epoch on them, which flatters nDCG and HR "
    "before the attack."
)
_HELD_OUT = (
    "It holds out one more interaction of each user, which {own} may have been trained with: give your own validation "
    "items with the split, or train {own} without them, too."
)
_GROUPS = (
    f"adds the group of items or users that loses most, of those with at least {FEWEST_HITS} hits."
)
