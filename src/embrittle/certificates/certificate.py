"""The certificate of a model, as it is stored: the radii of its users' test items and of its own lists."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike

import numpy as np

from embrittle.attacks.own_lists import own_lists
from embrittle.certificates.radii import Model, Radii, certified_radii, staying_radii
from embrittle.certificates.threats import THREATS, Threat
from embrittle.data.interactions import UserItems
from embrittle.files import read_tensors, write_tensors
from embrittle.kernels.cpu import CpuBackend


@dataclass(frozen=True)
class Certificate:
    """What is certain of a model, for every threat and every epsilon.

    Attributes:
        radii: the radii of the test items.
        own_lists: the items of the model's own lists.
        staying: float32 (n_threats, n), from `radii.staying_radii`, of `own_lists`.
        sizes: the units of relative budgets, of users and of items.
    """

    radii: Radii
    own_lists: UserItems
    staying: np.ndarray
    sizes: tuple[float, float]

    def write(self, path: str | PathLike) -> None:
        """Write the certificate as safetensors."""
        tensors = {
            "pairs": self.radii.pairs,
            "radii": self.radii.values,
            "own_indptr": self.own_lists.indptr,
            "own_items": self.own_lists.indices,
            "staying": self.staying,
        }
        about = {
            "threats": [list(threat) for threat in self.radii.threats],
            "sizes": list(self.sizes),
            "n_items": self.own_lists.n_items,
        }
        write_tensors(tensors, path, about)

    @classmethod
    def read(cls, path: str | PathLike) -> Certificate:
        """Read a file that `write` wrote; raise DataError if the file is damaged."""
        found, about = read_tensors(path)
        threats = [Threat(*of) for of in about["threats"]]
        lists = UserItems(found["own_indptr"], found["own_items"], about["n_items"])
        users, items = about["sizes"]
        radii = Radii(threats, found["pairs"], found["radii"])
        return cls(radii, lists, found["staying"], (users, items))


def certify(
    model: Model, seen: UserItems, test_items: UserItems, *, k: int, length: int
) -> Certificate:
    """Compute what is certain of a model.

    Args:
        model: the model.
        seen: items that are not listed.
        test_items: test items of each user.
        k: length of the model's own lists whose items are certified.
        length: the largest length of the lists that are measured.

    Raises:
        DataError: a factor is not finite, or `k` exceeds the catalogue.
    """
    own = own_lists(CpuBackend(), (model.user_factors, model.item_factors), seen, k)
    radii = certified_radii(model, seen, test_items, length)
    return Certificate(radii, own, staying_radii(model, seen, own, k, THREATS), model.sizes)
