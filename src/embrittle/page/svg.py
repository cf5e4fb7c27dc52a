"""The figures of a study as parts of its page: SVG with a text alternative, and values where the pointer rests."""

import re
from collections.abc import Sequence
from io import StringIO
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import matplotlib
import numpy as np

from embrittle.render.style import HASH_SALT, Drawing

# What becomes what when a file of matplotlib becomes the part KEY of the page.
WITHIN_PAGE = {
    r"<metadata>.*?</metadata>|<!--.*?-->|<defs>\s*<style.*?</defs>": "",  # this style would be that of the whole page
    r'<g id="[^"]*"': "<g",
    r' id="': ' id="KEY-',
    r'xlink:href="#': 'href="#KEY-',
    r"url\(#": "url(#KEY-",
    r' ?font-family: [^;"]*;?': "",  # but the font of the page
    r' transform="rotate\(-0 [^"]*"': "",
    r"(\.\d\d)\d+(?=[^<>]*>)": r"\1",  # two decimals of a point are enough
    r"\n\s*": "",
}
PAGE_SCALE = (1.4, 2.1)  # least and largest size on the page, pixels for each point in print


def description(figure: Drawing) -> str:
    """What every panel shows, in words: the ends of curves and the heights of lines, or else all marks."""
    panels = []
    for (row, column), ax in np.ndenumerate(figure.panels):
        axes = figure.panels[row, 0].get_ylabel(), figure.panels[-1, column].get_xlabel()
        words = ax.get_title(), " against ".join(filter(None, axes))
        curves: dict[str, list[Any]] = {}
        for line in ax.lines:
            points = [point for point in line.get_xydata() if np.isfinite(point).all()]
            curves.setdefault(str(line.get_label()), []).extend(points)
        named = {label: line for label, line in curves.items() if line and label[0] != "_"}
        shown = [f"{label}: {_ends(line)}" for label, line in named.items()]
        shown = shown or [text for of, _, _, text in figure.marks if of is ax]
        shown += [text.get_text() for text in ax.texts if text.get_gid() == "notes"]
        panels.append(f"{', '.join(filter(None, words))}: {'; '.join(shown)}.")
    return " ".join(panels).replace("\n", "; ")


def svg(figure: Drawing, key: str) -> str:
    """The figure as an element of the page; no other element has this `key`."""
    stream = StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", **HASH_SALT}):
        figure.savefig(stream, format="svg", metadata={"Date": None})
    drawn = stream.getvalue().partition("<svg")[2].partition(">")[2].replace("</svg>", "")
    for pattern, text in WITHIN_PAGE.items():
        drawn = re.sub(pattern, text.replace("KEY", key), drawn, flags=re.DOTALL)
    width, height = (72 * inches for inches in figure.get_size_inches())
    least, largest = (f"{scale * width:.0f}px" for scale in PAGE_SCALE)
    marks = []
    for ax, x, y, text in figure.marks:
        place = ax.transData.transform((x, y))
        if ax.bbox.padded(1).contains(*place):
            left, up = place * 72 / figure.dpi
            circle = f'<circle cx="{left:.1f}" cy="{height - up:.1f}" r="3">'
            marks.append(f"{circle}<title>{escape(text)}</title></circle>")
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" style="min-width:{least};max-width:{largest}" role="img" '
        f'aria-label={quoteattr(figure.heading)} aria-describedby="{key}-description">'
        f'<desc id="{key}-description">{escape(description(figure))}</desc>'
        f'{drawn}<g class="marks" fill="none" pointer-events="all">{"".join(marks)}</g></svg>'
    )


def _ends(points: Sequence[Sequence[float]]) -> str:
    """The first and the last point of a curve in words, or where a straight line across or up is."""
    (x, y), (last_x, last_y) = points[0], points[-1]
    if len({height for _, height in points}) == 1:
        return f"{y:.4g}"
    return (
        f"from {y:.4g} at {x:.4g} to {last_y:.4g} at {last_x:.4g}" if x != last_x else f"at {x:g}"
    )
