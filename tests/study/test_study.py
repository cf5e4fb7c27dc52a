"""A study without Snakemake: the parameters of jobs, the effect of a changed setting, and missing lists."""

import copy
import json
import re
from argparse import Namespace
from collections import Counter
from math import ceil

import pytest
import yaml
from snakemake.utils import update_config

from embrittle.errors import ConfigError
from embrittle.products.registry import PRODUCTS
from embrittle.study.jobs import parameters
from embrittle.study.resources import ClusterResources, memory_for_tables, table_minutes
from embrittle.study.settings import validate
from embrittle.study.study import INITIAL, Run, Study
from embrittle.validation import read_yaml
from made_up_product import MadeUp
from tiny_study import CONDITIONS_PER_MODEL, ROOT, TINY, merged

CONFIG = read_yaml(ROOT / "config" / "config.yaml")
REGISTRY = read_yaml(ROOT / "config" / "datasets.yaml")
SHOP = TINY["own_datasets"]["shop"]
AMF = Run("shop", "AMF", 0)


def study_of(changes=None, **disk) -> Study:
    """The tiny study with some settings changed; `exists` may replace the view of the disk."""
    config = copy.deepcopy(CONFIG)
    update_config(config, merged(changes or {}))
    return Study(validate(config, REGISTRY), REGISTRY, **disk)


# --- What a changed setting changes -----------------------------------------------------------------------

