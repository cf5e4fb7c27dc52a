"""The page's plots, from the study's result files."""

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from embrittle.render.inputs import Inputs


def figures(
    pages: Mapping[str, ModuleType], inputs: Inputs, settings: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Groups of plots (`render.plots.group`) of every product that has any; `pages` as `page.PAGES`."""
    made = (
        pages[name].figures(inputs, {**own, "titles": settings["titles"]})
        for name, own in own_settings(settings).items()
    )
    return [group for of_product in made for group in of_product if group["plots"]]


def own_settings(settings: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What the figures of a product take, by the product's name, in the order of the page."""
    return {
        "curves": {name: settings[name] for name in ("figures", "single_step_epsilon")},
        "budgets": settings["budgets"],
        "characteristics": {"iterations": settings["sample_iterations"]},
        "poster": {name: settings[name] for name in ("noise", "trainings", "curve_k")},
    }
