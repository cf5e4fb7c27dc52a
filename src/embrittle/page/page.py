"""The page of a study: one HTML file. How brittle is it? Are the papers reproduced? Tables, figures, record of the run.

Everything on it is read from the study's result files, and the page loads nothing when it is opened. The template and
its style are package data, filled in by Jinja2. The figures are those of the figures' files, as SVG within the page.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from os import PathLike
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from embrittle.brittleness import page as brittleness
from embrittle.files import read_json, write_text
from embrittle.page import run, wording
from embrittle.page.svg import svg
from embrittle.render.inputs import Inputs
from embrittle.render.page_tables import Table
from embrittle.render.style import Drawing
from embrittle.validation import read_yaml
from embrittle.verdict.judge import ALL_DATA, NOT_RUN, PARTLY, SHOWN, VERDICTS, read_table
from embrittle.verdict.register import Claim, Register, load
from embrittle.verdict.side_by_side import decided_in_several, settings_apart, side_by_side


def write(
    output: str | PathLike, inputs: Mapping[str, Sequence[str]], settings: Mapping[str, Any]
) -> None:
    """Write the page.

    Args:
        output: the file.
        inputs: name -> files; see rule write_page.
        settings: what the study shows: titles of its data sets, and of all that there are; notes; brittleness: k and
            epsilon of its numbers; products: the module that shows each, with its own settings
            (`products.product.Product`); the studies to compare with.
    """
    write_text(render(Inputs(inputs), settings), output)


def render(inputs: Inputs, settings: Mapping[str, Any]) -> str:
    """The page as HTML; arguments as `write`."""
    register = load(inputs.one("register"))
    titles = settings["titles"]
    known = {**settings["known"], **titles}
    claims, cases = read_table(inputs.one("claims")), read_table(inputs.one("cases"))
    record = read_json(inputs.one("record"))
    models = run.selected_epochs(inputs, titles)
    environment = Environment(
        loader=PackageLoader("embrittle.page"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template("page.html.j2").render(
        study=settings["study"],
        titles=titles,
        notes=settings["notes"],
        record=record,
        seeds=record["configuration"]["seeds"],
        differs=settings["differs"],
        **brittle(inputs, settings, record["configuration"], models),
        papers_data=papers_data(register, titles),
        judged=(_overall(claims)["verdict"] != NOT_RUN).any(),
        claimed_on=[known.get(name, name) for name in claimed_on(register)],
        papers=register.papers,
        verdicts=[(verdict, wording.slug(verdict), wording.SIGNS[verdict]) for verdict in VERDICTS],
        elsewhere=wording.ELSEWHERE,
        counts=counts(claims),
        claims=claim_rows(register, claims, cases, known),
        disagreements=disagreements(register, read_table(inputs.one("disagreements")), titles),
        comparison=comparison(inputs, settings, register, known),
        tables=product_tables(inputs, settings),
        has_published=has_published,
        figures=product_figures(inputs, settings),
        statistics=run.data_statistics(inputs, titles),
        models=models,
        trains=any(row["epoch"] for row in models),
        jobs=run.jobs(record),
        checksums=run.checksums(record, titles),
        citations=citations(inputs.one("citation"), names_of(record["configuration"])),
        script=Markup(_package_text("page.js")),
        style=Markup(_package_text("page.css")),
    )


def brittle(
    inputs: Inputs,
    settings: Mapping[str, Any],
    configuration: Mapping[str, Any],
    models: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """The first part: what is said of each data set, the figure that shows it, and what to do next.

    Args:
        inputs, settings: as in `write`.
        configuration: the settings of the study.
        models: from `run.selected_epochs`; own embeddings have no epoch.
    """
    cells, own = inputs.csv("brittleness"), settings["brittleness"]
    seeds, selection = configuration["seeds"], configuration["training"]["selection"]
    without_epoch = dict.fromkeys(row["model"] for row in models if not row["epoch"])
    brought = [name for name in without_epoch if name not in configuration.get("controls", {})]
    trains = any(row["epoch"] for row in models)
    more = {"n_seeds": len(seeds), "selection": selection if trains else None, "own": brought}
    said = remarks(inputs, settings)
    parts = [
        replace(part, sentences=[*part.sentences, *said.get(part.dataset, ())])
        for part in brittleness.parts(cells, settings["titles"], **own)
    ]
    return {
        "parts": parts,
        "legend": brittleness.legend(parts, **settings["compared"]),
        "leads": lead_figures(inputs, settings),
        "steps": brittleness.next_steps(
            cells, epsilon=own["epsilon"], budget=own["budget"], **more
        ),
    }


def remarks(inputs: Inputs, settings: Mapping[str, Any]) -> dict[str, list[str]]:
    """Data set -> the sentences that products add at the beginning of the page."""
    found: dict[str, list[str]] = {}
    for page, own in _pages(settings):
        if hasattr(page, "remarks"):
            for dataset, sentences in page.remarks(inputs, own).items():
                found.setdefault(dataset, []).extend(sentences)
    return found


def lead_figures(inputs: Inputs, settings: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Data set -> the figure that stands at the beginning of the page, of the first product that has one."""
    found: dict[str, Drawing] = {}
    for page, own in _pages(settings):
        if hasattr(page, "leads"):
            found = {**page.leads(inputs, own), **found}
    return {name: _placed(figure, f"lead-{n}") for n, (name, figure) in enumerate(found.items())}


