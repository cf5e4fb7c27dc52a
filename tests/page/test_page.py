"""The page of a study, from a made-up one: its values, and how it behaves in a real browser."""

import json
import os
import re
import shutil
from html import unescape
from html.parser import HTMLParser
from importlib.resources import files
from xml.sax.saxutils import escape

import pandas as pd
import pytest

from awkward_title import AWKWARD
from embrittle.brittleness.page import percent
from embrittle.files import read_json, write_json
from embrittle.page import page, wording
from embrittle.render.inputs import Inputs
from embrittle.render.style import COLOURS
from embrittle.verdict.judge import NOT_RUN, SHOWN, VERDICTS, read_table
from made_up_claims import load_register
from made_up_study import MadeUpStudy


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return MadeUpStudy(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def path(study):
    page.write(study.folder / "index.html", study.inputs, study.settings())
    return study.folder / "index.html"


class Tables(HTMLParser):
    """Every table of a page by its caption, as rows of the texts of cells; tables within cells are part of the text."""

    def __init__(self, text: str):
        super().__init__()
        self.tables, self._depth, self._cell, self._caption = {}, 0, None, None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self._depth += tag == "table"
        if self._depth != 1:
            return
        if tag == "table":
            self._rows, self._title = [], None
        elif tag == "caption":
            self._caption = ""
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("td", "th"):
            self._cell = ""
        elif tag in ("span", "b"):
            self.handle_data(" ")

    def handle_data(self, data):
        if self._cell is not None:
            self._cell += data
        elif self._caption is not None:
            self._caption += data

    def handle_endtag(self, tag):
        if self._depth == 1 and tag in ("td", "th"):
            self._rows[-1].append(" ".join(self._cell.split()))
            self._cell = None
        elif self._depth == 1 and tag == "caption":
            self._rows, self._title = [], self._caption
            self._caption = None
        elif tag == "table":
            if self._depth == 1 and self._title:
                self.tables[self._title] = self._rows
            self._depth -= 1


@pytest.fixture(scope="module")
def tables(path):
    return Tables(path.read_text(encoding="utf-8")).tables


def claims_in_order(study):
    """The overall verdicts, as the page orders them: first of the claims that were tested on any data."""
    rows = read_table(study.made["claims"])
    tested = set(rows.loc[rows["verdict"] != NOT_RUN, "claim"])
    whole = rows[rows["dataset"] == ""]
    assert 0 < len(tested) < len(whole)
    return whole.sort_values("claim", key=lambda names: ~names.isin(tested), kind="stable")


def claims_shown(tables):
    """The rows of the claims, without those that fold their cases."""
    return [row for row in tables["Claims, and what this study says"][1:] if len(row) > 1]


@pytest.fixture(scope="module")
def own_path(tmp_path_factory):
    """The page of a study of one seed on data that no claim is about."""
    folder = tmp_path_factory.mktemp("own")
    own = MadeUpStudy(folder, seeds=(0,), datasets=("my-shop",))
    page.write(folder / "index.html", own.inputs, own.settings())
    return folder / "index.html"


# --- How brittle it is ----------------------------------------------------------------------------


def test_the_page_begins_with_how_brittle_each_data_set_is(study, path, tables):
    cells = pd.read_csv(study.made["brittleness"])
    left = cells[cells["quantity"] == "nDCG left"].set_index(["dataset", "model", "role"])["mean"]
    captions = [name for name in tables if "without perturbation" in name]
    titles = [re.search(r"at ε = 0.5, (.*) \(in brackets", name)[1] for name in captions]
    assert titles == ["MovieLens-1M", "LastFM", "My <shop> & co"]
    assert list(tables)[: len(captions)] == captions
    head, *rows = tables[captions[0]]
    assert [row[0] for row in rows] == ["BPR-MF", "AMF", "Random"]
    for row in rows[:2]:
        for column, role in {
            "Left after FGSM": "single step",
            "Left after the strongest attack": "strongest",
            "Group that loses most": "worst group",
        }.items():
            share = " ".join(percent(left["ml-1m", row[0], role]).split())
            assert row[head.index(column)].startswith(share)
    strongest = rows[0][head.index("Left after the strongest attack")]
    assert re.search(r"\[\d+, \d+\].*(BIM|PGD), 300 steps", strongest)
    text = path.read_text(encoding="utf-8")
    parts = ("Figure 1, MovieLens-1M", 'id="next"', "<h2>Are the papers reproduced?")
    places = [text.index(part) for part in parts]
    assert places == sorted(places)


def test_the_page_says_what_to_do_next(path, own_path):
    steps = re.compile(r"<dt><code>(.*?)</code></dt>")
    of_all = steps.findall(path.read_text(encoding="utf-8"))
    assert of_all == [
        "budgets: {datasets: [ml-1m, lastfm, my-shop], compare_at: 0.5, attacks: [fgsm, noise]}",
        "training: {selection: best-on-validation}",
    ]
    assert "seeds: [0, 1, 2]" in steps.findall(own_path.read_text(encoding="utf-8"))


def test_on_other_data_the_papers_are_one_line_and_the_rest_is_folded(own_path, path):
    text = own_path.read_text(encoding="utf-8")
    assert "Are the papers reproduced?" in path.read_text(encoding="utf-8")
    assert "Are the papers reproduced?" not in text
    assert 'class="count ' not in text
    line = re.search(r"<p>The papers' claims are about other data.*?</p>", text)[0]
    claims = read_table(own_path.with_name("claims.csv"))
    others = claims[(claims["dataset"] == "my-shop") & ~claims["papers_data"]]["verdict"]
    counts = others[~others.isin([NOT_RUN, SHOWN])].value_counts()
    assert counts.sum() > 10
    for verdict, number in counts.items():
        assert f"{wording.ELSEWHERE[verdict]}: {number}" in line
    assert '<a href="#claims">' in line
    folded = text[text.index("<details>\n<summary>All claims") : text.index('<section id="tables"')]
    assert '<table id="claims"' in folded
    assert "one seed, no interval" in text


def test_on_other_data_nothing_is_of_the_papers_data(own_path, path):
    """Neither their references, nor a legend of published values, nor settings that are not the papers'."""
    of_papers, own = (file.read_text(encoding="utf-8") for file in (path, own_path))
    for words in (
        *("The MovieLens Datasets", "Tables, ours beside the published", "▲ ours is higher"),
        "Where the papers disagree",
    ):
        assert words in of_papers
        assert words not in own
    for text in (of_papers, own):
        assert "Multi-Step Adversarial Perturbations" in text[text.index('id="cite"') :]
        assert "Neural Collaborative Filtering" not in text


class Structure(HTMLParser):
    """What a screen reader goes by."""

    def __init__(self, text: str):
        super().__init__()
        self.headings, self.tags, self.unscoped = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "th" and "scope" not in dict(attributes):
            self.unscoped.append(attributes)


def test_headings_are_in_order_and_headers_have_a_scope(path, own_path):
    for file in (path, own_path):
        found = Structure(file.read_text(encoding="utf-8"))
        assert found.headings[0] == 1
        assert found.headings.count(1) == 1
        steps = zip(found.headings, found.headings[1:], strict=False)
        assert all(after <= before + 1 for before, after in steps)
        assert found.unscoped == []
        names = [tag for tag, _ in found.tags]
        assert [names.count(name) for name in ("header", "nav", "main")] == [1, 1, 1]
        assert ("html", {"lang": "en"}) in found.tags
        links = {of["href"][1:] for tag, of in found.tags if tag == "a"}
        assert links <= {of["id"] for _, of in found.tags if "id" in of}


# --- Values ---------------------------------------------------------------------------------------


def test_the_verdicts_are_those_of_the_file(study, tables):
    whole = claims_in_order(study)
    shown = claims_shown(tables)
    assert len(shown) == len(whole) >= 25
    for cells, row in zip(shown, whole.itertuples(), strict=True):
        assert re.match(rf"\S {row.verdict}\b", cells[0]), (cells[0], row.verdict)
        figure = wording.figure(row.ours, row.unit)
        assert figure in cells[3]
        assert wording.interval(row.low, row.high, row.unit) in cells[3]
    assert len(set(whole["verdict"])) >= 4  # the made-up study is no trivial one


def test_the_counts_are_those_of_the_file(study, path):
    rows = read_table(study.made["claims"])
    expected = rows[rows["dataset"] == ""]["verdict"].value_counts()
    text = path.read_text(encoding="utf-8")
    for verdict in VERDICTS:
        slug = wording.slug(verdict)
        count = re.search(rf'class="count {slug}"><b>(\d+)</b>', text)[1]
        assert int(count) == expected.get(verdict, 0)


def test_what_other_data_say_is_no_verdict_on_the_papers(study, tables):
    rows = read_table(study.made["claims"])
    poster = rows[rows["claim"] == "apr-yelp"]
    assert poster[poster["dataset"] == ""]["verdict"].tolist() == [NOT_RUN]
    shop = [row for row in claims_shown(tables) if "My <shop>" in row[4]]
    assert shop
    assert not any("reproduced" in row[4] for row in shop)


def test_tables_are_those_of_the_files(study, tables):
    rows = pd.read_csv(study.made["table1_comparison"])
    shown = tables["Table 1, MovieLens-1M"]
    head = shown[0]
    cell = next(row for row in shown if row[:2] == ["AMF", "nDCG"])[head.index("PGD")]
    ours = rows[(rows["dataset"] == "ml-1m") & (rows["model"] == "AMF")]
    ours = ours[(ours["condition"] == "pgd") & (ours["metric"] == "nDCG")].iloc[0]
    expected = f"{ours['value']:.4f}"
    assert cell.startswith(expected)
    assert f"{ours['published']:.4f}" in cell
    assert f"{ours['deviation_percent']:+.1f} %".replace("-", "−") in cell
    groups = pd.read_csv(study.made["table2_seeds"]).query("dataset == 'ml-1m' and group == 'C2'")
    first = groups.iloc[0]
    assert tables["Table 2, nDCG of groups, MovieLens-1M"][2][3].startswith(f"{first['mean']:.3f}")


def test_the_record_of_the_run_is_on_the_page(path, tables):
    text = path.read_text(encoding="utf-8")
    for part in ("c0ffee" * 6, "A processor, 2 cores", "numpy 2.4.6", "training.epochs: 400"):
        assert part in text
    assert ["MovieLens-1M", "ml-1m.zip", "77664dc0" * 8] in tables["Source files"]
    assert "somewhere/" not in text
    assert ["train_model", "12", "3.25", "412"] in tables["Jobs"]
    statistics = tables["The data sets, as split"]
    assert [
        "MovieLens-1M",
        "6,040",
        "3,706",
        "1,000,209",
        "994,169",
        "0",
        "6,040",
        "0",
        "0.0447",
        "22,384,240",
        "1.630",
    ] in (statistics)
    models = tables["The attacked models (best-on-test, by HR@10)"]
    assert ["LastFM", "AMF", "2", "90", "0.0881", "3.94", "4.56"] in models


def test_a_verdict_names_the_settings_that_it_hangs_on(study):
    claims, cases = (read_table(study.made[name]) for name in ("claims", "cases"))
    for claim in load_register().claims:
        here = claims[claims["claim"] == claim.name].assign(verdict="cannot be told")
        said = page.claim_row(claim, here, cases[cases["claim"] == claim.name], {})["under"]
        assert said == ("training.selection: best-on-test" if claim.hangs_on else "")
    not_run = here.assign(verdict="not run", under="training.selection: last")
    assert page.claim_row(claim, not_run, cases.iloc[:0], {})["under"] == ""


def test_text_from_a_study_cannot_become_markup(path):
    text = path.read_text(encoding="utf-8")
    assert "My <shop>" not in re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
    assert "My &lt;shop&gt; &amp; co" in text


def test_data_sets_with_awkward_names_and_titles_are_on_the_page(tmp_path):
    names = "2023", "NA"
    study = MadeUpStudy(tmp_path, seeds=(0,), datasets=names)
    study.titles["NA"] = AWKWARD
    text = page.render(Inputs(study.inputs), study.settings())
    tables, figures = Tables(text).tables, figures_of(text)
    others = [row[4] for row in claims_shown(tables) if row[4] != "—"]
    assert len(others) >= 20
    titles = study.titles.values()
    for name in titles:
        assert all(f"{name}: " in said for said in others)
        for caption in (f"Table 1, {name}", f"Table 2, nDCG of groups, {name}"):
            assert re.match(r"\d[\d.]*$", tables[caption][-1][-1])
        assert {f"Figure 1, {name}", f"Figure 2, {name}"} <= set(figures)
        assert f">{escape(name)}</text>" in figures[f"Figure 1, {name}"]
    assert "Equal budgets, 2023" in figures
    models = tables["The attacked models (best-on-test, by HR@10)"][1:]
    assert {row[0] for row in models} == set(titles)
    assert "<b>_a_" not in text


def figures_of(text: str) -> dict[str, str]:
    """Heading of each figure of the page -> its SVG."""
    pattern = r"<figure.*?<h3>(.*?)</h3>.*?(<svg.*?</svg>)"
    return {unescape(title): svg for title, svg in re.findall(pattern, text, re.DOTALL)}


def marks_of(svg: str) -> list[str]:
    """What the page says when the pointer is on the marks of a figure."""
    return [unescape(text) for text in re.findall(r"<circle[^>]*><title>(.*?)</title>", svg)]


def described(svg: str) -> str:
    return unescape(re.search(r"<desc[^>]*>(.*?)</desc>", svg)[1])


@pytest.fixture(scope="module")
def figures(path):
    return figures_of(path.read_text(encoding="utf-8"))


def test_the_colours_of_the_settings_are_those_of_the_page(study):
    settings = study.settings()
    of = {
        name: settings["products"][f"embrittle.products.{name}.page"]
        for name in ("curves", "budgets")
    }
    for product in of.values():
        product["figures"] = [
            {**figure, "plots": {"colours": {"bim": "#123456"}}}
            for figure in product["figures"]
            if figure.get("figure") != "figure1"  # which stands at the beginning of the page
        ][:1]
    settings["products"] = {f"embrittle.products.{name}.page": own for name, own in of.items()}
    figures = page.product_figures(Inputs(study.inputs), settings)
    assert [figure["title"] for figure in figures] == [
        "Figure 2, MovieLens-1M", "Equal budgets, MovieLens-1M"
    ]  # fmt: skip
    for figure in figures:
        assert "stroke: #123456" in figure["svg"]
        assert COLOURS["bim"].lower() not in figure["svg"]
        assert COLOURS["fgsm"].lower() in figure["svg"]


def test_every_figure_of_the_study_is_on_the_page(figures):
    names = ["Figure 1, {}", "Changes of fairness, {}", "Figure 2, {}", "Training, {}"]
    titles = ["MovieLens-1M", "LastFM", "My <shop> & co"]
    expected = [name.format(title) for name in names for title in titles]
    assert list(figures) == [*expected, "Equal budgets, MovieLens-1M"]


def test_figures_tell_the_values_of_their_points(study, figures):
    metrics = study.metrics
    bim = metrics.query(
        "dataset == 'lastfm' and model == 'BPR-MF' and attack == 'bim' and metric == 'nDCG' "
        "and iterations == 25 and epsilon == 0.5"
    )["value"]
    seeds = f"min to max, 3 seeds: {bim.min():.4g} to {bim.max():.4g}"
    svg = figures["Figure 1, LastFM"]
    assert f"BIM, L = 25: {bim.mean():.4g} ({seeds})" in marks_of(svg)
    # Two attacks after 32 numbers of iterations in four panels.
    assert len(marks_of(svg)) == 2 * 32 * 4
    (cell,) = [text for text in marks_of(figures["Changes of fairness, LastFM"]) if "PGD" in text][
        :1
    ]
    assert re.fullmatch(r"PGD, user gender, GCE f0: \S+, after \S+ \(.+\)", cell)


def test_figures_have_a_text_alternative(study, figures):
    svg = figures["Figure 1, LastFM"]
    attributes = re.match("<svg([^>]*)>", svg)[1]
    assert 'role="img"' in attributes
    assert 'aria-label="Figure 1, LastFM"' in attributes
    (described_by,) = re.findall(r'aria-describedby="([^"]+)"', attributes)
    assert f'<desc id="{described_by}">' in svg
    text = described(svg)
    rows = study.metrics.query("dataset == 'lastfm' and model == 'AMF' and metric == 'nDCG'")
    initial = rows[rows["attack"] == "initial"]["value"].mean()
    assert "(b) AMF, nDCG@10 against iterations L: " in text
    assert "BIM, published: from 0.2389 at 1 to 0.0948 at 300" in text
    assert f"unperturbed: {initial:.4g}; " in text
    assert 'aria-label="Figure 1, My &lt;shop&gt; &amp; co"' in figures["Figure 1, My <shop> & co"]


def test_figures_of_one_page_do_not_share_ids(path):
    text = path.read_text(encoding="utf-8")
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    used = re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)|aria-describedby="([^"]+)"', text)
    assert {name for names in used for name in names if name} <= set(ids)


