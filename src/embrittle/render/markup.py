"""Tables in Markdown and LaTeX, of any content."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Markup:
    """The text of a cell in one output language.

    Attributes:
        bold: makes a text bold.
        escape: escapes the special characters of plain text.
        plus_minus, minus: these signs.
        missing: the text of a missing value.
    """

    bold: Callable[[str], str]
    escape: Callable[[str], str]
    plus_minus: str
    minus: str
    missing: str


def _escape_with(special: Mapping[str, str]) -> Callable[[str], str]:
    table = str.maketrans(dict(special))
    return lambda text: text.translate(table)


_LATEX_SPECIAL = {character: f"\\{character}" for character in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    # Other signs in LaTeX's oldest and still default font.
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    # After the end of a row, these two would belong to it.
    "[": "{[}",
    "*": "{*}",
    "\n": " ",
}
# Also what GitHub and Pandoc read: formulas between $, entities from & on, ~~, and # or > at the start of a line.
_MARKDOWN_SPECIAL = {character: f"\\{character}" for character in "\\|*_`<>[]$&~#"} | {"\n": " "}
MARKDOWN = Markup(
    bold=lambda text: f"**{text}**",
    escape=_escape_with(_MARKDOWN_SPECIAL),
    plus_minus=" ± ",
    minus="-",
    missing="—",
)
LATEX = Markup(
    bold=lambda text: rf"\textbf{{{text}}}",
    escape=_escape_with(_LATEX_SPECIAL),
    plus_minus=r" $\pm$ ",
    minus="$-$",
    missing="--",
)


def to_markdown(frame: pd.DataFrame, n_left: int) -> str:
    """Return a pipe table; the first `n_left` columns are aligned to the left and the others to the right."""
    align = ["left"] * n_left + ["right"] * (frame.shape[1] - n_left)
    return frame.to_markdown(index=False, tablefmt="pipe", disable_numparse=True, colalign=align)


def to_latex(wide: pd.DataFrame, caption: str, label: str) -> str:
    """Return a LaTeX table over both columns of a page, scaled down if it is wider (packages booktabs, graphicx).

    Args:
        wide: the cells, as LaTeX, with two levels of rows and two of columns. All names are escaped; the names of the
            row levels are their headings; rows and columns of one group are adjacent.
        caption: plain text.
        label: the label that \\ref refers to.
    """
    headings = list(wide.index.names)
    latex = wide.rename_axis(index=[None, None]).style.to_latex(
        column_format="ll" + "r" * wide.shape[1],
        hrules=True,
        clines="skip-last;data",
        multirow_align="naive",
        multicol_align="c",
        environment="table*",
        position_float="centering",
        caption=LATEX.escape(caption).translate(
            {
                0x394: r"$\Delta$",
                0x3B2: r"$\beta$",
                0x3B5: r"$\epsilon$",
                0xB1: r"$\pm$",
                0x2026: r"\dots",
            }
        ),
        label=label,
    )
    ruled = _with_booktabs_rules(latex, wide.columns, headings)
    shrunk = ruled.replace(r"\begin{tabular}", _SHRINK + r"\begin{tabular}")
    shrunk = shrunk.replace(r"\end{tabular}", r"\end{tabular}}")
    return "% Needs \\usepackage{booktabs,graphicx}.\n" + shrunk


_SHRINK = r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%" + "\n"


def _with_booktabs_rules(latex: str, columns: pd.MultiIndex, headings: Sequence[str]) -> str:
    """Add rules under each group of columns and between groups of rows, and `headings` over the names of rows."""
    lines = latex.splitlines()
    top = lines.index(r"\toprule")
    lines[top + 2] = lines[top + 2].replace(" &  & ", f"{headings[0]} & {headings[1]} & ", 1)
    first, spans = 3, []
    for width in columns.get_level_values(0).value_counts(sort=False):
        spans.append(rf"\cmidrule(lr){{{first}-{first + width - 1}}}")
        first += width
    lines.insert(top + 2, " ".join(spans))
    bottom = lines.index(r"\bottomrule")
    del lines[bottom - 1]  # the last group's line would double the bottom rule
    return "\n".join(r"\midrule" if line.startswith(r"\cline") else line for line in lines) + "\n"
