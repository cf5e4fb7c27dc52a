"""The published numbers, as they are in resources/published/."""

from pathlib import Path

import pytest

from embrittle.errors import DataError
from embrittle.render import published as pub
from made_up_metrics import published_curve

PUBLISHED = Path(__file__).parents[2] / "resources" / "published"


@pytest.fixture(scope="module")
def figures():
    return pub.load(PUBLISHED / "figures_1_2.csv")


@pytest.mark.parametrize("name", list(pub.COLUMNS))
def test_every_published_table_loads(name):
    frame = pub.load(PUBLISHED / f"{name}.csv")
    assert len(frame) > 0
    if name == "characteristics":  # a slope is not at a point
        assert (frame["x"].isna() == (frame["quantity"] == "slope")).all()
        frame = frame.drop(columns="x")
    assert frame.notna().all(axis=None)


def test_published_data_sets(figures):
    table1 = pub.load(PUBLISHED / "table1.csv")
    assert table1["dataset"].unique().tolist() == ["lastfm", "ml-1m"]
    assert figures["dataset"].unique().tolist() == ["lastfm"]


def test_published_curves(figures):
    curve = published_curve(figures, "fig2b", "lastfm", "AMF", "pgd")
    assert len(curve) == 17
    assert curve["x"].is_monotonic_increasing
    assert curve.iloc[10].tolist() == [0.5, 0.1227]
    assert published_curve(figures, "fig2b", "ml-1m", "AMF", "pgd").empty
    assert published_curve(figures, "fig2a", "lastfm", "AMF", "pgd").empty


def test_published_files_that_are_not_what_they_should_be(tmp_path):
    with pytest.raises(DataError, match="is not a published table; valid names: table1"):
        pub.load(tmp_path / "other.csv")
    with pytest.raises(DataError, match="not found"):
        pub.load(tmp_path / "table1.csv")
    (tmp_path / "table1.csv").write_text("dataset,value\nlastfm,1\n")
    with pytest.raises(
        DataError, match=r"expected the columns dataset, model.* found dataset, value"
    ):
        pub.load(tmp_path / "table1.csv")


def test_published_rows_get_the_names_of_the_study():
    names = {"one-step": "fgsm", "steps": "bim", "steps-again": "bim"}
    path = PUBLISHED / "table1.csv"
    plain, named = pub.load(path), pub.load(path, names=names)
    values = {key: rows["value"].tolist() for key, rows in plain.groupby("condition")}
    found = {key: rows["value"].tolist() for key, rows in named.groupby("condition")}
    assert found == {
        "initial": values["initial"],
        "one-step": values["fgsm"],
        "steps": values["bim"],
        "steps-again": values["bim"],
        "pgd": values["pgd"],
    }
    assert named.dtypes.equals(plain.dtypes)
    curves = pub.load(PUBLISHED / "figures_1_2.csv", names=names)
    assert set(curves["attack"]) == {"steps", "steps-again", "pgd"}
