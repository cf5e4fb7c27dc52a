"""The models that can be trained and attacked, found by their names in the configuration.

A model is matrix factorisation with a pairwise loss, from scratch or from another model's state, with or without an
adversarial term.
A further one is an entry here; what it needs to know comes from the section of the configuration it names. Light:
the Snakefile reads this registry.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Model:
    """How a model is trained.

    Attributes:
        starts_from: the model whose state (factors and Adagrad accumulators) at `start_epoch` this one goes on from;
            None to start from random factors.
        section: section of the configuration with this model's own settings, among them `start_epoch`.
        loss: the pairwise loss that training lowers and attacks raise, key of `kernels.losses.LOSSES`.
    """

    starts_from: str | None = None
    section: str | None = None
    loss: str = "bpr"


MODELS: dict[str, Model] = {
    "BPR-MF": Model(),  # Rendle et al. 2009
    "AMF": Model(starts_from="BPR-MF", section="adversarial_training"),  # He et al. 2018
}
