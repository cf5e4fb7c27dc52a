"""Recommenders that are ranked and measured beside the models, but not attacked: one module each, and their registry.

What a baseline's training imports is here and in its module, not in the registry: a further entry trains none again.
"""


def module_of(baseline: str) -> str:
    """Return the name of the module whose class `Model` is the baseline: the baseline's own name in lower case."""
    return f"{__name__}.{baseline.lower()}"
