"""What a configuration says of figures. Light; `style` does what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from embrittle.section import Colour, Number, Section, Switch, Whole, setting

if TYPE_CHECKING:
    import pandas as pd


class PlotSettings(Section):
    """How figures look; nothing here changes what is computed."""

    formats: Annotated[list[Literal["pdf", "png", "svg"]], Field(min_length=1)] = setting(
        lambda: ["pdf", "png"], "Among `pdf`, `png`, `svg`."
    )
    dpi: Annotated[Whole, Field(ge=50, le=1200)] = setting(
        200, "Resolution of PNG files, 50 to 1200."
    )
    width: Annotated[Number, Field(ge=1, le=50)] = setting(
        3.45, "Width of a figure in inches; the default is one column of the papers."
    )
    panel_height: Annotated[Number, Field(ge=0.5, le=50)] = setting(
        1.45, "Height of a row of panels in inches."
    )
    font_size: Annotated[Number, Field(ge=3, le=40)] = setting(
        7.0, "In points. For slides, try a width of 8, a height of 3 and a size of 14."
    )
    band: Literal["min-max", "sd"] = setting(
        "min-max",
        "What the band around a mean over several seeds shows: `min-max`, or `sd`, one standard deviation.",
    )
    published: Switch = setting(
        True, "Whether the published curves are drawn, faintly, where there are comparable ones."
    )
    coverage_axis: Literal["log", "linear"] = setting(
        "log",
        "`log` or `linear`, for item coverage. The random recommender covers many times as many items as the others, "
        "which flattens them on a linear axis.",
    )
    colours: dict[str, Colour] = setting(
        dict,
        "Colours other than the palette's, which can be told apart with any colour vision: name → colour, such as "
        '`"#0072B2"`, in quotes, because `#` starts a comment. Names are those of the attacks, `initial` (the '
        "unperturbed model) and `random` (the random recommender).",
    )

    def band_ends(self, curve: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
        """Low and high end of the band around the means of cells (`tidy.spread_over_seeds`)."""
        if self.band == "sd":
            return curve["mean"] - curve["sd"], curve["mean"] + curve["sd"]
        return curve["low"], curve["high"]

    def band_label(self, n_seeds: int) -> str:
        """What the band shows, for a legend."""
        return f"{'min to max' if self.band == 'min-max' else 'mean ± sd'}, {n_seeds} seeds"