def product_tables(inputs: Inputs, settings: Mapping[str, Any]) -> list[Table]:
    """The tables of every product that the study has made, beside the published ones."""
    pages = (page for page, _ in _pages(settings) if hasattr(page, "tables"))
    made = (page.tables(inputs, settings["titles"]) for page in pages)
    return [table for of_product in made for table in of_product]


def has_published(tables: Sequence[Table]) -> bool:
    """Whether a table shows a published value."""
    return any(cell.published for table in tables for _, cells in table.rows for cell in cells)


def product_figures(inputs: Inputs, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The figures of every product that has any, without those at the beginning of the page."""
    made = (
        figure
        for page, own in _pages(settings)
        if hasattr(page, "figures")
        for figure in page.figures(inputs, own)
    )
    return [_placed(figure, f"figure-{number}") for number, figure in enumerate(made, start=1)]


def _pages(settings: Mapping[str, Any]) -> Iterator[tuple[ModuleType, dict[str, Any]]]:
    """The module that shows each product, and its settings."""
    for name, own in settings["products"].items():
        yield import_module(name), {**own, "titles": settings["titles"]}


def _placed(figure: Drawing, key: str) -> dict[str, Any]:
    """A figure on the page: title, note, SVG, and whether it takes the whole width."""
    return {
        "title": figure.heading,
        "note": figure.remark,
        "svg": Markup(svg(figure, key)),
        "wide": figure.get_figwidth() > 1.5 * figure.settings.width,
    }


def _package_text(name: str) -> str:
    return Path(__file__).with_name("templates").joinpath(name).read_text(encoding="utf-8")


# --- The verdict --------------------------------------------------------------------------------


def claimed_on(register: Register) -> list[str]:
    """The data sets that the papers' claims are about."""
    return list(dict.fromkeys(name for claim in register.claims for name in claim.datasets))


def papers_data(register: Register, titles: Mapping[str, str]) -> bool:
    """Whether a data set of the study is one of them."""
    return not set(titles).isdisjoint(claimed_on(register))


def counts(claims: pd.DataFrame) -> dict[str, list[tuple[str, str, str, int]]]:
    """How many claims have each verdict: (words, name in the styles, sign, number), of the papers' data and of others.

    Of other data, every claim counts once for each data set, without those that are only shown.
    """
    own = Counter(_overall(claims)["verdict"])
    others = claims[(claims["dataset"] != ALL_DATA) & ~claims["papers_data"]]
    other = Counter(others["verdict"])
    return {
        "own": [(v, wording.slug(v), wording.SIGNS[v], own[v]) for v in VERDICTS],
        "other": [
            (wording.ELSEWHERE[v], wording.slug(v), wording.SIGNS[v], other[v])
            for v in VERDICTS
            if v != NOT_RUN and other[v]
        ],
    }


def _of(table: pd.DataFrame, claim: Claim) -> pd.DataFrame:
    return table[table["claim"] == claim.name]


def _overall(claims: pd.DataFrame) -> pd.DataFrame:
    return claims[claims["dataset"] == ALL_DATA]


def claim_rows(
    register: Register, claims: pd.DataFrame, cases: pd.DataFrame, titles: Mapping[str, str]
) -> list[dict[str, Any]]:
    """What the page says of each claim (`claim_row`): first of those that the study tests, then of the others."""
    rows = [
        claim_row(claim, _of(claims, claim), _of(cases, claim), titles) for claim in register.claims
    ]
    return sorted(rows, key=lambda row: row["verdict"] == NOT_RUN and not row["others"])


def claim_row(
    claim: Claim, rows: pd.DataFrame, cases: pd.DataFrame, titles: Mapping[str, str]
) -> dict[str, Any]:
    """What the page says of one claim.

    Args:
        claim: of the register.
        rows: its rows of claims.csv.
        cases: its rows of claims_cases.csv.
        titles: data set -> title.
    """
    whole = _overall(rows).iloc[0]
    others = [
        _summary(row, titles)
        for _, row in rows[(rows["dataset"] != ALL_DATA) & ~rows["papers_data"]].iterrows()
        if row["verdict"] != NOT_RUN
    ]
    of_cases = cases[cases["side"] != "missing"]
    return {
        "claim": claim,
        **_summary(whole, titles),
        "papers_say": _papers_say(whole),
        "under": whole["under"] if whole["verdict"] != NOT_RUN or others else "",
        "not_run_on": [titles.get(name, name) for name in str(whole["not_run_on"]).split()],
        "others": others,
        "cases": [_case(row, titles) for _, row in of_cases.iterrows()],
    }


def _summary(row: pd.Series, titles: Mapping[str, str]) -> dict[str, Any]:
    return {
        "dataset": titles.get(row["dataset"], row["dataset"]),
        "verdict": row["verdict"],
        "slug": wording.slug(row["verdict"]),
        "sign": wording.SIGNS[row["verdict"]],
        "words": row["verdict"] if row["papers_data"] else wording.ELSEWHERE[row["verdict"]],
        "figure": wording.figure(row["ours"], row["unit"]),
        "interval": wording.interval(row["low"], row["high"], row["unit"]),
        "published": wording.figure(row["published"], row["unit"]),
        "case": row["case"],
        "seeds": wording.seeds(int(row["n_seeds"])),
        "tally": _tally(row),
        "missing": int(row["n_missing"]),
    }


def _tally(row: pd.Series) -> str:
    """How many cases are for and against a claim; for some only, also how many chance would bring."""
    number = int(row["n_for"] + row["n_against"] + row["n_open"])
    if number < 2 or row["verdict"] == SHOWN:
        return ""
    tally = f"{row['n_for']} of {number} cases for it, {row['n_against']} against"
    if row["verdict"] != PARTLY:
        return tally
    return f"{tally} (by chance, uncorrected: {row['for_by_chance']:.2g} for it)"


def _papers_say(row: pd.Series) -> str:
    """Whether the papers' own figures pass the test, where not all do."""
    number = int(row["published_for"] + row["published_against"])
    if not row["published_against"]:
        return ""
    return f"Of the papers' own figures, {row['published_for']} of {number} pass this test."


def _case(row: pd.Series, titles: Mapping[str, str]) -> dict[str, str]:
    return {
        "dataset": titles.get(row["dataset"], row["dataset"]),
        "case": row["case"],
        "side": row["side"],
        "figure": row["text"] or wording.figure(row["ours"], row["unit"]),
        "interval": wording.interval(row["low"], row["high"], row["unit"]),
        "published": wording.figure(row["published"], row["unit"]),
        "p": wording.p_value(row["p_holm"]),
        "p_users": wording.p_value(row["p_users_holm"]),
        "seeds": wording.seeds(int(row["n_seeds"])),
        "decided_by": row["decided_by"],
    }


def disagreements(
    register: Register, cases: pd.DataFrame, titles: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Where the papers disagree, each with what our run says."""
    found = []
    for claim in register.disagreements:
        rows = _of(cases[cases["side"] != "missing"], claim)
        found.append({"claim": claim, "cases": [_case(row, titles) for _, row in rows.iterrows()]})
    return found


def comparison(
    inputs: Inputs, settings: Mapping[str, Any], register: Register, titles: Mapping[str, str]
) -> dict[str, Any] | None:
    """This study's verdicts beside those of others; None if none are asked for."""
    if not settings["compare"]:
        return None

    def of_all(name: str, others: str, read: Callable[[str], Any]) -> dict[str, Any]:
        # The folder that a study's results are in has its name.
        found = {Path(path).parent.name: read(path) for path in inputs.all(others)}
        return {settings["study"]: read(inputs.one(name)), **found}

    records = of_all("record", "other_record", read_json)
    cases = of_all("cases", "other_cases", read_table)
    rows = side_by_side(of_all("claims", "other_claims", read_table), cases)
    statements = {claim.name: claim.statement for claim in register.claims}
    return {
        "studies": list(records),
        "missing": [name for name in settings["compare"] if name not in records],
        "settings": settings_apart([record["configuration"] for record in records.values()]),
        "rows": [
            {
                # Two other studies may have been judged by an older register.
                "statement": statements.get(row.claim, row.claim),
                "changes": row.changes,
                "opposed": row.opposed,
                "dataset": titles.get(row.dataset, row.dataset),
                "judged": {name: _summary(of, titles) for name, of in row.judged.items()},
            }
            for row in rows
        ],
        "changed": sum(row.changes for row in rows),
        "opposed": sum(len(row.opposed) for row in rows),
        "decided": decided_in_several(cases.values()),
    }


# --- How to cite ----------------------------------------------------------------------------------


def citations(path: str | None, names: Collection[str]) -> list[dict[str, str]]:
    """The software, then what the study rests on, from CITATION.cff.

    Args:
        path: the file, if there is one.
        names: the data sets and recommenders of the study. A reference with keywords is for those that they name.
    """
    if path is None:
        return []
    content = read_yaml(path)
    used = [
        entry
        for entry in content.get("references", [])
        if not entry.get("keywords") or not set(names).isdisjoint(entry["keywords"])
    ]
    return [_citation(entry) for entry in (content, *used)]


def names_of(configuration: Mapping[str, Any]) -> set[str]:
    """The data sets and recommenders that a study names."""
    poster = configuration.get("poster", {})
    baselines = poster.get("baselines", []) if poster.get("datasets") else []
    return {*configuration["datasets"], *configuration["models"], *baselines}


def _citation(entry: Mapping[str, Any]) -> dict[str, str]:
    people = [person.get("name") or _person(person) for person in entry.get("authors", [])]
    source = entry.get("collection-title") or entry.get("journal") or ""
    version = f"version {entry['version']}" if "version" in entry else ""
    return {
        "authors": ", ".join(people),
        "title": entry["title"],
        "source": ", ".join(str(part) for part in (source, version, entry.get("year", "")) if part),
        "doi": entry.get("doi", ""),
        "url": entry.get("url", ""),
    }


def _person(person: Mapping[str, str]) -> str:
    initials = " ".join(f"{name[0]}." for name in person.get("given-names", "").split())
    return f"{initials} {person.get('family-names', '')}".strip()
