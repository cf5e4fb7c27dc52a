"""Recommenders that are trained and attacked, and baselines that are only measured.

`module_of` is here and not in the registry, so that a training does not import the registry: a further entry then
leaves the results of the other models up to date.
"""


def module_of(trained_by: str) -> str:
    """Return the full name of the module that trains a model (`registry.Model.trained_by`)."""
    return f"{__name__}.{trained_by}"