# The new jobs and those with changed parameters. Snakemake finds the jobs that depend on their results by the files.
END = {"summarise_run": 1}
NEW_TRAININGS = {"train_model": 3, "recommend": 2, "attack_model": 2 * CONDITIONS_PER_MODEL}
NEW_MODELS = {"evaluate_model": 2, "evaluate_users": 2, "evaluate_fairness": 2}
ATTACKED = {"evaluate_model": 2, "collect_metrics": 1}
DRAWN = {"draw_figure": 2, "draw_fairness": 1}
FAIRNESS = {"tabulate_fairness": 2, "draw_fairness": 1}
CHANGES = {
    "nothing": ({}, {}),
    "another spelling of the same value": ({"table1": {"epsilon": 0.50}}, {}),
    "the colour of a line": (
        {"plots": {"colours": {"bim": "#0072B2"}}},
        {**DRAWN, "write_page": 1},
    ),
    "the resolution of the figures": ({"plots": {"dpi": 90}}, DRAWN),
    "the title of a data set": (
        {"own_datasets": {"shop": {"title": "The shop"}}},
        {"tabulate_table1": 1, "tabulate_fairness": 2, **DRAWN, "write_page": 1},
    ),
    "one more value in a grid": (
        {"figure2": {"epsilon": [0.1, 0.5, 2]}},
        {"attack_model": 4, **ATTACKED, "draw_figure": 1, "tabulate_curves": 1, "write_page": 1},
    ),
    "one value less in a grid": (
        {"figure2": {"epsilon": [0.5]}},
        {**ATTACKED, "draw_figure": 1, "tabulate_curves": 1, "write_page": 1},
    ),
    "Table 1's grid, with values that other products have": (
        {"table1": {"iterations": [1, 3]}},
        {"tabulate_table1": 1, "evaluate_users": 2, "judge_claims": 1},
    ),
    "the attributes of fairness": (
        {"fairness": {"attributes": ["item_popularity"]}},
        {"evaluate_fairness": 2, **FAIRNESS, "measure_brittleness": 1, "write_page": 1},
    ),
    "how fairness is measured": (
        {"fairness": {"gce": {"beta": 3}}},
        {"evaluate_fairness": 2, "tabulate_fairness": 2},
    ),
    "the attacks of Tables 2 and 3, to some that other products have": (
        {"fairness": {"iterations": 2}},
        {"evaluate_fairness": 2, "tabulate_fairness": 2},
    ),
    "no fairness": ({"fairness": {"attributes": []}}, {"measure_brittleness": 1, "write_page": 1}),
    "an attack that nothing shows": ({"attacks": {"more": {"method": "bim"}}}, {}),
    "an attack no longer shown in one figure": (
        {"figure1": {"attacks": ["fgsm", "bim"]}},
        {"draw_figure": 1, "tabulate_curves": 1, "judge_claims": 1, "write_page": 1},
    ),
    "K below the length of the lists": (
        {"evaluation": {"k": [3, 4, 5]}},
        {"evaluate_model": 3, "evaluate_fairness": 2, "judge_claims": 1},
    ),
    "K beyond the length of the lists": (
        {"evaluation": {"k": [3, 6]}},
        {
            **{"recommend_random": 1, "recommend": 2, "attack_model": 2 * CONDITIONS_PER_MODEL},
            **{**NEW_MODELS, "evaluate_model": 3, "judge_claims": 1},
        },
    ),
    "one more seed": (
        {"seeds": [0, 1]},
        {
            **{**NEW_TRAININGS, **NEW_MODELS, "evaluate_model": 3, "recommend_random": 1},
            **{"collect_metrics": 1, "collect_models": 1, "judge_claims": 1, "write_page": 1},
            **FAIRNESS,
        },
    ),
    "one model less": (
        {"models": ["BPR-MF"]},
        {"collect_metrics": 1, "collect_models": 1, "judge_claims": 1, "write_page": 1},
    ),
    "a further model": (
        {"models": ["BPR-MF", "AMF", "LightGCN"]},
        {
            **{"train_model": 1, "recommend": 1, "attack_model": CONDITIONS_PER_MODEL},
            **{rule: 1 for rule in NEW_MODELS},
            **{"collect_metrics": 1, "collect_models": 1, "judge_claims": 1, "write_page": 1},
        },
    ),
    "the settings of a model that is not trained": ({"light_gcn": {"layers": 2}}, {}),
    "the budget of adversarial training": (
        {"adversarial_training": {"epsilon": 0.25}},
        {"train_model": 1, "write_page": 0},
    ),
    "the time between checkpoints": ({"training": {"checkpoint_seconds": 5}}, {}),
    "the learning rate": ({"training": {"learning_rate": 0.1}}, {"train_model": 3}),
    "the number of factors": ({"training": {"factors": 4}}, {"train_model": 3}),
    # Two trainings with other paths; the state that AMF starts from exists.
    "more epochs": ({"training": {"epochs": 5}}, {"train_model": 2}),
    "the epoch that is selected": (
        {"training": {"selection": "last"}},
        {"tabulate_table1": 1, "tabulate_fairness": 2, "judge_claims": 1, "write_page": 1},
    ),
    "a validation item": (
        {"training": {"selection": "best-on-validation"}},
        {
            **{"split_dataset": 1, "train_model": 3},
            **{"tabulate_table1": 1, "tabulate_fairness": 2, "judge_claims": 1, "write_page": 1},
        },
    ),
    "the seed of a split that draws nothing": ({"split": {"seed": 1}}, {}),
    "the method of the split": ({"split": {"method": "random"}}, {"split_dataset": 1}),
    "how a data set is read": (
        {"own_datasets": {"shop": {"duplicates": "first"}}},
        {"prepare_dataset": 1},
    ),
    "the mirror's folder": ({"mirror": {"folder": "elsewhere"}}, {}),
    "reporting missing lists": ({"missing": "report"}, {}),
    "one more data set": (
        {"datasets": ["shop", "other"], "own_datasets": {"other": SHOP}},
        {
            **{"prepare_dataset": 1, "split_dataset": 1, "recommend_random": 1},
            **{**NEW_TRAININGS, **NEW_MODELS, "evaluate_model": 3},
            **{"collect_metrics": 1, "collect_models": 1, "judge_claims": 1, "write_page": 1},
            **{"tabulate_table1": 1, "tabulate_fairness": 2, **DRAWN},
        },
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_setting_changes_just_the_jobs_it_decides(change):
    changes, expected = CHANGES[change]
    before = parameters(study_of(exists=lambda path: True))
    after = parameters(study_of(changes, exists=lambda path: True))
    found = Counter(job[0] for job, params in after.items() if before.get(job) != params)
    # The record of the run holds the configuration, so it is written anew for any other.
    same = change in ("nothing", "another spelling of the same value")
    assert found.pop("summarise_run", 0) == (0 if same else 1)
    assert found == Counter({rule: n for rule, n in expected.items() if n})


def test_every_job_has_parameters_that_can_be_written_down():
    """Snakemake compares the text of parameters, which must be the same for two equal studies."""
    jobs, again = parameters(study_of()), parameters(study_of())
    assert {repr(params) for params in jobs.values()} == {repr(params) for params in again.values()}
    assert json.dumps([*jobs.values()])


# --- Runs and conditions ------------------------------------------------------------------------------------


def test_each_condition_is_attacked_once_on_each_model():
    study = study_of()
    assert len(study.conditions_of(AMF)) == 1 + CONDITIONS_PER_MODEL
    assert study.conditions_of(Run("shop", "Random", 0)) == [INITIAL]
    attacks = [job for job in parameters(study) if job[0] == "attack_model"]
    assert len(attacks) == 2 * CONDITIONS_PER_MODEL


def test_a_training_goes_through_the_states_that_others_start_from():
    study = study_of({"training": {"epochs": 6}})
    assert study.kept_epochs("BPR-MF") == [2, 6]
    assert study.parent_state("BPR-MF", 2) is None
    assert study.parent_state("BPR-MF", 6) == study.parent_state("AMF", 6) == ("BPR-MF", 2)
    trainings = [job[1:] for job in parameters(study) if job[0] == "train_model"]
    assert sorted(trainings) == [
        ("shop", "AMF", "0", "6"),
        ("shop", "BPR-MF", "0", "2"),
        ("shop", "BPR-MF", "0", "6"),
    ]
    start = study.start_of(Namespace(dataset="shop", model="AMF", seed="0", epoch="6"))
    assert start == "results/tiny/models/shop/BPR-MF/seed-0/epoch-2/state.safetensors"
    assert study.start_of(Namespace(dataset="shop", model="BPR-MF", seed="0", epoch="2")) == []


OWN = {"users": "u.parquet", "items": "i.npy", "item_ids": "i.txt"}


def test_own_embeddings_are_attacked_without_a_training():
    changes = {
        "seeds": [3, 1],
        "models": ["mine"],
        "embeddings": {"mine": [OWN, {**OWN, "users": "v.csv"}]},
    }
    study = study_of(changes)
    jobs = parameters(study)
    assert not [job for job in jobs if job[0] in ("train_model", "train_baseline")]
    assert jobs["import_embeddings", "shop", "mine", "1"] == {**OWN, "users": "v.csv"}
    assert len([job for job in jobs if job[0] == "attack_model"]) == 2 * CONDITIONS_PER_MODEL
    assert jobs["attack_model", "shop", "mine", "3", "fgsm", "0.5", "1"]["loss"] == "bpr"
    run = Run("shop", "mine", 1)
    assert study.model_file(run) == "results/tiny/models/shop/mine/seed-1/embeddings.safetensors"
    assert study.version_files(Namespace(**run._asdict())) == ["v.csv", "i.npy", "i.txt"]
    assert study.with_curves == []
    assert study.notes(study.measured) == []  # no epoch was chosen on the test items
    assert not [line for line in study.unlike_the_papers() if "training." in line]


def test_the_page_says_whose_epoch_was_chosen_on_the_test_items():
    study = study_of({"models": ["BPR-MF", "mine"], "embeddings": {"mine": OWN}})
    (note,) = parameters(study)[("write_page",)]["notes"]
    assert note == "The attacked epoch of BPR-MF was chosen on the test items."
    assert study.notes(study.measured) == ["The attacked epoch was chosen on the test items."]


@pytest.mark.parametrize(
    ("selection", "said"), [("last", "is the last one;"), ("best-on-test", "on the test items;")]
)
def test_figure_3_says_which_epoch_was_attacked(selection, said):
    study = study_of(
        {"figure3": {"datasets": ["shop"], "k": [1, 2, 3]}, "training": {"selection": selection}}
    )
    (note,) = parameters(study)[("tabulate_figure3",)]["arguments"]["notes"]
    assert said in note


def test_own_embeddings_change_no_job_of_the_other_models():
    before = parameters(study_of())
    after = parameters(study_of({"models": ["BPR-MF", "AMF", "mine"], "embeddings": {"mine": OWN}}))
    end = {"collect_metrics", "collect_models", "judge_claims", "summarise_run", "write_page"}
    assert {job[0] for job in before if after[job] != before[job]} <= end
    assert {job[2] for job in after.keys() - before.keys()} == {"mine"}


def test_own_embeddings_are_of_one_data_set_and_of_no_sub_sample():
    other = {**SHOP, "path": "other.csv"}
    study = study_of(
        {
            "datasets": ["shop", "other"],
            "own_datasets": {"other": other},
            "models": ["BPR-MF", "mine"],
            "embeddings": {"mine": {**OWN, "dataset": "other"}},
            "figure3": {"datasets": ["other"], "k": [1, 2, 3]},
        }
    )
    assert {run.dataset for run in study.trained if run.model == "mine"} == {"other"}
    assert {run.model for run in study.measured_samples} == {"BPR-MF"}
    assert study.embedding_files_of("shop") == []
    assert study.embedding_files_of("other") == ["u.parquet", "i.npy", "i.txt"]


def test_users_and_items_leave_the_data_only_where_embeddings_ask_for_it():
    def reading(**changes):
        entry = {"mine": {**OWN, **changes}}
        study = study_of({"models": ["mine"], "embeddings": entry})
        return study.reading_settings("shop"), study.embedding_files_of("shop", dropping=True)

    assert reading() == (study_of().reading_settings("shop"), [])
    settings, files = reading(missing="drop")
    assert settings["embeddings"] == [OWN]
    assert files == ["u.parquet", "i.npy", "i.txt"]


def test_data_that_embeddings_leave_are_split_before():
    """A split after that would hold out interactions that the model was trained on."""
    dropping = {"models": ["mine"], "embeddings": {"mine": {**OWN, "missing": "drop"}}}
    first = parameters(study_of())["split_dataset", "shop"]
    jobs = parameters(study_of(dropping))
    assert jobs["prepare_dataset", "shop"]["split"] == first
    assert first["method"] != "published"
    assert jobs["split_dataset", "shop"] == {**first, "method": "published", "seed": 0}


def test_one_version_of_embeddings_serves_all_seeds_and_the_captions_say_so():
    changes = {"seeds": [0, 1, 2], "models": ["BPR-MF", "mine"], "embeddings": {"mine": OWN}}
    study = study_of(changes)
    runs = [run for run in study.trained if run.model == "mine"]
    assert [run.seed for run in runs] == [0, 1, 2]
    assert {study.version_of(run).users for run in runs} == {OWN["users"]}
    (note,) = [note for note in study.notes(study.trained) if "one version" in note]
    assert note.startswith("mine: one version")
    several = {**changes, "embeddings": {"mine": [OWN, OWN, {**OWN, "users": "v.csv"}]}}
    for other in (several, {**changes, "seeds": [0]}):
        assert study_of(other).single_versions(study_of(other).trained) == []


def test_a_transfer_needs_the_perturbation_of_the_other_model():
    attacks = {
        "strong": {"method": "apgd", "loss": "margin", "budget": "relative"},
        "moved": {"method": "transfer", "attack": "strong", "model": "BPR-MF"},
    }
    before = parameters(study_of({"attacks": attacks}))
    study = study_of({"attacks": attacks, "figure2": {"attacks": ["moved"], "epsilon": [0.3]}})
    after = parameters(study)
    further = {job for job in after if job not in before and "AMF" in job}
    at = ("shop", "AMF", "0")
    assert {job for job in further if "attack" in job[0]} == {
        ("attack_model", *at, "strong", "0.3", "3"),
        ("transfer_attack", *at, "moved", "0.3", "3"),
    }
    assert after["transfer_attack", *at, "moved", "0.3", "3"] == {"relative": True, "length": 5}
    place = {"dataset": "shop", "model": "AMF", "seed": "0", "epsilon": "0.3", "iterations": "3"}
    assert study.transferred(Namespace(**place, attack="moved")) == {
        "other": study.model_file(study.run_of(Namespace(**{**place, "model": "BPR-MF"}))),
        "perturbation": "results/tiny/perturbations/shop/BPR-MF/seed-0/strong_epsilon-0.3_iterations-3.safetensors",
    }


def test_the_page_begins_with_attacks_of_the_unit_of_table_1():
    def compared(**table1):
        found = parameters(study_of({"table1": table1}))
        page = found["write_page",]
        return page["brittleness"]["budget"], found["measure_brittleness",]["methods"]

    assert compared(attacks=["fgsm", "bim"])[0] == "absolute"
    budget, methods = compared(attacks=["fgsm-relative", "bim-relative"], epsilon=0.1)
    assert (budget, methods) == ("relative", {"fgsm-relative": "fgsm", "bim-relative": "bim"})


def test_an_ensemble_is_one_job_on_the_lists_of_its_members():
    attacks = {
        "strong": {"method": "apgd", "loss": "margin", "knows": "test"},
        "both": {"method": "ensemble", "members": ["fgsm", "strong"]},
    }
    before = parameters(study_of({"attacks": attacks}))
    study = study_of({"attacks": attacks, "figure2": {"attacks": ["both"], "epsilon": [0.3]}})
    after = parameters(study)
    ensemble = ("combine_attacks", "shop", "AMF", "0", "both", "0.3", "3")
    further = {
        job for job in after if job not in before and job[:3] == ("attack_model", *ensemble[1:3])
    }
    assert {job[4:] for job in further} == {("fgsm", "0.3", "1"), ("strong", "0.3", "3")}
    assert after[ensemble] == {"members": ["fgsm", "strong"], "rows": "both", "k": 3, "length": 5}
    place = {"dataset": "shop", "model": "AMF", "seed": "0", "epsilon": "0.3", "iterations": "3"}
    folder = "results/tiny/lists/shop/AMF/seed-0"
    assert study.member_lists(Namespace(**place, attack="both")) == [
        f"{folder}/fgsm_epsilon-0.3_iterations-1.parquet",
        f"{folder}/strong_epsilon-0.3_iterations-3.parquet",
    ]
    strong = Namespace(**place, attack="strong")
    assert study.known_test_items(strong) == "results/tiny/data/shop/split/test.parquet"
    assert study.known_test_items(Namespace(**place, attack="fgsm")) == []
    assert study.parent_perturbation(strong) == []  # APGD is run as a whole


def test_lists_of_own_embeddings_that_are_gone_are_not_shown():
    changes = {"models": ["mine", "AMF"], "embeddings": {"mine": OWN}}
    run = Run("shop", "mine", 0)
    assert len(reporting(**changes).shown_conditions(run)) == 1 + CONDITIONS_PER_MODEL
    gone = reporting(gone=["mine/seed-0/embeddings.safetensors"], **changes)
    assert gone.shown_conditions(run) == []


def test_a_study_without_other_models_still_keeps_the_state_they_start_from():
    assert study_of({"models": ["BPR-MF"]}).kept_epochs("BPR-MF") == [2, 4]


def test_models_with_modules_of_their_own_have_their_own_last_epoch_and_start_from_nothing():
    study = study_of({"models": ["PureSVD", "ALS", "LightGCN"], "light_gcn": {"epochs": 30}})
    trainings = [job[1:] for job in parameters(study) if job[0] == "train_model"]
    assert trainings == [
        ("shop", "PureSVD", "0", "0"),
        ("shop", "ALS", "0", "0"),
        ("shop", "LightGCN", "0", "30"),
    ]
    assert [study.kept_epochs(model) for model in ("ALS", "LightGCN")] == [[0], [30]]
    assert study.parent_state("LightGCN", 30) is None
    best = "results/tiny/models/shop/LightGCN/seed-0/epoch-30/best.safetensors"
    assert study.model_file(Run("shop", "LightGCN", 0)) == best


def test_only_the_settings_of_a_model_train_it_again():
    models = {"models": ["PureSVD", "ALS", "LightGCN"]}
    before = parameters(study_of(models))

    def trained_again(**changes) -> set[str]:
        after = parameters(study_of({**models, **changes}))
        return {
            job[2] for job in after if job[0] == "train_model" and before.get(job) != after[job]
        }

    assert (
        trained_again(training={"learning_rate": 1}, adversarial_training={"epsilon": 1}) == set()
    )
    assert trained_again(training={"selection": "last"}) == set()
    assert trained_again(training={"selection": "best-on-validation"}) == {"LightGCN"}
    assert trained_again(training={"factors": 4}) == {"PureSVD", "ALS", "LightGCN"}
    assert trained_again(pure_svd={"singular_values": "both"}) == {"PureSVD"}
    assert trained_again(als={"alpha": 1}) == {"ALS"}
    assert trained_again(light_gcn={"epochs": 30}) == {"LightGCN"}
    assert trained_again(light_gcn={"layers": 2}) == {"LightGCN"}


def test_the_settings_unlike_the_papers_are_named():
    unlike = study_of().unlike_the_papers()
    assert "training.epochs: 4 (the papers: 2000)" in unlike
    assert not [line for line in unlike if line.startswith(("split.", "training.selection"))]


def papers_study(name="paper.yaml", **changes) -> Study:
    """A shipped study on MovieLens-1M, with some settings changed."""
    config: dict = {}
    for file in ("config.yaml", name):
        update_config(config, read_yaml(ROOT / "config" / file))
    update_config(config, {"datasets": ["ml-1m"], **changes})
    return Study(validate(config, REGISTRY), REGISTRY)


def deviations_of(product: str, study: Study) -> list[str]:
    return [deviation.setting for deviation in PRODUCTS[product].deviations(study)]


def test_the_shipped_studies_of_the_papers_are_comparable():
    msap = ["table1", "fairness", "curves", "characteristics"]
    assert [name for name in papers_study().comparable_products() if name in msap] == msap
    assert "poster" not in papers_study().comparable_products()
    poster = papers_study("poster.yaml")
    assert "poster" in poster.comparable_products()
    assert deviations_of("curves", poster) == [
        "training.criterion",
        "adversarial_training.restart_accumulators",
    ]


@pytest.mark.parametrize(
    ("changes", "product", "settings"),
    [
        (
            {"attacks": {"pgd": {"norm": "l2", "start": 0.5, "step_size": 2}}},
            "table1",
            ["attacks.pgd.step_size", "attacks.pgd.start", "attacks.pgd.norm"],
        ),
        (
            {"fairness": {"epsilon": 9, "iterations": 1, "gce": {"beta": 3}}},
            "fairness",
            ["fairness.epsilon", "fairness.iterations", "fairness.gce.beta"],
        ),
        (
            {"attributes": {"user_gender": {"distributions": {"f1": [0.5, 0.5]}}}},
            "fairness",
            ["attributes.user_gender.distributions.f1"],
        ),
        ({"fairness": {"item_value": "ndcg"}}, "fairness", ["fairness.item_value"]),
        ({"table1": {"iterations": [1, 10]}}, "table1", ["table1.iterations"]),
        ({"training": {"selection": "last"}}, "curves", ["training.selection"]),
        ({"training": {"factors": 32}}, "characteristics", ["training.factors"]),
        ({"split": {"method": "random"}}, "table1", ["split.method"]),
        ({"figure3": {"kcore": "iterative"}}, "characteristics", ["figure3.kcore"]),
    ],
)
def test_a_study_with_other_settings_is_not_comparable(changes, product, settings):
    study = papers_study(**changes)
    assert deviations_of(product, study) == settings
    assert product not in study.comparable_products()
    assert study.published_for(product, "table1.csv") == []
    assert [line for line in study.unlike_the_papers() if line.startswith(settings[0])]


def test_figure_3_is_comparable_under_each_epoch_that_the_paper_may_have_attacked():
    def settings(selection):
        study = papers_study(training={"selection": selection})
        return deviations_of("characteristics", study), "table1" in study.comparable_products()

    assert settings("best-on-test") == ([], True)
    assert settings("last") == ([], False)
    assert settings("best-on-validation") == (["training.selection"], False)


def test_a_caption_tells_what_a_short_grid_takes_from_areas():
    def notes(iterations, attacks=("fgsm", "bim")):
        study = study_of({"table1": {"iterations": iterations, "attacks": list(attacks)}})
        return parameters(study)["tabulate_table1",]["captions"]["notes"]

    (note,) = [note for note in notes([1, 5]) if "too small" in note]
    assert "begin at 1 of 5 iterations" in note
    assert "20 % too small" in note
    assert not [note for note in notes([1, 25, 50]) if "too small" in note]
    assert not [note for note in notes([1, 5], ["fgsm"]) if "too small" in note]


RENAMED = {
    "attacks": {"one-step": {"method": "fgsm"}},
    "table1": {"attacks": ["one-step", "bim", "pgd"]},
}


def test_a_renamed_attack_with_the_papers_definition_is_theirs():
    study = papers_study(**RENAMED)
    table, users = parameters(study)["tabulate_table1",], parameters(study)["judge_claims",]
    assert table["names"]["one-step"] == "fgsm"
    # Table 1 shows one of the two attacks of this definition, Figure 1 the other.
    assert "fgsm" not in table["names"]
    assert parameters(study)["draw_figure", "ml-1m", "figure1"]["names"]["fgsm"] == "fgsm"
    assert {"one-step": "fgsm", "fgsm": "fgsm"}.items() <= users["names"].items()


def test_an_attack_is_the_papers_by_its_definition_not_by_its_name():
    other = {"fgsm": {"method": "noise"}}
    renamed = {**RENAMED, "attacks": {**other, **RENAMED["attacks"]}}
    study = papers_study(**renamed)
    assert deviations_of("table1", study) == []
    names = parameters(study)["tabulate_table1",]["names"]
    assert names["one-step"] == "fgsm"
    assert names.get("fgsm") == "noise"
    # The other attack alone is no attack of theirs.
    assert deviations_of("table1", papers_study(attacks=other)) == ["attacks.fgsm.method"]


def test_what_decides_no_number_leaves_a_study_comparable():
    changes = {
        "training": {"checkpoint_seconds": 5},
        "seeds": [3, 4],
        "split": {"method": "last"},
        "figure1": {"iterations": [1, 10]},
        "plots": {"dpi": 100},
    }
    study = papers_study(**changes)
    assert {"table1", "fairness", "curves"} <= set(study.comparable_products())
    # Other grids of Table 1 say nothing about the curves.
    assert "curves" in papers_study(table1={"iterations": [1, 10]}).comparable_products()
    assert study.published_for("table1", "table1.csv").endswith("published/table1.csv")


# --- What is missing ------------------------------------------------------------------------------------------


def reporting(gone=(), **changes) -> Study:
    """A finished study with `missing: report`, without the files whose paths contain a part in `gone`."""

    def there(path):
        return not any(part in path for part in gone)

    return study_of({"missing": "report", **changes}, exists=there)


def test_conditions_without_a_file_of_lists_are_missing():
    study = reporting(gone=["AMF/seed-0/bim_epsilon-0.5_"])
    missing = study.missing_of(study.all_measured)
    assert missing == [("shop", "AMF", 0, "bim", "0.5", iterations) for iterations in (1, 2, 3)]
    assert len(study.shown_conditions(AMF)) == 1 + CONDITIONS_PER_MODEL - 3
    (note,) = study.missing_notes(study.measured)
    assert note.startswith("3 lists of recommendations are missing")
    assert not study_of().missing_of(study.all_measured)


@pytest.mark.parametrize(
    "gone",
    [
        "AMF/seed-0/epoch-4/best.safetensors",
        "BPR-MF/seed-0/epoch-2/state.safetensors",
        "shop/split/statistics.json",
    ],
)
def test_lists_of_another_training_or_other_data_are_not_shown(gone):
    study = reporting(gone=[gone])
    assert study.shown_conditions(AMF) == []
    paths = study.metrics_of(study.measured)
    assert "results/tiny/metrics/shop/AMF/seed-0.parquet" not in paths


def test_a_study_without_lists_cannot_report_missing_ones():
    with pytest.raises(
        ConfigError, match=r"this study has none\. Run the study with missing: error first"
    ):
        reporting(gone=["lists/"]).check_shown()
    reporting().check_shown()


def test_a_control_is_attacked_like_its_model_and_trains_nothing():
    changes = {"controls": {"twice": {"of": "BPR-MF", "scale": 2}, "like": LIKE_AMF}}
    study = study_of(changes)
    before, after = parameters(study_of()), parameters(study)
    assert {key for key in after if key[0] == "train_model"} == {
        key for key in before if key[0] == "train_model"
    }
    assert all(after[key] == before[key] for key in before if key[0] == "attack_model")
    assert after["make_control", "shop", "twice", "0"] == {
        "entry": {"of": "BPR-MF", "scale": 2},
        "length": study.list_length,
    }
    run = Run("shop", "like", 0)
    bpr_mf, amf = (study.model_file(run._replace(model=name)) for name in ("BPR-MF", "AMF"))
    wildcards = Namespace(**run._asdict())
    assert study.models_of_control(wildcards) == {"model": bpr_mf, "norms_of": amf}
    assert study.conditions_of(run) == study.conditions_of(AMF)
    assert study.model_file(run) == "results/tiny/models/shop/like/seed-0/control.safetensors"
    assert run in study.measured
    assert run not in study.with_curves
    assert study.selected_on_test([run]) == ["BPR-MF"]


LIKE_AMF = {"of": "BPR-MF", "norms_of": "AMF"}


def test_a_control_of_own_embeddings_is_of_their_data_set():
    study = study_of(
        {
            "datasets": ["shop", "other"],
            "own_datasets": {"other": {**SHOP, "title": "Other"}},
            "models": ["BPR-MF", "mine"],
            "embeddings": {"mine": {**OWN, "dataset": "other"}},
            "controls": {
                "a": {"of": "mine", "scale": 2},
                "b": {"of": "BPR-MF", "norms_of": "mine"},
            },
        }
    )
    assert {run.dataset for run in study.controls} == {"other"}
    assert len(study.controls) == 2
    assert {run.model for run in study.imported} == {"mine"}


def test_lists_of_a_control_whose_model_is_gone_are_not_shown():
    changes = {"controls": {"like": LIKE_AMF}}
    run = Run("shop", "like", 0)
    assert reporting(**changes).shown_conditions(run)
    for gone in ("like/seed-0/control.safetensors", "BPR-MF/seed-0/epoch-4/best.safetensors"):
        assert reporting(gone=[gone], **changes).shown_conditions(run) == []


OWN_MODEL = "results/tiny/models/shop/mine/seed-0/embeddings.safetensors"
OWN_DATA = "results/tiny/data/shop/prepared/interactions.parquet"


@pytest.mark.parametrize(
    ("missing", "made", "message"),
    [
        ([OWN["users"]], [OWN_MODEL], f"{OWN['users']} not found, but {OWN_MODEL} was made"),
        ([SHOP["path"]], [OWN_DATA], f"{SHOP['path']} not found, but {OWN_DATA} was made"),
        # Nothing was made: Snakemake reports the missing file where a job needs it. A split needs no embeddings.
        ([OWN["users"], SHOP["path"]], [], None),
        ([], [OWN_MODEL, OWN_DATA], None),
    ],
)
def test_results_of_own_files_that_are_gone_are_not_taken_for_those_of_a_mistyped_path(
    missing, made, message
):
    changes = {"models": ["mine"], "embeddings": {"mine": OWN}}
    there = {"exists": lambda path: path in made}
    own = {"exists": lambda path: path not in missing}
    study_of({**changes, "missing": "report"}, **there).check_own_files(**own)
    study = study_of(changes, **there)
    if message is None:
        study.check_own_files(**own)
        return
    with pytest.raises(ConfigError, match=re.escape(message)):
        study.check_own_files(**own)


def attack_job(attack, epsilon, iterations):
    place = {"dataset": "shop", "model": "AMF", "seed": "0"}
    return Namespace(**place, attack=attack, epsilon=epsilon, iterations=iterations)


def test_an_attack_continues_from_the_next_smaller_number_of_iterations():
    study = study_of({"table1": {"iterations": [1, 10, 20]}, "figure1": {"iterations": [7]}})
    before = {L: study.iterations_before(attack_job("bim", "0.5", L)) for L in (1, 7, 10, 20)}
    assert before == {1: 0, 7: 3, 10: 7, 20: 10}  # 3 is Table 2's
    assert study.parent_perturbation(attack_job("bim", "0.5", "10")) == (
        "results/tiny/perturbations/shop/AMF/seed-0/bim_epsilon-0.5_iterations-7.safetensors"
    )
    assert study.parent_perturbation(attack_job("bim", "0.5", "1")) == []
    assert study.parent_perturbation(attack_job("fgsm", "0.5", "1")) == []


def test_the_last_combination_of_a_grid_matches_its_path():
    last = re.compile(f"results/tiny/perturbations/(?={study_of().last_combinations()})")
    path = "results/tiny/perturbations/{}/AMF/seed-0/{}_epsilon-{}_iterations-{}.safetensors"
    kept = [("shop", "bim", "0.5", 3), ("shop", "pgd", "0.1", 3)]
    temporary = [
        *(("shop", "bim", "0.5", 2), ("shop", "fgsm", "0.5", 1), ("shop", "bim", "0.05", 3)),
        *(("shop", "bim", "0.5", 30), ("other", "bim", "0.5", 3)),
    ]
    assert all(last.match(path.format(*place)) for place in kept)
    assert not any(last.match(path.format(*place)) for place in temporary)


def test_with_missing_lists_reported_an_attack_continues_from_the_largest_number_that_exists():
    study = reporting(gone=["iterations-9."], table1={"iterations": [1, 2, 9]})
    assert study.missing_of([AMF]) == [
        ("shop", "AMF", 0, attack, "0.5", 9) for attack in ("bim", "pgd")
    ]
    study = reporting(gone=["iterations-2."])
    assert study.iterations_before(attack_job("bim", "0.5", "3")) == 1


# --- Cluster resources -------------------------------------------------------------------------------------------


@pytest.fixture
def sized(tmp_path):
    """The input of a job on ML-1M's size."""
    path = tmp_path / "statistics.json"
    path.write_text(json.dumps({"n_interactions": 1_000_209, "size": 6040 * 3706}))
    return Namespace(statistics=str(path), size_mb=40)


def test_memory_and_time_grow_with_the_data_and_with_each_attempt(sized):
    resources = ClusterResources(study_of(), gpus=0)
    memory = resources.model_memory(Namespace(), sized, 1)
    assert memory == ceil(1000 + 80 * 1.000209)
    assert resources.model_memory(Namespace(), sized, 3) == 3 * memory
    assert ClusterResources(study_of(), gpus=1).model_memory(Namespace(), sized, 1) > memory + 2900
    epochs = [
        resources.training_minutes(Namespace(model="BPR-MF", epoch=epoch), sized, 1)
        for epoch in ("100", "2000")
    ]
    assert epochs == [ceil(5 + (50.01 + 33.6) / 60), ceil(5 + (1000.2 + 671.5) / 60)]
    assert memory_for_tables(50)(Namespace(), sized, 2) == 2 * (1000 + 50 * 40)
    assert table_minutes(Namespace(), sized, 1) == 7


@pytest.mark.parametrize(
    ("model", "changes", "minutes"),
    [
        ("PureSVD", {}, 5 + 120 / 60),
        ("ALS", {"als": {"iterations": 30}}, 5 + 30 * 20 / 60),
        # 489 batches an epoch, each 0.46 s: four times as long as measured.
        ("LightGCN", {"light_gcn": {"batch_size": 2048, "epochs": 60}}, 5 + 489.4 * 0.46),
        (
            "LightGCN",
            {"light_gcn": {"batch_size": 2048, "epochs": 60, "layers": 1}},
            5 + 489.4 * 0.16,
        ),
    ],
)
def test_the_time_of_a_model_with_a_module_follows_its_settings(sized, model, changes, minutes):
    asked = ClusterResources(study_of(changes), gpus=0).training_minutes
    wildcards = Namespace(model=model, epoch="0")
    assert asked(wildcards, sized, 1) == pytest.approx(minutes, abs=1)
    assert asked(wildcards, sized, 2) == 2 * asked(wildcards, sized, 1)


def test_damaged_statistics_are_left_to_the_job(sized):
    with open(sized.statistics, "w") as file:
        file.write("{")
    assert ClusterResources(study_of(), gpus=0).model_memory(Namespace(), sized, 1) == 1000


# --- Products ----------------------------------------------------------------------------------------------------


def test_a_registered_product_is_in_conditions_targets_verdict_page_and_run(monkeypatch):
    monkeypatch.setitem(PRODUCTS, "made_up", MadeUp())
    study = study_of()
    file = "results/tiny/tables/made_up.csv"
    assert ("fgsm", "7", 1) in study.conditions_of(AMF)
    assert study.target("made_up") == [file]
    assert file in study.products()  # the inputs of the record of the run
    assert parameters(study)["tabulate_made_up",] == {"k": 3}
    assert study.verdict_inputs()["made_up_cells"] == file
    assert study.page_inputs()["made_up"] == file
    assert study.page_settings()["made_up_product"] == {"k": 3}


def test_targets_of_two_products_have_different_names():
    names = [name for product in PRODUCTS.values() for name in product.targets(study_of())]
    assert len(names) == len(set(names))
    assert list(yaml.safe_load(yaml.safe_dump(names)))  # plain text, as rules are named
