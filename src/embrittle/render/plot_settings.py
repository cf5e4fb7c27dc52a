"""The settings of figures, which `render.style` applies. Light: imported whenever the Snakefile is parsed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from embrittle.section import Colour, Filled, Number, Section, Switch, Whole, setting
from embrittle.vocabulary import CONDITION_LABELS

if TYPE_CHECKING:
    import pandas as pd


class PlotSettings(Section):
    """The appearance of figures; no setting here changes a computed value."""

    formats: Annotated[list[Literal["pdf", "png", "svg"]], Field(min_length=1)] = setting(
        ["pdf", "png"], "The file formats: any of `pdf`, `png`, `svg`."
    )
    dpi: Annotated[Whole, Field(ge=50, le=1200)] = setting(
        200, "The resolution of PNG files in dots per inch, 50 to 1200."
    )
    width: Annotated[Number, Field(ge=1, le=50)] = setting(
        3.45, "The width of a figure in inches; the default is one column of the papers."
    )
    panel_height: Annotated[Number, Field(ge=0.5, le=50)] = setting(
        1.45, "The height of a row of panels in inches."
    )
    font_size: Annotated[Number, Field(ge=3, le=40)] = setting(
        7.0,
        "The size of text in points. For slides, try `width: 8`, `panel_height: 3` and `font_size: 14`.",
    )
    band: Literal["min-max", "sd"] = setting(
        "min-max",
        "The band around a mean over several seeds: `min-max`, from the smallest to the largest value, or `sd`, one "
        "standard deviation to each side.",
    )
    published: Switch = setting(
        True,
        "Whether comparable published curves are drawn as well, faintly.",
    )
    coverage_axis: Literal["log", "linear"] = setting(
        "log",
        "The axis of item coverage. The random recommender covers many times as many items as the models, so a "
        "`linear` axis flattens the curves of the models.",
    )
    colours: dict[str, Colour] = setting(
        dict,
        'Name → colour, such as `"#0072B2"` (in quotes: `#` starts a comment), where you want another than that of '
        "the palette, which suits any colour vision. Names: those of attacks, `initial` (the unperturbed model) and "
        "`random` (the random recommender).",
    )

    names: dict[str, Filled] = setting(
        dict,
        "Name → what figures call it, such as `BPR-MF-at-AMF-norms: BPR-MF, norms of AMF`. Names: those of models, "
        "controls, embeddings and attacks. Tables and files keep the names.",
    )

    def named(self, text: str) -> str:
        """Replace each whole name in a text by what figures call it."""
        if not self.names:
            return text
        called = {label: title for name, title in self.names.items() for label in _labels(name)}
        # A name is whole if it is no part of a longer one.
        pattern = "|".join(map(re.escape, sorted(called, key=len, reverse=True)))
        return re.sub(rf"(?<![\w.-])(?:{pattern})(?![\w-])", lambda found: called[found[0]], text)

    def band_ends(self, curve: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
        """The lower and upper ends of the band around means over seeds (`tidy.spread_over_seeds`)."""
        if self.band == "sd":
            return curve["mean"] - curve["sd"], curve["mean"] + curve["sd"]
        return curve["low"], curve["high"]

    def band_label(self, n_seeds: int) -> str:
        """The entry of the band in a legend."""
        return f"{'min to max' if self.band == 'min-max' else 'mean ± sd'}, {n_seeds} seeds"


def _labels(name: str) -> tuple[str, str]:
    """A name, and what figures call it without a setting."""
    return name, CONDITION_LABELS.get(name, name)