def test_figures_neither_style_the_page_nor_load_anything(study, path):
    text = path.read_text(encoding="utf-8")
    figures = "".join(figures_of(text).values())
    assert not re.search(r"<style|<image|<script|http|font-family|xmlns", figures)
    assert "<text" in figures  # in the page's font
    assert len(text.encode()) < 1_000_000
    again = page.render(Inputs(study.inputs), study.settings())
    assert again == text


def test_attacks_at_equal_norms_are_on_the_page(figures, tables):
    (caption,) = (name for name in tables if name.startswith("nDCG where the same norm is spent"))
    assert caption.endswith("MovieLens-1M")
    assert tables[caption][1:3] == [
        ["BPR-MF", "FGSM", "0.3000", "—"],
        ["BPR-MF", "BIM", "0.3123 +0.0123 [−0.0020, +0.0267]", "0.1500"],
    ]
    (shares,) = (rows for name, rows in tables.items() if name.startswith("What many steps take"))
    assert shares[1:] == [
        ["AMF", "BIM", "2.50", "0.2000", "0.3500", "0.2100", "98 % [77 %, 120 %]"]
    ]
    svg = figures["Equal budgets, MovieLens-1M"]
    # After 25 steps, from the unperturbed model on; the band is that of three seeds.
    assert [text for text in marks_of(svg) if text.startswith("BIM")][:2] == [
        "BIM, ε = 0, L = 0, norm 0: 0.41 (min to max, 3 seeds: 0.4 to 0.42)",
        "BIM, ε = 0.5, L = 25, norm 2.5: 0.21 (min to max, 3 seeds: 0.2 to 0.22)",
    ]
    for model in ("BPR-MF", "AMF"):
        assert f"{model}, nDCG@10 against mean row norm of Δ: " in described(svg)
    assert "BIM: from 0.41 at 0 to 0.21 at 2.5" in described(svg)
    assert "unperturbed: 0.41; random: " in described(svg)


