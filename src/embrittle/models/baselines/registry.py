"""The recommenders that the APR poster sets beside MF-BPR and AMF, found by their names in the configuration.

A further baseline is an entry here, and a module as `module_of` names it with a class `Model` (`training.Recommender`).
Light: the configuration is checked against this registry whenever the Snakefile is parsed.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Baseline:
    """What can be set.

    Attributes:
        options: names with defaults; where the default is a whole number, so is every value. The training loop reads
            `epochs` and `evaluate_every`; without them nothing is trained.
    """

    options: dict[str, float] = field(default_factory=dict)


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
    ),
}
