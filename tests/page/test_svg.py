"""Figures as parts of the page."""

import re
from html import unescape
from xml.etree import ElementTree

import pandas as pd
import pytest

from embrittle.page.svg import description, svg
from embrittle.products.fairness.figure import heat_map
from embrittle.render.plot_settings import PlotSettings
from embrittle.render.style import drawing, look_of

POINTS = pd.DataFrame(
    {"x": [1.0, 10.0, 20.0], "mean": [0.4, 0.2, 0.1], "low": 0.1, "high": 0.5, "n_seeds": 2}
)


def figure(title="Mine", limit=None):
    settings = PlotSettings()
    with drawing(settings, title, ("Figure 1", "A remark."), (1, 2), height=2, sharey=True) as made:
        for model, ax in zip(("BPR-MF", "AMF"), made.panels.flat, strict=True):
            ax.set(title=model, xlabel="iterations L", ylabel="nDCG@10")
            look = look_of("bim", [], settings)
            made.curve(ax, POINTS, "BIM", look, "L = {x:g}", "bim")
            notes = made.references(ax, {"initial": 0.45, "random": float("nan")})
            made.note(ax, notes, 0.5, 0.5, "center")
            ax.set_xscale("log")
            ax.xaxis.set_major_formatter("{x:g}")
            if limit:
                ax.set_xlim(0.5, limit)
        made.add_legend(2)
    return made


def test_the_description_names_all_that_is_shown():
    panel = (
        "nDCG@10 against iterations L: BIM: from 0.4 at 1 to 0.1 at 20; unperturbed: 0.45; "
        "random: not computed."
    )
    assert description(figure()) == f"BPR-MF, {panel} AMF, {panel}"


def test_the_element_has_a_name_and_a_description():
    made = figure('<shop> & "co"')
    root = ElementTree.fromstring(svg(made, "f1"))
    assert root.get("role") == "img"
    assert root.get("aria-label") == 'Figure 1, <shop> & "co"'
    described = root.find(f"desc[@id='{root.get('aria-describedby')}']")
    assert described.text == description(made)


def test_ids_are_those_of_one_figure_and_each_is_there():
    one, two = svg(figure(), "f1"), svg(figure(), "f2")
    ids = re.findall(r'\bid="([^"]+)"', one)
    assert all(name.startswith("f1-") for name in ids)
    assert len(ids) == len(set(ids)) > 4
    used = re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', one)
    assert {a or b for a, b in used} <= set(ids)
    assert two == one.replace("f1-", "f2-")


def test_the_same_figure_gives_the_same_text():
    made = figure()
    assert svg(made, "f1") == svg(made, "f1") == svg(figure(), "f1")


def test_marks_lie_on_the_points_that_are_inside():
    def circles(text):
        places = r'<circle cx="([\d.]+)" cy="([\d.]+)" r="3"><title>(.*?)</title>'
        return [(float(x), float(y), unescape(word)) for x, y, word in re.findall(places, text)]

    text = svg(figure(), "f1")
    # The markers of a line are uses of one shape, as matplotlib draws them.
    blue = r'<use href="#[^"]+" x="([\d.]+)" y="([\d.]+)" style="fill: #0072b2; stroke: #0072b2'
    markers = [(float(x), float(y)) for x, y in re.findall(blue, text)]
    assert len(circles(text)) == 2 * 3
    for x, y, _ in circles(text):
        assert any(
            x == pytest.approx(u, abs=0.1) and y == pytest.approx(v, abs=0.1) for u, v in markers
        )
    assert circles(text)[1][2] == "BIM, L = 10: 0.2 (min to max, 2 seeds: 0.1 to 0.5)"
    words = [word for *_, word in circles(svg(figure(limit=15), "f1"))]
    assert [word[:11] for word in words] == ["BIM, L = 1:", "BIM, L = 10"] * 2


def test_text_is_text_in_the_font_of_the_page():
    text = svg(figure(), "f1")
    written = [unescape(words) for words in re.findall(r"<text[^>]*>([^<]+)</text>", text)]
    assert {"Mine", "BPR-MF", "iterations L", "nDCG@10", "BIM", "unperturbed"} <= set(written)
    assert "<tspan" not in text  # no text set letter by letter for another font
    assert not re.search("font-family|<style|<metadata|xmlns|<!--", text)


def test_a_heat_map_is_shapes_and_its_marks_tell_both_values():
    rows = [
        ("d", model, attack, "user_gender", measure, 0.2, 0.5, 1.5)
        for model in ("BPR-MF", "AMF")
        for attack in ("fgsm", "bim")
        for measure in ("GCE_f0", "MADr")
    ]
    names = ["dataset", "model", "condition", "attribute", "measure", "initial", "after", "change"]
    made = heat_map(pd.DataFrame(rows, columns=names), "d")
    text = svg(made, "f1")
    assert "<image" not in text
    # The scale under it is in its colours, each seamless.
    assert len(set(re.findall(r'"fill: (#[0-9a-f]{6}); stroke: \1"', text))) == 47
    assert "BIM, user gender, GCE f0: 0.2, after 0.5 (×2.5)" in text
    assert description(made).startswith(
        "BPR-MF: FGSM, user gender, GCE f0: 0.2, after 0.5 (×2.5); "
    )
