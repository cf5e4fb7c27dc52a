"""The registry of models that can be trained and attacked, by their names in the configuration.

Most entries are matrix factorisation with a pairwise loss, trained from random factors or from another model's state,
with or without an adversarial term. Other models name a module of their own. Every model is a matrix of user rows and
one of item rows whose inner products are its scores, because these rows are what attacks perturb. This module imports
nothing heavy, because the Snakefile reads it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata

from embrittle.errors import ConfigError

FACTORISATION = "training"


@dataclass(frozen=True)
class Model:
    """How a model is trained.

    Attributes:
        starts_from: the model from whose state (factors and Adagrad accumulators) at `start_epoch` training continues;
            None to start from random factors.
        section: section of the configuration with this model's own settings, among them `start_epoch` if it starts
            from another model; None if it has none.
        loss: the pairwise loss that attacks ascend, a key of `kernels.losses.LOSSES`. Matrix factorisation minimises
            it in training, too.
        trained_by: the module in `embrittle.models` that trains the model: matrix factorisation, or a module of the
            model's own. Such a module has a dataclass `TrainingSettings`, whose fields are `factors`, `criterion`, the
            keys of `section` and, if `epochs` is one of them, `selection`; and a function `train`
            (`models.training.train` without `start`). `section` is then a `models.settings.OwnTraining`.
        package: a package that the training needs and that is not installed everywhere; None for none.
        gpu: whether training uses the GPU of a study on GPUs.
    """

    starts_from: str | None = None
    section: str | None = None
    loss: str = "bpr"
    trained_by: str = FACTORISATION
    package: str | None = None
    gpu: bool = True


MODELS: dict[str, Model] = {
    "BPR-MF": Model(),  # Rendle et al. 2009
    "AMF": Model(starts_from="BPR-MF", section="adversarial_training"),  # He et al. 2018
    "PureSVD": Model(  # Cremonesi et al. 2010
        trained_by="pure_svd", section="pure_svd", gpu=False
    ),
    "ALS": Model(  # Hu et al. 2008
        trained_by="als", section="als", package="implicit", gpu=False
    ),
    "LightGCN": Model(  # He et al. 2020
        trained_by="light_gcn", section="light_gcn", gpu=False
    ),
}


def require_packages(models: Iterable[str]) -> None:
    """Check that the packages are installed that the training of some models needs.

    Args:
        models: names of models; those that are not trained here, such as own embeddings, need nothing.

    Raises:
        ConfigError: a package is missing. The message names the models that need it.
    """
    needed: dict[str, list[str]] = {}
    for model in models:
        if model in MODELS and (package := MODELS[model].package):
            needed.setdefault(package, []).append(model)
    for package, names in needed.items():
        try:
            metadata.version(package)
        except metadata.PackageNotFoundError:
            raise ConfigError(
                f"{package} is not installed, but needed for models: {', '.join(names)}. Install it with "
                f"`make {package}` or, outside of a clone, `pip install {package}`."
            ) from None
