"""The numbers that say how brittle a model is: what it does unperturbed, and what perturbations leave of that.

All perturbations have the same ε. An attack in steps counts after its largest number of steps. A number is a mean over
the seeds with a 95 % t interval; it is NaN where a seed lacks it.
"""

from collections.abc import Iterator, Mapping

import pandas as pd

from embrittle.attacks.norms import MEAN_NORM_METRIC, norm_metric
from embrittle.metrics.tidy import is_epsilon, metrics_at, models_in, robustness, with_hit_rate
from embrittle.stats import over_seeds
from embrittle.vocabulary import HIT_RATE, RANDOM, UNPERTURBED

SINGLE_STEP, STRONGEST, NOISE, WORST_GROUP = "single step", "strongest", "noise", "worst group"
NDCG, ITEMS, NORM, LEFT = "nDCG", "items", "norm", "nDCG left"
OF_USERS, OF_ITEMS = "users' relative norm", "items' relative norm"
MEASURES = {
    "nDCG": NDCG,
    HIT_RATE: HIT_RATE,
    "ICov": ITEMS,
    MEAN_NORM_METRIC: NORM,
    norm_metric("users relative L2 mean"): OF_USERS,
    norm_metric("items relative L2 mean"): OF_ITEMS,
}
"""Metric -> quantity."""

SHOWN = {
    UNPERTURBED: (NDCG, HIT_RATE, ITEMS),
    SINGLE_STEP: (LEFT, NORM, OF_USERS, OF_ITEMS),
    STRONGEST: (LEFT, NORM, OF_USERS, OF_ITEMS, ITEMS),
    NOISE: (LEFT, NORM, OF_USERS, OF_ITEMS),
}
"""Role -> its quantities."""

CONDITION = ["attack", "epsilon", "iterations"]
INTERVAL = ["mean", "low", "high", "n_seeds"]
FEWEST_HITS = 10
"""A group with fewer hits, in the mean over the seeds, is not compared: one hit more or less is a tenth of its nDCG."""
GROUP = ["group", "of", "members", "hits"]
COLUMNS = ["dataset", "model", "role", "quantity", *CONDITION, "among", *GROUP, *INTERVAL]


def cells(
    metrics: pd.DataFrame,
    groups: pd.DataFrame | None,
    *,
    k: int,
    epsilon: float,
    methods: Mapping[str, str],
    attributes: Mapping[str, str],
) -> pd.DataFrame:
    """The numbers of every model.

    Args:
        metrics: the tidy metrics.
        groups: the tidy nDCG of groups; None where the study has none.
        k: length of the lists.
        epsilon: of the perturbations.
        methods: attack -> its method; of several with one method, the first is the one shown.
        attributes: attribute of the groups -> "users" or "items".

    Returns:
        The columns `COLUMNS`, one row for each number. The random recommender has only unperturbed ones. `role` says
        what the number is of:

        - `UNPERTURBED`;
        - `SINGLE_STEP`: after one step of FGSM;
        - `STRONGEST`: after the attack that leaves the least nDCG in the mean, of `among` attacks;
        - `NOISE`: after random noise of FGSM's norm;
        - `WORST_GROUP`: in the group, of `among` groups of at least `FEWEST_HITS`, that keeps the smallest share of its
          nDCG under the strongest attack, after the number of steps that groups were compared at; the larger group, if
          several keep the same. A group of all users or items is none, and there must be two to compare.
          `group` is its attribute and label. It has so many `members`, `of` users or items, and without perturbation
          so many `hits`, in the mean over the seeds.

        `LEFT` is nDCG in percent of the unperturbed nDCG of the same seed. What was not run has no row.

    Raises:
        DataError: the metrics are not usable, see `tidy.metrics_at`.
    """
    conditions = _conditions(metrics, k, epsilon)
    of_groups = _groups(groups, k, epsilon) if groups is not None else None
    found: list[dict] = []
    for dataset in dict.fromkeys(conditions["dataset"]):
        of_dataset = conditions[conditions["dataset"] == dataset]
        # The random recommender last, as what a model must not fall to.
        random = [RANDOM] if RANDOM in set(of_dataset["model"]) else []
        for model in [*models_in(of_dataset), *random]:
            here = conditions.query("dataset == @dataset and model == @model")
            rows = list(_roles(here, methods))
            strongest = [row["attack"] for row in rows if row["role"] == STRONGEST]
            if strongest and of_groups is not None:
                rows += _most_hit(of_groups, dataset, model, strongest[0], attributes)
            found += [{"dataset": dataset, "model": model, **row} for row in rows]
    return pd.DataFrame(found, columns=COLUMNS)


