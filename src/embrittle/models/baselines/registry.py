"""The registry of baselines with which the APR poster compares BPR-MF and AMF, by their names in the configuration.

To add a baseline, add an entry here, and a module named as in `module_of` with a class `Model`
(`training.Recommender`). This module imports nothing heavy, because Snakemake checks the configuration against it.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Baseline:
    """A baseline's entry.

    Attributes:
        options: option -> default; options with an integer default accept integers only. The training loop reads
            `epochs` and `evaluate_every`; a baseline without `epochs` is not trained.
        torch: whether its module imports torch, which is not installed everywhere.
    """

    options: dict[str, float] = field(default_factory=dict)
    torch: bool = False


BASELINES: dict[str, Baseline] = {
    "ItemPop": Baseline(),
    "CDAE": Baseline(  # Wu et al. 2016
        {
            "epochs": 100,
            "evaluate_every": 5,
            "factors": 64,
            "batch_size": 128,
            "learning_rate": 0.05,
            "negatives": 5,
            "corruption": 0.2,
            "regularisation": 0.01,
        },
        torch=True,
    ),
    "IRGAN": Baseline(  # Wang et al. 2017
        {
            "epochs": 30,
            "evaluate_every": 1,
            "factors": 64,
            "batch_size": 64,
            "learning_rate": 0.001,
            "pretraining": 100,
            "discriminator_epochs": 10,
            "generator_epochs": 5,
            "temperature": 0.2,
            "positive_share": 0.2,
            "regularisation": 0.1,
        },
        torch=True,
    ),
    "NeuMF": Baseline(  # He et al. 2017
        {
            "epochs": 20,
            "evaluate_every": 2,
            "factors": 64,
            "batch_size": 1024,
            "learning_rate": 0.001,
            "negatives": 4,
            "pretraining": 20,
        },
        torch=True,
    ),
}