def test_a_study_without_most_products_still_has_its_page(tmp_path):
    study = MadeUpStudy(tmp_path, seeds=(0,), datasets=("my-shop",))
    gone = ("table1", "table2", "table3", "budgets", "curves", "groups", "fairness")
    inputs = {k: v for k, v in study.inputs.items() if not k.startswith(gone)}
    products = study.products()
    products["embrittle.products.curves.page"]["figures"] = []
    products["embrittle.products.poster.page"]["trainings"] = []
    text = page.render(Inputs(inputs), study.settings(products=products))
    assert "This study makes no table." in text
    assert "This study draws no figure." in text
    assert "<figure" not in text
    assert "One seed gives no interval" in text
    rows = read_table(study.made["claims"])
    assert set(rows[rows["dataset"] == ""]["verdict"]) == {NOT_RUN}


def test_verdicts_of_other_studies_stand_beside(study, tmp_path):
    other = OtherStudy(study, tmp_path / "paper-last")
    settings = study.settings(compare=["paper-last", "paper-validation"])
    text = page.render(Inputs({**study.inputs, **other.files}), settings)
    assert "Not there: paper-validation." in text
    tables = Tables(text).tables
    apart = tables["Settings in which the studies differ"]
    assert apart == [
        ["Setting", "made-up", "paper-last"],
        ["training.selection", "best-on-test", "last"],
    ]
    (caption,) = (caption for caption in tables if caption.startswith("The same claims in several"))
    head, *rows = tables[caption]
    assert head == ["Claim", "Data", "made-up", "paper-last"]
    # What was judged here on a data set, and no claim as a whole.
    there = read_table(study.made["claims"])
    there = there[~there["verdict"].isin([NOT_RUN, SHOWN]) & (there["dataset"] != "")]
    assert len(rows) == len(there)
    (changed,) = re.findall(r'<tr class="changes">.*?</tr>', text, flags=re.DOTALL)
    assert "At equal ε, BIM and PGD" in changed
    assert f"Contradictions: {other.turned['case']}" in changed
    assert "1 differs" in text
    assert "1 is a contradiction" in text
    (row,) = [row for row in rows if "Contradictions" in row[0]]
    assert row[1] == "MovieLens-1M"
    before = there[(there["claim"] == "msap-stronger") & (there["dataset"] == "ml-1m")].iloc[0]
    assert before["verdict"] in row[2]
    assert wording.figure(before["ours"], before["unit"]) in row[2]
    assert "not reproduced" in row[3]
    # On data that a claim says nothing about, nothing is reproduced.
    assert not any("reproduced" in " ".join(row[2:]) for row in rows if row[1] == "My <shop> & co")