def _conditions(metrics: pd.DataFrame, k: int, epsilon: float) -> pd.DataFrame:
    """Every quantity in every condition of this ε, over the seeds."""
    rows = with_hit_rate(metrics_at(metrics, k))
    wanted = is_epsilon(rows["epsilon"], epsilon) | (rows["attack"] == UNPERTURBED)
    rows = rows[wanted & rows["metric"].isin(MEASURES)]
    rows = rows.assign(quantity=rows["metric"].map(MEASURES))
    lost = robustness(metrics, k, epsilon)
    left = lost.assign(quantity=LEFT, value=100 - lost["rho"])
    by = ["dataset", "model", *CONDITION, "quantity"]
    return over_seeds(pd.concat([rows, left])[[*by, "value"]], "value", by)


def _roles(here: pd.DataFrame, methods: Mapping[str, str]) -> Iterator[dict]:
    """The rows of one model, without its groups."""
    left = here[(here["quantity"] == LEFT) & here["mean"].notna()].sort_values("iterations")
    last = left.drop_duplicates("attack", keep="last").set_index("attack")
    run = [name for name in methods if name in last.index]
    attacks = [name for name in run if methods[name] != "noise"]
    of_method = {methods[name]: name for name in reversed(run)}
    chosen = {UNPERTURBED: UNPERTURBED, SINGLE_STEP: of_method.get("fgsm")}
    # An ensemble leaves what its strongest member does; it is the one to name.
    strength = {name: (last.loc[name, "mean"], methods[name] != "ensemble") for name in attacks}
    chosen[STRONGEST] = min(attacks, key=strength.__getitem__, default=None)
    chosen[NOISE] = of_method.get("noise")
    for role, attack in chosen.items():
        steps = last.loc[attack, "iterations"] if attack in last.index else 0
        condition = here[(here["attack"] == attack) & (here["iterations"] == steps)]
        by_quantity = {row["quantity"]: row for row in condition.to_dict("records")}
        about = {"role": role, "among": len(attacks) if role == STRONGEST else None}
        for quantity in SHOWN[role]:
            if quantity in by_quantity:
                yield {**by_quantity[quantity], **about}


def _groups(groups: pd.DataFrame, k: int, epsilon: float) -> pd.DataFrame:
    """What is left of the nDCG of each group in every condition of this ε, over the seeds."""
    rows = groups[groups["k"] == k]
    of_one = ["dataset", "model", "seed", *CONDITION, "attribute"]
    rows = rows[rows["members"] < rows.groupby(of_one)["members"].transform("sum")]
    key = ["dataset", "model", "seed", "attribute", "group"]
    unperturbed = rows["attack"] == UNPERTURBED
    before = rows.loc[unperturbed, [*key, "value", "hits"]].rename(columns={"value": "before"})
    after = rows[~unperturbed & is_epsilon(rows["epsilon"], epsilon)].drop(columns="hits")
    both = after.merge(before, on=key, how="left", validate="many_to_one")
    left = 100 * both["value"] / both["before"].where(both["before"] > 0)
    by = ["dataset", "model", *CONDITION, "attribute", "label", "members"]
    hits = both.groupby(by, sort=False)["hits"].mean().reset_index()
    return over_seeds(both.assign(left=left), "left", by).merge(hits, on=by)


def _most_hit(
    groups: pd.DataFrame, dataset: str, model: str, attack: str, attributes: Mapping[str, str]
) -> list[dict]:
    """The group of a model that keeps least under an attack: one row, or none without two groups to compare."""
    here = groups.query("dataset == @dataset and model == @model and attack == @attack")
    here = here[here["mean"].notna() & here["attribute"].isin(attributes)]
    here = here[here["hits"] >= FEWEST_HITS]
    here = here[here["iterations"] == here["iterations"].max()]
    ordered = here.sort_values(["mean", "members"], ascending=[True, False], kind="stable")
    about = {"role": WORST_GROUP, "quantity": LEFT, "among": len(here)}
    return [
        {
            **row,
            **about,
            "group": f"{row['attribute'].replace('_', ' ')} = {row['label']}",
            "of": attributes[row["attribute"]],
        }
        for row in ordered.head(1 if len(ordered) > 1 else 0).to_dict("records")
    ]
