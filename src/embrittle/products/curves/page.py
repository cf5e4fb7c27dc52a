"""Figures 1 and 2 on the page."""

from collections.abc import Iterator, Mapping
from typing import Any

from embrittle.products.curves.figure import draw
from embrittle.render import published
from embrittle.render.inputs import Inputs
from embrittle.render.plot_settings import PlotSettings
from embrittle.render.style import Drawing


def figures(inputs: Inputs, settings: Mapping[str, Any]) -> Iterator[Drawing]:
    """The `figures` of the settings (`product.drawn`), from metrics and published_figures."""
    metrics = inputs.parquet("metrics")
    theirs = published.load(*inputs.all("published_figures"))
    for of in settings["figures"]:
        which = of["figure"], of["dataset"], PlotSettings(**of["plots"])
        yield draw(metrics, *which, published=theirs, **of["arguments"])
