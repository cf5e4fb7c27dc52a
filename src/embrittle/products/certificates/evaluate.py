"""Certified curves, radii of users and groups, and attacks beside them, for one model and seed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd

from embrittle.certificates import measures
from embrittle.certificates.certificate import Certificate
from embrittle.certificates.radii import Model, Radii
from embrittle.certificates.search import search_users
from embrittle.certificates.threats import Threat
from embrittle.data.interactions import UserItems
from embrittle.errors import DataError
from embrittle.metrics import groups as grouping
from embrittle.metrics.evaluation import Condition, read_lists
from embrittle.metrics.measures import ndcg_per_user
from embrittle.vocabulary import UNPERTURBED

SEARCHED = (Threat("users", "l2", "absolute"), Threat("users", "l2", "relative"))
"""The threats for which the worst case of each user is searched for."""
CURVE_COLUMNS = [*Threat._fields, "epsilon", "kind", "attack", "metric", "value"]
SEARCH_COLUMNS = ["budget", "epsilon", "pair", "reached", "excluded", "n_nodes"]
GROUP_COLUMNS = [
    *("attribute", "group", "label", "members", *Threat._fields),
    *("hits", "q25", "median", "q75"),
]
INITIAL, CERTIFIED, PROVED, FOUND, ATTACK = "initial", "certified", "proved", "found", "attack"
OWN_LIST, DECIDED = "own list", "decided"
QUARTERS = (0.25, 0.5, 0.75)
# Lists and certificates are computed in other ways, and their sums differ in the last digits.
_ROUNDING = 1e-9


def search(
    model: Model,
    seen: UserItems,
    test_items: UserItems,
    certificate: Certificate,
    *,
    epsilon: Sequence[float],
    n_nodes: int,
    k: int,
) -> pd.DataFrame:
    """Search the worst case of perturbed user rows, of the users with a test item in their list.

    Args:
        model, seen: as in `radii.certified_radii`.
        test_items: test items of each user.
        certificate: the certificate of the model.
        epsilon: the budgets, absolute and relative.
        n_nodes: as in `search.search_users`.
        k: length of the lists.

    Returns:
        Columns `SEARCH_COLUMNS`: a row for each test item and epsilon, absolute and relative; pair is the position in
        `test_items.indices`, and reached, excluded and n_nodes are as in `search.Found`. What is reached of a user's
        test items is reached by one perturbation.
    """
    radii = certificate.radii
    of_budgets = [
        (value * threat.budgets(certificate.sizes)[0], threat.budget, value)
        for threat in SEARCHED
        for value in epsilon
    ]
    of_budgets.sort()
    budgets = [budget for budget, _, _ in of_budgets]
    searched = search_users(
        *(model, seen, test_items, radii.pairs), budgets=budgets, length=k, n_nodes=n_nodes
    )
    rows = [
        (*of_budgets[number][1:], pair, of.reached, of.excluded, of.n_nodes)
        for pair, number, of in searched
    ]
    return pd.DataFrame(rows, columns=SEARCH_COLUMNS)


def evaluate(
    certificate: Certificate,
    test_items: UserItems,
    searched: pd.DataFrame | None,
    paths: Sequence[str | PathLike],
    table: pd.DataFrame,
    train_counts: np.ndarray,
    *,
    conditions: Sequence[Condition],
    attacks: Mapping[str, Mapping[str, Any]],
    epsilon: Sequence[float],
    k: Sequence[int],
    attributes: Mapping[str, Mapping[str, Any]],
) -> dict[str, pd.DataFrame]:
    """Evaluate a certificate.

    Args:
        certificate, test_items, searched, epsilon, k: as in `curves`.
        paths, conditions, attacks: as in `beside_attacks`.
        table, train_counts, attributes: as in `groups_table`.

    Returns:
        "curves" with the attacks, "users" (`users_table`) and "groups" (`groups_table`).

    Raises:
        DataError: as in `beside_attacks`.
    """
    radii = certificate.radii
    certain = curves(certificate, test_items, searched, epsilon=epsilon, k=k)
    attacked = beside_attacks(paths, radii, test_items, conditions=conditions, attacks=attacks, k=k)
    users = users_table(radii, test_items, k[0])
    return {
        "curves": pd.concat([certain, attacked], ignore_index=True),
        "users": users,
        "groups": groups_table(users, radii.threats, attributes, table, train_counts),
    }


def curves(
    certificate: Certificate,
    test_items: UserItems,
    searched: pd.DataFrame | None,
    *,
    epsilon: Sequence[float],
    k: Sequence[int],
) -> pd.DataFrame:
    """Return what is certain at each epsilon, for every threat.

    Args:
        certificate: the certificate of the model; its own lists have the length k[0].
        test_items: test items of each user.
        searched: from `search`, or None.
        epsilon: the budgets.
        k: lengths of the lists.

    Returns:
        Columns `CURVE_COLUMNS`. Kind "certified": metrics nDCG@K and HR@K, and for the first K the share of the
        model's "own list" that stays. Kinds "proved" and "found", for the first K: the nDCG of users' exact worst
        cases from below and from above, and under "proved" the share of users whose worst case is "decided".
    """
    rows: list[tuple] = []
    radii, first = certificate.radii, k[0]
    for number, threat in enumerate(radii.threats):
        values = radii.of(threat)
        for budget in epsilon:
            at = (*threat, budget)
            overtaken = measures.overtaken_at(values, budget)
            for length in k:
                of = (overtaken, radii.pairs, test_items, length)
                ndcg, hits = measures.ndcg_left(*of), measures.hits_left(*of)
                rows.append((*at, CERTIFIED, "", f"nDCG@{length}", np.nanmean(ndcg)))
                rows.append((*at, CERTIFIED, "", f"HR@{length}", np.nanmean(hits)))
            share = measures.certain_share(
                certificate.staying[number], certificate.own_lists, budget
            )
            rows.append((*at, CERTIFIED, "", OWN_LIST, share))
            if searched is not None and threat in SEARCHED:
                rows += [(*at, *of) for of in _of_search(searched, test_items, at, first)]
    return pd.DataFrame(rows, columns=CURVE_COLUMNS)


def _of_search(searched: pd.DataFrame, test_items: UserItems, at: tuple, k: int) -> Iterable[tuple]:
    """Yield (kind, attack, metric, value) of the exact worst cases at one epsilon; nothing if none was searched for."""
    *_, budget, epsilon = at
    here = searched[(searched["budget"] == budget) & (searched["epsilon"] == epsilon)]
    if here.empty:
        return
    here = here.sort_values("pair")
    pairs, tested = here["pair"].to_numpy(), test_items.counts > 0
    proved, found = (
        measures.ndcg_left(here[column].to_numpy(), pairs, test_items, k)
        for column in ("excluded", "reached")
    )
    for kind, ndcg in ((PROVED, proved), (FOUND, found)):
        yield kind, "", f"nDCG@{k}", np.nanmean(ndcg)
    yield PROVED, "", DECIDED, np.mean(proved[tested] == found[tested])


def beside_attacks(
    paths: Sequence[str | PathLike],
    radii: Radii,
    test_items: UserItems,
    *,
    conditions: Sequence[Condition],
    attacks: Mapping[str, Mapping[str, Any]],
    k: Sequence[int],
) -> pd.DataFrame:
    """Return nDCG without and after each attack, and check that no attack leaves less than its certificate.

    Args:
        paths: files of lists, one for each condition.
        radii: the radii of the test items.
        test_items: test items of each user.
        conditions: the conditions, in the order of `paths`.
        attacks: attack -> "threat", what it may perturb.
        k: lengths of the lists, the lists are stored at the largest.

    Returns:
        Columns `CURVE_COLUMNS`, of kinds "initial" and "attack".

    Raises:
        DataError: an attack leaves a user less than is certified. One of the two must be wrong.
    """
    rows = []
    for path, (attack, epsilon, iterations) in zip(paths, conditions, strict=True):
        lists = read_lists(path, test_items.n_users, max(k))
        initial = attack == UNPERTURBED
        of_attack = ("", "", "") if initial else tuple(attacks[attack]["threat"])
        for length in k:
            left = ndcg_per_user(lists, test_items, length)
            kind = (INITIAL, "") if initial else (ATTACK, attack)
            value = np.nanmean(left)
            rows.append((*of_attack, float(epsilon), *kind, f"nDCG@{length}", value))
            if not initial:
                threat = Threat(*attacks[attack]["threat"])
                overtaken = measures.overtaken_at(radii.of(threat), float(epsilon))
                certified = measures.ndcg_left(overtaken, radii.pairs, test_items, length)
                condition = f"{attack} with epsilon {epsilon} and {iterations} iterations"
                check(left, certified, f"nDCG@{length} after {condition}")
    return pd.DataFrame(rows, columns=CURVE_COLUMNS)


def check(left: np.ndarray, certified: np.ndarray, condition: str) -> None:
    """Raise DataError if an attack leaves a user less than is certified.

    Args:
        left, certified: float64 (n_users,), NaN for users without a test item.
        condition: measure and attack, in the words of the error.
    """
    below = np.flatnonzero(left < certified - _ROUNDING)
    if len(below):
        shown = ", ".join(
            f"user {user}: {left[user]:.6g} < {certified[user]:.6g}" for user in below[:10]
        )
        raise DataError(
            f"{condition} is below its certificate for {len(below)} of the users ({shown}"
            f"{', ...' if len(below) > 10 else ''}). Either the certificate or the attack has an error: please report "
            "it with the model."
        )


def users_table(radii: Radii, test_items: UserItems, k: int) -> pd.DataFrame:
    """Return the certified radius of each user for every threat (`measures.user_radii`): user, n_test, and columns."""
    columns = {
        "_".join(threat): measures.user_radii(radii.of(threat), radii.pairs, test_items, k)
        for threat in radii.threats
    }
    users = {"user": np.arange(test_items.n_users), "n_test": test_items.counts}
    return pd.DataFrame(users | columns)


def groups_table(
    users: pd.DataFrame,
    threats: Sequence[Threat],
    attributes: Mapping[str, Mapping[str, Any]],
    table: pd.DataFrame,
    train_counts: np.ndarray,
) -> pd.DataFrame:
    """Return the radii of groups of users, and of all of them.

    Args:
        users: from `users_table`.
        threats: the threats of its columns.
        attributes: name -> definition of an attribute of users, as in `groups.build_defined`.
        table: the user table of the normal form.
        train_counts: integers (n_users,), training interactions of each user.

    Returns:
        Columns `GROUP_COLUMNS`: members counts users with test items, hits is the share of them with a test item in
        the list, and the quartiles are those of the radii of these. Attributes that the data set lacks and groups
        without such users are left out.
    """
    tested = users["n_test"].to_numpy() > 0
    kinds: list[tuple[str, str, str, np.ndarray]] = [("", "all", "all users", tested)]
    found = grouping.build_defined(attributes, {"users": table}, {"users": train_counts})
    for name, built in found.items():
        kinds += [
            (name, group, label, member & tested)
            for group, label, member in zip(built.names, built.labels, built.member, strict=True)
            if (member & tested).any()
        ]
    rows = []
    for attribute, group, label, member in kinds:
        for threat in threats:
            radii = users.loc[member, "_".join(threat)].to_numpy()
            hit = radii[radii > 0]
            share = len(hit) / len(radii) if len(radii) else np.nan
            rows.append(
                (attribute, group, label, int(member.sum()), *threat, share, *_quartiles(hit))
            )
    return pd.DataFrame(rows, columns=GROUP_COLUMNS)


def _quartiles(radii: np.ndarray) -> tuple[float, ...]:
    """Return the quartiles of radii; NaN without any.

    Radii of lists that cannot fill up are infinite. There is no value between a finite and an infinite one.
    """
    if not len(radii):
        return (np.nan,) * 3
    if np.isfinite(radii).all():
        return tuple(np.quantile(radii, QUARTERS))
    return tuple(np.quantile(radii, QUARTERS, method="lower"))
