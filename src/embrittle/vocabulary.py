"""Names that several rooms share: of the papers' models, attacks and measures, and of what is no model."""

from collections.abc import Mapping
from types import MappingProxyType

PAPER_MODELS = ("BPR-MF", "AMF")

METRICS = ("PR", "RE", "nDCG", "EFD", "SE", "ICov")

# Name -> whether the attack takes a single step, in the order of the published table.
PAPER_ATTACKS: Mapping[str, bool] = MappingProxyType({"fgsm": True, "bim": False, "pgd": False})

# The reference recommender: it has no embeddings to attack, and no place in Table 1.
RANDOM = "Random"

# The "attack" of a model as it was trained; its condition is ("initial", 0, 0).
UNPERTURBED = "initial"
