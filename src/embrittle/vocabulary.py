"""Names that several rooms share: the papers' models, attacks and measures, and the names of reference conditions."""

from collections.abc import Mapping
from types import MappingProxyType

PAPER_MODELS = ("BPR-MF", "AMF")

METRICS = ("PR", "RE", "nDCG", "EFD", "SE", "ICov")

# The share of users with a hit. It is measured where a user has several test items; elsewhere it is RE.
HIT_RATE = "HR"

# Attack -> whether it takes a single step, in the order of the published Table 1.
PAPER_ATTACKS: Mapping[str, bool] = MappingProxyType({"fgsm": True, "bim": False, "pgd": False})

# The random recommender, a reference: it has no embeddings to attack, and no row in Table 1.
RANDOM = "Random"

# The name of the unperturbed condition, ("initial", 0, 0), among the attacks.
UNPERTURBED = "initial"

# Condition -> the name that the papers print; an attack that they do not have keeps its name.
CONDITION_LABELS = {"initial": "Initial", "fgsm": "FGSM", "bim": "BIM", "pgd": "PGD"}

# The arrays of a model.
FACTORS = ("user_factors", "item_factors")

# Columns of tables whose values are names that a user chooses, and labels of groups: text, whatever they look like.
NAME_COLUMNS = (
    "dataset", "source", "model", "attack", "condition", "attribute", "group", "label",
)  # fmt: skip
