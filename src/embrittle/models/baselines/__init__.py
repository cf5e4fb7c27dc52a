"""Baselines: recommenders that are trained and measured like the models, but not attacked. Each has its own module.

`module_of` is here and not in the registry, so that the training of a baseline does not import the registry: a further
entry then leaves the results of the other baselines up to date.
"""


def module_of(baseline: str) -> str:
    """Return the full name of a baseline's module, which is the baseline's name in lower case."""
    return f"{__name__}.{baseline.lower()}"
