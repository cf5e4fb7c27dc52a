"""Models with the same lists as a given one: rescaled, rebalanced, or in canonical form (docs/method.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from embrittle import row_norms
from embrittle.errors import DataError
from embrittle.vocabulary import FACTORS

Model = Mapping[str, np.ndarray]


def row_sizes(model: Model, fixed: int = 0) -> tuple[float, float]:
    """Return the root mean squares of the norms of user rows and of item rows, without the last `fixed` factors.

    Raises:
        DataError: all rows of one side are zero, so that no number can scale them.
    """
    rows = [model[side] for side in FACTORS]
    users, items = row_norms.row_sizes(*rows, rows[0].shape[1] - fixed)
    if users == 0 or items == 0:
        raise DataError(f"all {'user' if users == 0 else 'item'} rows of the model are zero")
    return users, items


def rescaled(model: Model, of_users: float, of_items: float) -> dict[str, np.ndarray]:
    """Return a model whose rows of each side are multiplied by a number; all scores have the product as a factor.

    Biases, which are one more factor of items by which users have 1, are multiplied as well, on both sides.
    """
    factors = zip(FACTORS, (of_users, of_items), strict=True)
    return {side: (model[side].astype(np.float64) * by).astype(np.float32) for side, by in factors}


def scaled(model: Model, scale: float) -> dict[str, np.ndarray]:
    """Return (cP, cQ)."""
    return rescaled(model, scale, scale)


def with_norms_of(
    model: Model, other: Model, fixed: int = 0, other_fixed: int = 0
) -> dict[str, np.ndarray]:
    """Return the model with the row sizes (`row_sizes`) of another model.

    Raises:
        DataError: all rows of one side of a model are zero.
    """
    own, wanted = row_sizes(model, fixed), row_sizes(other, other_fixed)
    return rescaled(model, wanted[0] / own[0], wanted[1] / own[1])


def balanced(model: Model, fixed: int = 0) -> dict[str, np.ndarray]:
    """Return (gP, Q/g) with the g for which users and items have rows of the same size (`row_sizes`).

    Raises:
        DataError: all rows of one side are zero.
    """
    users, items = row_sizes(model, fixed)
    g = float(np.sqrt(items / users))
    return rescaled(model, g, 1 / g)


def canonical(model: Model, fixed: int = 0) -> dict[str, np.ndarray]:
    """Return U sqrt(S) and V sqrt(S), where U S V' is the singular value decomposition of the scores P Q'.

    Any (P A, Q A^-T) has the same scores, and so the same canonical form, up to the signs of factors and the order of
    equal singular values. Here the largest element of each column of V is positive. The last `fixed` factors stay as
    they are. With rank r, the last d - r factors are zero.
    """
    moved = model["user_factors"].shape[1] - fixed
    users, items = (model[side][:, :moved].astype(np.float64) for side in FACTORS)
    # QR of both sides leaves the decomposition of a matrix of factors by factors.
    of_users, r_users = np.linalg.qr(users)
    of_items, r_items = np.linalg.qr(items)
    left, singular, right = np.linalg.svd(r_users @ r_items.T)
    n = len(singular)
    singular = np.where(singular > _RANK * singular.max(initial=0), singular, 0)
    found = [of_users @ left[:, :n], of_items @ right[:n].T]
    signs = np.sign(found[1][np.abs(found[1]).argmax(axis=0), np.arange(n)])
    root = np.sqrt(singular) * np.where(signs == 0, 1, signs)
    result = {}
    for side, rows in zip(FACTORS, found, strict=True):
        whole = np.zeros((len(rows), moved + fixed), np.float32)
        whole[:, :n] = rows * root
        whole[:, moved:] = model[side][:, moved:]
        result[side] = whole
    return result


_RANK = 1e-12  # of the largest singular value; smaller ones are rounding
FORMS = {"balanced": balanced, "canonical": canonical}


def control_of(
    entry: Mapping[str, Any],
    model: Model,
    fixed: int = 0,
    other: Model | None = None,
    other_fixed: int = 0,
) -> dict[str, np.ndarray]:
    """Return the control that an entry of the configuration describes (`settings.Control`).

    Args:
        entry: with one of `scale`, `norms_of` and `form`.
        model, fixed: the model that is copied, and the number of its last factors that no attack may move.
        other, other_fixed: the same of the model that `norms_of` names.

    Raises:
        DataError: all rows of one side of a model are zero.
    """
    if "scale" in entry:
        return scaled(model, entry["scale"])
    if "form" in entry:
        return FORMS[entry["form"]](model, fixed)
    assert other is not None  # the configuration is checked
    return with_norms_of(model, other, fixed, other_fixed)
