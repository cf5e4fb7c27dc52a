"""The register of claims: it is whole, and a mistake in it is named."""

import copy
from pathlib import Path

import pytest
import yaml

from embrittle.errors import ConfigError
from embrittle.products.registry import PRODUCTS
from embrittle.render import published as pub
from embrittle.validation import read_yaml
from embrittle.verdict import register

ROOT = Path(__file__).parents[2]
FILE = ROOT / "resources" / "published" / "claims.yaml"
CONTENT = read_yaml(FILE)


def test_claims_of_all_three_texts_are_about_data_sets_that_there_are():
    found = register.load(FILE)
    assert len(found.claims) >= 25
    assert {paper for claim in found.claims for paper in claim.papers} == set(found.papers)
    known = set(read_yaml(ROOT / "config" / "datasets.yaml"))
    for claim in (*found.claims, *found.disagreements):
        assert set(claim.datasets) <= known, claim.name
        assert claim.k == (100 if "P" in claim.papers else 10), claim.name


def test_a_claim_knows_the_products_that_it_is_about():
    claims = {claim.name: claim for claim in register.load(FILE).claims}
    assert claims["msap-stronger"].products == {"table1"}
    assert claims["defence-helps"].products == {"table1"}
    assert claims["five-times-smaller"].products == {"curves"}
    assert claims["denser-is-safer"].products == {"characteristics"}
    assert claims["madr-notices"].products == {"fairness"}
    assert claims["popular-items-lose-most-by-the-ranking"].products == {"reliable"}
    assert {p for c in claims.values() for p in c.products} < set(PRODUCTS)


def test_points_of_curves_that_decide_claims_are_those_of_the_printed_curves():
    claims = {claim.name: claim for claim in register.load(FILE).claims}
    curves = pub.load(FILE.parent / "figures_1_2.csv")

    def printed(figure, attack):
        rows = curves[(curves["figure"] == figure) & (curves["attack"] == attack)]
        return rows.set_index("x")["value"]

    lowest = {
        (*one["attack"], *one["iterations"])
        for one in claims["worse-than-random"].parameters["over"]
    }
    assert lowest == {(attack, printed("fig1a", attack).idxmin()) for attack in ("bim", "pgd")}
    coverage = claims["coverage-rises-then-falls"].parameters
    for attack in ("bim", "pgd"):
        assert printed("fig1c", attack).idxmax() == coverage["rise"]
        assert printed("fig1c", attack).index.max() == coverage["end"]
    (rise,) = claims["coverage-by-76-percent"].parameters["over"]
    assert rise["iterations"] == [coverage["rise"]]


def changed(path, value):
    content = copy.deepcopy(CONTENT)
    place = content["claims"]["msap-stronger"]
    *parents, last = path
    for key in parents:
        place = place[key]
    place[last] = value
    return content


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (["statment"], "x", "claims.msap-stronger.statment: unknown key 'statment'"),
        (["papers"], ["X"], "claims.msap-stronger.papers[0]: unknown paper 'X'"),
        (["datasets"], [], "claims.msap-stronger.datasets: must not be empty"),
        (["test", "name"], "chnge", "unknown test 'chnge'; did you mean 'change'?"),
        (["test", "rise"], 25, "claims.msap-stronger.test.rise: the test 'change' takes no"),
        (["test"], {"name": "setting"}, "test.key: the test 'setting' needs this key"),
        (["test"], {"name": "setting", "key": "k", "below": 0}, "takes no 'below'"),
        (["test", "of", "from"], "table9", "test.of.from: unknown value 'table9'"),
        (["test", "below"], "much", "test.below: expected a number, found the text 'much'"),
    ],
)
def test_a_mistake_is_named(tmp_path, path, value, complaint):
    file = tmp_path / "claims.yaml"
    file.write_text(yaml.safe_dump(changed(path, value)), encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        register.load(file)
    assert complaint in str(error.value)
    assert str(error.value).startswith("claims.yaml: ")


def test_a_name_is_that_of_one_claim(tmp_path):
    content = copy.deepcopy(CONTENT)
    content["disagreements"]["msap-stronger"] = content["claims"]["msap-stronger"]
    file = tmp_path / "claims.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(ConfigError, match="a claim has the same name"):
        register.load(file)