class OtherStudy:
    """A finished study like `study`, but of the last epoch, in which one case of one claim is decided otherwise."""

    def __init__(self, study, folder):
        claims, cases = read_table(study.made["claims"]), read_table(study.made["cases"])
        here = (claims["claim"] == "msap-stronger") & (claims["dataset"] == "ml-1m")
        claims["verdict"] = claims["verdict"].where(~here, "not reproduced")
        decided = (cases["claim"] == "msap-stronger") & (cases["dataset"] == "ml-1m")
        self.turned = cases[decided & (cases["side"] == "for")].iloc[0]
        cases.loc[self.turned.name, "side"] = "against"
        record = read_json(study.made["record"])
        record["configuration"]["training"]["selection"] = "last"
        folder.mkdir()
        claims.to_csv(folder / "claims.csv", index=False)
        cases.to_csv(folder / "claims_cases.csv", index=False)
        write_json(record, folder / "provenance.json")
        names = {"claims": "claims.csv", "cases": "claims_cases.csv", "record": "provenance.json"}
        self.files = {f"other_{name}": [str(folder / file)] for name, file in names.items()}


# --- Small parts ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (-12.34, "%", "−12.3 %"),
        (4.0, "% kept", "4.0 % kept"),
        (15.123, "times", "15.12 times"),
        (float("inf"), "times", "∞ times"),
        (0.01234, "", "0.0123"),
        (-96.1, "per density", "−96.1 per density"),
        (float("nan"), "%", ""),
    ],
)
def test_figures_in_words(value, unit, text):
    assert wording.figure(value, unit) == text


