"""The attack methods: how each step changes the perturbation Delta (docs/method.md, "Perturbations").

Each module of this package contains one function of the module's name under `@attack`, which takes one step. The
configuration selects it by `method`; the function's keywords after epsilon and seed are the options that the
configuration may set, with their defaults. A step depends on the previous steps only through Delta and the number of
the iteration, so an attack can continue from the Delta of a job with fewer iterations. To add an attack, add a module.
"""

from importlib import import_module
from pkgutil import iter_modules

from embrittle.attacks.registry import ATTACKS

__all__ = ["ATTACKS"]

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
