"""Figure 3 on the page."""

from collections.abc import Iterator, Mapping
from typing import Any

from embrittle.products.characteristics.figure import figure3
from embrittle.render import published
from embrittle.render.inputs import Inputs
from embrittle.render.plot_settings import PlotSettings
from embrittle.render.style import Drawing


def figures(inputs: Inputs, settings: Mapping[str, Any]) -> Iterator[Drawing]:
    """The `figures` of the settings (`product.drawn`), from published_characteristics and points, if there are any."""
    points = inputs.csv("points")
    for of in settings["figures"] if points is not None else ():
        path = inputs.one("published_characteristics")
        theirs = published.load(path, "characteristics", of["names"])
        which = of["source"], int(of["iterations"])
        look = PlotSettings(**of["plots"])
        yield figure3(points, *which, settings=look, published=theirs, **of["arguments"])