# --- In a browser ---------------------------------------------------------------------------------

CHROMIUM = shutil.which("chromium")
DRIVER = shutil.which("chromedriver")
needs_browser = pytest.mark.skipif(
    not (CHROMIUM and DRIVER) and not os.environ.get("REQUIRE_BROWSER"),
    reason="needs Debian's chromium and chromium-driver",
)


@pytest.fixture(scope="module")
def browser():
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    assert CHROMIUM, "REQUIRE_BROWSER is set, and there is no chromium"
    assert DRIVER, "REQUIRE_BROWSER is set, and there is no chromedriver"
    options = Options()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.set_page_load_timeout(300)
    driver.set_script_timeout(300)
    yield driver
    driver.quit()


def opened(browser, path, width: int, height: int = 900):
    """The page in a window of this width."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get_log("performance")
    browser.get_log("browser")
    browser.get(path.as_uri())
    return browser


def shown_rows(browser) -> list[str]:
    return browser.execute_script(
        "return [...document.querySelectorAll('#claims > tbody')]"
        ".filter(row => row.offsetHeight > 0).map(row => row.id)"
    )


@needs_browser
def test_nothing_is_loaded_but_the_page_and_nothing_goes_wrong(browser, path):
    opened(browser, path, 1280)
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    requests = [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    ]
    assert requests == [path.as_uri()]
    assert browser.get_log("browser") == []


@needs_browser
@pytest.mark.parametrize("width", [390, 1280])
def test_the_text_of_figures_can_be_read_and_stays_inside(browser, path, width):
    opened(browser, path, width)
    sizes = browser.execute_script(
        "return [...document.querySelectorAll('figure svg')].map(svg => {"
        " const box = svg.getBoundingClientRect();"
        " return [...svg.querySelectorAll('text')].map(text => {"
        "  const own = text.getBoundingClientRect();"
        "  const size = parseFloat(getComputedStyle(text).fontSize) * svg.getScreenCTM().a;"
        "  return [size, own.left >= box.left - 1 && own.right <= box.right + 1]; }); })"
    )
    assert len(sizes) == 3 * 4 + 1
    texts = [text for of_figure in sizes for text in of_figure]
    assert min(size for size, _ in texts) > 8  # pixels, of the smallest numbers on the axes
    assert all(inside for _, inside in texts)


@needs_browser
def test_filters_show_the_claims_that_they_name(browser, path, study):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import Select

    opened(browser, path, 1280)
    rows, whole = read_table(study.made["claims"]), claims_in_order(study)
    assert shown_rows(browser) == whole["claim"].tolist()
    verdict = Select(browser.find_element(By.ID, "filter-verdict"))
    paper = Select(browser.find_element(By.ID, "filter-paper"))
    for words in VERDICTS:
        verdict.select_by_value(f"own:{wording.slug(words)}")
        assert shown_rows(browser) == whole[whole["verdict"] == words]["claim"].tolist()
    verdict.select_by_value("")
    paper.select_by_value("P")
    of_poster = whole[whole["papers"].str.split().map(lambda keys: "P" in keys)]
    assert shown_rows(browser) == of_poster["claim"].tolist()
    said = browser.find_element(By.ID, "shown").text
    assert said == f"{len(of_poster)} of {len(whole)} claims"
    # Both at once.
    verdict.select_by_value("own:reproduced")
    both = of_poster[of_poster["verdict"] == "reproduced"]
    assert shown_rows(browser) == both["claim"].tolist()
    paper.select_by_value("")
    verdict.select_by_value("other:reproduced")
    others = rows[(rows["dataset"] == "my-shop") & (rows["verdict"] == "reproduced")]
    held = [claim for claim in whole["claim"] if claim in set(others["claim"])]
    assert set(held) <= set(shown_rows(browser))


@needs_browser
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_is_as_wide_as_the_window(browser, path, width, tmp_path):
    opened(browser, path, width)
    browser.execute_script(
        "for (const one of document.querySelectorAll('details')) one.open = true"
    )
    wide, inner = browser.execute_script(
        "return [document.documentElement.scrollWidth, window.innerWidth]"
    )
    assert wide <= inner == width
    # Text of the verdict is not cut off or laid over other text: each cell is as wide as what is in it.
    cut = browser.execute_script(
        "return [...document.querySelectorAll('.stack > tbody > tr > *')]"
        ".filter(cell => cell.scrollWidth > cell.clientWidth + 1).length"
    )
    assert cut == 0
    if width > 1000:
        scrolled = browser.execute_script(
            "return [...document.querySelectorAll('#claims .scroll')]"
            ".filter(one => one.scrollWidth > one.clientWidth).length"
        )
        assert scrolled == 0
    kept = os.environ.get("SCREENSHOTS")
    target = os.path.join(kept or tmp_path, f"page-{width}.png")
    assert browser.get_screenshot_as_file(target)
    assert os.path.getsize(target) > 10_000


@needs_browser
@pytest.mark.parametrize(("whose", "width"), [("path", 390), ("own_path", 1280)])
def test_a_checker_of_accessibility_finds_nothing(browser, request, whose, width):
    """By the rules of axe-core: contrast, names, headings, landmarks, tables."""
    opened(browser, request.getfixturevalue(whose), width)
    browser.execute_script(
        "for (const one of document.querySelectorAll('details')) one.open = true"
    )
    browser.execute_script(files("axe_core_python").joinpath("axe.min.js").read_text("utf-8"))
    found = browser.execute_async_script(
        "const done = arguments[0];"
        "axe.run({exclude: ['svg > *']}, {resultTypes: ['violations']}).then(done, done)"
    )
    assert len(found["passes"]) > 20
    findings = [
        (rule["impact"], rule["id"], [node["html"][:200] for node in rule["nodes"][:3]])
        for rule in found["violations"]
    ]
    assert findings == []


@needs_browser
def test_a_link_to_what_is_folded_unfolds_it(browser, own_path):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    opened(browser, own_path, 1280)
    is_open = "return document.querySelector('#claims').closest('details').open"
    assert not browser.execute_script(is_open)
    link = browser.find_element(By.CSS_SELECTOR, "a[href='#claims']")
    browser.execute_script("arguments[0].click()", link)
    WebDriverWait(browser, 20).until(lambda browser: browser.execute_script(is_open))


@needs_browser
def test_in_print_tables_are_tables_and_fit_the_paper(browser, path):
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    opened(browser, path, 740)  # A4 with the margins of Chromium
    found = browser.execute_script(
        "return [...document.querySelectorAll('.brittle, #claims')].map(table =>"
        " [getComputedStyle(table).display, table.getBoundingClientRect().right])"
    )
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert len(found) == 3 + 1
    assert {display for display, _ in found} == {"table"}
    assert max(right for _, right in found) <= 740


@needs_browser
def test_it_prints_with_what_was_folded(browser, path):
    opened(browser, path, 1280)
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    assert len(printed["data"]) > 100_000
    assert browser.execute_script(
        "return [...document.querySelectorAll('details')].every(one => one.open)"
    )


def test_a_registered_product_is_on_the_page(study, tmp_path):
    (tmp_path / "made_up.csv").write_text("model,value\nAMF,12.5\n")
    inputs = Inputs({**study.inputs, "made_up": str(tmp_path / "made_up.csv")})
    products = {**study.products(), "made_up_product": {"k": 3}}
    text = page.render(inputs, study.settings(products=products))
    table = text[text.index("A made-up table") :]
    assert re.search("AMF</th>.*12.5", table[: table.index("</table>")], re.DOTALL)
