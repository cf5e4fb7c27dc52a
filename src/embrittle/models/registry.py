"""The registry of models that can be trained and attacked, by their names in the configuration.

A model is matrix factorisation with a pairwise loss, trained from random factors or from another model's state, with or
without an adversarial term. To add a model, add an entry; its settings come from the section of the configuration that
the entry names. This module imports nothing heavy, because the Snakefile reads it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Model:
    """How a model is trained.

    Attributes:
        starts_from: the model from whose state (factors and Adagrad accumulators) at `start_epoch` training continues;
            None to start from random factors.
        section: section of the configuration with this model's own settings, among them `start_epoch`; None if it has
            none.
        loss: the pairwise loss that training minimises and attacks ascend, a key of `kernels.losses.LOSSES`.
    """

    starts_from: str | None = None
    section: str | None = None
    loss: str = "bpr"


MODELS: dict[str, Model] = {
    "BPR-MF": Model(),  # Rendle et al. 2009
    "AMF": Model(starts_from="BPR-MF", section="adversarial_training"),  # He et al. 2018
}
