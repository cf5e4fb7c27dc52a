"""Figures 1 and 2 on the page: Figure 1 at its beginning, as the figure that shows how brittle the models are."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from embrittle.products.curves.figure import draw
from embrittle.render import published
from embrittle.render.inputs import Inputs
from embrittle.render.plot_settings import PlotSettings
from embrittle.render.style import Drawing

LEAD = "figure1"


def leads(inputs: Inputs, settings: Mapping[str, Any]) -> dict[str, Drawing]:
    """Data set -> its Figure 1, where it is among the `figures` of the settings (`product.drawn`)."""
    shown = [of for of in settings["figures"] if of["figure"] == LEAD]
    return dict(zip([of["dataset"] for of in shown], _drawn(inputs, shown), strict=True))


def figures(inputs: Inputs, settings: Mapping[str, Any]) -> Iterator[Drawing]:
    """The other `figures` of the settings."""
    return _drawn(inputs, [of for of in settings["figures"] if of["figure"] != LEAD])


def _drawn(inputs: Inputs, figures: Sequence[Mapping[str, Any]]) -> Iterator[Drawing]:
    """Figures from metrics and published_figures."""
    metrics = inputs.parquet("metrics")
    for of in figures:
        theirs = published.load(inputs.one("published_figures"), "figures_1_2", of["names"])
        which = of["figure"], of["dataset"], PlotSettings(**of["plots"])
        yield draw(metrics, *which, published=theirs, **of["arguments"])
