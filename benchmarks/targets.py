"""What the project asks of its speed (docs/benchmarks.md)."""

from .table import Target

LIBRARY = Target("ratio", ">=", 1.3)  # to each library's BPR epoch, so to the faster one's
AUTOGRAD = Target("ratio", ">=", 10)  # to an epoch in torch autograd
AMF = Target("ratio", "<=", 2.5)  # of an AMF epoch to a BPR-MF epoch
GRADIENT = Target("ratio", ">=", 25)  # to the full-batch gradient by torch autograd
ATTACK_STEP = Target("ratio", "<=", 1.3)  # of any step of an attack to the papers' BIM step
BUDGET = Target("seconds", "<=", 25 * 60)  # the papers' training of both models
MEMORY = Target("peak_memory_mb", "<", 1500)  # of a training
FIXED_COST = Target("seconds", "<=", 3)  # of an attack job
DRY_RUN = Target("seconds", "<", 10)  # of the paper study
RANKING_MEMORY = Target(
    "peak_memory_mb", "<", 2000
)  # of ranking all items for as many users as Gowalla has
OWN_EMBEDDINGS_MEMORY = (
    2000  # MB beside the factors, to bring in a million users' embeddings and list their items
)
RANKING_GRADIENT = Target("seconds", "<=", 0.7)  # of a loss of the ranking, on ML-1M
PROPAGATION = Target("seconds", "<=", 0.4)  # of LightGCN over ML-1M's graph, with its backward
RADII = Target("seconds", "<=", 2)  # certified radii for limits on rows, on ML-1M
RADII_OF_ELEMENTS = Target("seconds", "<=", 6)  # with limits on elements
