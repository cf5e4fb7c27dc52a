"""Own embeddings in real runs of a tiny study."""

import pandas as pd
import pytest

from embrittle.files import read_tensors
from exported import exported

BROUGHT = {
    "models": ["BPR-MF", "brought"],
    "fairness": {"attributes": ["item_popularity"]},
}


@pytest.fixture(scope="module")
def brought(finished_study, tmp_path_factory):
    """The finished tiny study without AMF, with the embeddings of its BPR-MF brought back in by their ids."""
    project = finished_study.duplicate(tmp_path_factory.mktemp("own") / "copy")
    model, _ = read_tensors(project.results("models/shop/BPR-MF/seed-0/epoch-4/best.safetensors"))
    sides = [
        (pd.read_parquet(project.results(f"data/shop/prepared/{side}s.parquet"))["id"], factors)
        for side, factors in (("user", model["user_factors"]), ("item", model["item_factors"]))
    ]
    entry = exported(project.folder / "mine", "table.csv", sides[0], (*sides[1], None))
    project.brought = {**BROUGHT, "embeddings": {"brought": entry}}
    project.run(**project.brought)
    return project


def test_embeddings_that_come_back_are_attacked_to_the_same_bytes(brought):
    folders = [brought.results(f"lists/shop/{model}/seed-0") for model in ("BPR-MF", "brought")]
    files = sorted(path.name for path in folders[1].iterdir())
    assert {name.split("_")[0] for name in files} == {"initial.parquet", "fgsm", "bim", "pgd"}
    for name in files:
        assert folders[1].joinpath(name).read_bytes() == folders[0].joinpath(name).read_bytes()


def test_the_page_and_all_tables_have_them_beside_trained_models(brought):
    metrics = pd.read_parquet(brought.results("metrics.parquet"))
    of = {model: rows.drop(columns="model") for model, rows in metrics.groupby("model")}
    pd.testing.assert_frame_equal(
        of["brought"].reset_index(drop=True), of["BPR-MF"].reset_index(drop=True)
    )
    models = pd.read_csv(brought.results("tables/models.csv")).set_index("model")
    assert models.loc["BPR-MF", "selected_epoch"] > 0
    assert pd.isna(models.loc["brought", "selected_epoch"])
    page = brought.results("index.html").read_text(encoding="utf-8")
    assert "own embeddings have no epoch" in page
    assert "With one version of brought under embeddings" in page


def test_changed_files_are_brought_in_again_and_mistakes_in_them_stop_the_study(brought):
    assert brought.planned(**brought.brought) == {}
    path = brought.folder / brought.brought["embeddings"]["brought"]["users"]
    rows = path.read_text().splitlines(keepends=True)
    path.write_text("".join(rows[:-1]))
    assert brought.planned(**brought.brought)["import_embeddings"] == 1
    done = brought.snakemake("--cores", "1", **brought.brought)
    assert done.returncode == 1
    lost = rows[-1].split(",")[0]
    assert f"1 of 14 users of the data have no embedding: '{lost}'. Add them, or" in done.stderr
    # Dropped instead: the user leaves the data set.
    own = brought.brought["embeddings"]["brought"]
    changes = {**brought.brought, "embeddings": {"brought": {**own, "missing": "drop"}}}
    target = "results/tiny/models/shop/brought/seed-0/embeddings.safetensors"
    brought.run(target, **changes)
    users = pd.read_parquet(brought.results("data/shop/prepared/users.parquet"))
    assert (len(users), lost in set(users["id"])) == (13, False)
    assert read_tensors(brought.folder / target)[0]["user_factors"].shape == (13, 8)
