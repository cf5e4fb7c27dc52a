"""The attacks: how a perturbation Delta of learned factors is built (docs/method.md, "Perturbations").

An attack is a module of this package with one function of the same name under `@attack`: one step. The configuration
names it as the `method` of a definition, and the function's keywords after epsilon and seed are the options that a
definition may set, with their defaults. A step knows Delta and the number of the iteration and nothing else of those
before it, so an attack can continue from the Delta that a job with fewer iterations left. A further attack is one more
file.
"""

from importlib import import_module
from pkgutil import iter_modules

from embrittle.attacks.registry import ATTACKS

__all__ = ["ATTACKS"]

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
