"""The jobs of a finished study that run again after a change: exactly those whose results depend on the change."""

import os
import shutil
import time
from contextlib import contextmanager

import pytest

from tiny_study import ATTACKS_PER_MODEL, TINY

CURVES = {
    "collect_metrics": 1,
    "tabulate_table1": 1,
    "tabulate_curves": 1,
    "draw_figure": 2,
    "judge_claims": 1,
    "measure_brittleness": 1,
}
FAIRNESS = {"collect_fairness": 1, "tabulate_fairness": 2, "draw_fairness": 1, "judge_claims": 1}
FAIRNESS |= {"measure_brittleness": 1}
PRODUCTS = {**CURVES, **FAIRNESS}
END = {"summarise_run": 1, "write_page": 1}
ALL_FAIRNESS = {"evaluate_fairness": 2, **FAIRNESS}
# Of attacks that neither fairness nor Table 1 shows.
AFTER_OTHERS = {"evaluate_model": 2, **CURVES}
OF_TABLE1 = {"evaluate_users": 2}
AFTER_ATTACKS = {**AFTER_OTHERS, **OF_TABLE1, **ALL_FAIRNESS}
AFTER_LISTS = {**AFTER_ATTACKS, "evaluate_model": 3}
ONE_MODEL = {
    "recommend": 1,
    **ATTACKS_PER_MODEL,
    "evaluate_model": 1,
    "evaluate_users": 1,
    "evaluate_fairness": 1,
    **PRODUCTS,
}
BOTH_MODELS = {
    "recommend": 2,
    **{rule: 2 * n for rule, n in ATTACKS_PER_MODEL.items()},
    **AFTER_ATTACKS,
}
# BPR-MF to the epoch that AMF starts from, and on to its end; AMF.
TRAININGS = {"train_model": 3, "collect_models": 1, **BOTH_MODELS}
FROM_SPLIT = {"split_dataset": 1, "recommend_random": 1, **TRAININGS, "evaluate_model": 3}
SHOP = TINY["own_datasets"]["shop"]
DRAWN = {"draw_figure": 2, "draw_fairness": 1}
SETTINGS = {
    "nothing": ({}, {}),
    "another spelling of the same value": ({"table1": {"epsilon": 0.50}}, {}),
    "the colour of a line": ({"plots": {"colours": {"bim": "#0072B2"}}}, DRAWN),
    "the resolution of the figures": ({"plots": {"dpi": 90}}, DRAWN),
    "the file format of the figures": ({"plots": {"formats": ["pdf"]}}, DRAWN),
    "one more format": ({"plots": {"formats": ["pdf", "png", "svg"]}}, DRAWN),
    "the title of a data set": (
        {"own_datasets": {"shop": {"title": "The shop"}}},
        {"tabulate_table1": 1, "tabulate_fairness": 2, **DRAWN},
    ),
    "one more value in a grid": (
        {"figure2": {"epsilon": [0.1, 0.5, 2]}},
        {"attack_model_last": 4, **AFTER_OTHERS},
    ),
    "one value less in a grid": ({"figure2": {"epsilon": [0.5]}}, AFTER_OTHERS),
    "Table 1's grid, from values that are there": (
        {"table1": {"iterations": [1, 3]}},
        {"tabulate_table1": 1, **OF_TABLE1, "judge_claims": 1},
    ),
    # BIM and PGD of both models at that epsilon continue from what 3 iterations left.
    "Table 1's grid, a larger value more": (
        {"table1": {"iterations": [1, 2, 4]}},
        {"attack_model_last": 4, **OF_TABLE1, **AFTER_OTHERS},
    ),
    # Those after it continue from nothing now.
    "a number of iterations that nothing needs any more": (
        {"table1": {"iterations": [2, 3]}, "figure1": {"iterations": [2, 3]}},
        {"attack_model": 4, "attack_model_last": 4, **AFTER_ATTACKS},
    ),
    "what fairness is measured between": (
        {"fairness": {"attributes": ["item_popularity"]}},
        ALL_FAIRNESS,
    ),
    "how fairness is measured": ({"fairness": {"gce": {"beta": 3}}}, ALL_FAIRNESS),
    "the attacks of Tables 2 and 3, to some that are there": (
        {"fairness": {"iterations": 2}},
        ALL_FAIRNESS,
    ),
    "no fairness": (
        {"fairness": {"attributes": []}},
        {"judge_claims": 1, "measure_brittleness": 1},
    ),
    # FGSM; BIM and PGD after 1 and 2 iterations, and from there after 3, which Figure 2 needs at this epsilon.
    "the budget of Table 1": (
        {"table1": {"epsilon": 0.1}},
        {"attack_model": 2 * 5, "attack_model_last": 4, **OF_TABLE1, **AFTER_OTHERS},
    ),
    "the definition of one attack": (
        {"attacks": {"pgd": {"method": "pgd", "start": 0.1}}},
        {"attack_model": 4, "attack_model_last": 4, **AFTER_ATTACKS},
    ),
    "an attack that nothing shows": ({"attacks": {"more": {"method": "bim"}}}, {}),
    "an attack no longer shown in one figure": (
        {"figure1": {"attacks": ["fgsm", "bim"]}},
        {"draw_figure": 1, "tabulate_curves": 1, "judge_claims": 1},
    ),
    "K below the length of the lists": ({"evaluation": {"k": [2, 5]}}, AFTER_LISTS),
    "K beyond the length of the lists": (
        {"evaluation": {"k": [3, 6]}},
        {"recommend_random": 1, **BOTH_MODELS, "evaluate_model": 3},
    ),
    "one more seed": (
        {"seeds": [0, 1]},
        {"recommend_random": 1, **TRAININGS, "evaluate_model": 3},
    ),
    "one model less": ({"models": ["BPR-MF"]}, {**PRODUCTS, "collect_models": 1}),
    "the budget of adversarial training": (
        {"adversarial_training": {"epsilon": 0.25}},
        {"train_model": 1, "collect_models": 1, **ONE_MODEL},
    ),
    "the start of AMF": ({"adversarial_training": {"start_epoch": 3}}, TRAININGS),
    "how often a training is written down": ({"training": {"checkpoint_seconds": 5}}, {}),
    "going without what is missing": ({"missing": "report"}, {}),
    "the learning rate": ({"training": {"learning_rate": 0.1}}, TRAININGS),
    "the number of factors": ({"training": {"factors": 4}}, TRAININGS),
    # The state from which AMF starts exists already.
    "more epochs": ({"training": {"epochs": 5}}, {**TRAININGS, "train_model": 2}),
    # Every training keeps its last epoch.
    "the epoch that is selected": (
        {"training": {"selection": "last"}},
        {"collect_models": 1, **BOTH_MODELS},
    ),
    "a validation item": ({"training": {"selection": "best-on-validation"}}, FROM_SPLIT),
    "the seed of a split that draws nothing": ({"split": {"seed": 1}}, {}),
    "the method of the split": ({"split": {"method": "random"}}, FROM_SPLIT),
    "how a data set is read": (
        {"own_datasets": {"shop": {"duplicates": "first"}}},
        {"prepare_dataset": 1, **FROM_SPLIT},
    ),
    "the mirror's folder": ({"mirror": {"folder": "elsewhere"}}, {}),
    "the time between checkpoints": ({"training": {"checkpoint_seconds": 7}}, {}),
    "one more data set": (
        {"datasets": ["shop", "other"], "own_datasets": {"other": SHOP}},
        {"prepare_dataset": 1, **FROM_SPLIT, "draw_figure": 4, "draw_fairness": 2},
    ),
}


# One for each way in which a change affects further jobs. The others are among the slow tests. The jobs that a setting
# affects directly are tested in tests/study/test_study.py.
QUICK = (
    *("nothing", "the title of a data set", "one more value in a grid", "no fairness"),
    *("one model less", "the budget of adversarial training", "a validation item"),
    *("going without what is missing", "one more data set"),
)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(change, marks=() if change in QUICK else pytest.mark.slow)
        for change in SETTINGS
    ],
)
def test_a_changed_setting_runs_just_the_jobs_it_decides(project, change):
    changes, jobs = SETTINGS[change]
    planned = project.planned(**changes)
    same = change in ("nothing", "another spelling of the same value")
    # The record of the run contains the configuration, so any change of it rewrites the record and the page.
    for job in END:
        assert planned.pop(job, 0) == (0 if same else 1)
    assert planned == jobs


@pytest.fixture(scope="module")
def own_code(finished_study, tmp_path_factory):
    """The finished study with a copy of the code that it was made by."""
    project = finished_study.duplicate(tmp_path_factory.mktemp("code") / "copy", own_code=True)
    assert project.planned() == {}
    return project


@contextmanager
def edited(path, old: str, new: str):
    """The file with `old` replaced, for a while; as after any edit, its date is that of now."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, (path, old)
    path.write_text(text.replace(old, new), encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(text, encoding="utf-8")


ATTACK = """
from embrittle.attacks.registry import attack


@attack(single_step=True)
def half(loss, delta, iteration, *, epsilon, seed):
    return loss.ascent_step(loss.no_change(), epsilon / 2, 1e9)
"""
LIBRARY, SCRIPTS = "src/embrittle", "workflow/scripts"
# What decides a script's digest is in tests/test_fingerprint.py; here, that a digest decides which jobs run.
# file -> what is replaced by what, and the jobs
EDITS = {
    "a comment in the training": (
        f"{LIBRARY}/models/training.py",
        ("import numpy as np\n", "import numpy as np  # arrays\n"),
        {},
    ),
    "a line of the training": (
        f"{LIBRARY}/models/training.py",
        (
            "rng = generator(stream, seed)",
            "rng = generator(stream, seed + 1)",
        ),
        TRAININGS,
    ),
    "the reader of this data set": (
        f"{LIBRARY}/data/readers/table.py",
        ('"duplicates", "error"', '"duplicates", "last"'),
        {"prepare_dataset": 1, **FROM_SPLIT},
    ),
    "the reader of other data sets": (
        f"{LIBRARY}/data/readers/movielens_1m.py",
        ('"duplicates", "last"', '"duplicates", "first"'),
        {},
    ),
    "a line of a script": (
        f"{SCRIPTS}/evaluate/collect_metrics.py",
        ("    write_parquet(", "    metrics = metrics[:-1]\n    write_parquet("),
        CURVES,
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_of_the_code_runs_just_the_jobs_whose_result_it_decides(own_code, edit):
    path, (old, new), jobs = EDITS[edit]
    with edited(own_code.folder / path, old, new):
        assert own_code.planned() == ({**jobs, **END} if jobs else {})


def test_a_further_attack_runs_nothing_again(own_code):
    file = own_code.folder / LIBRARY / "attacks" / "methods" / "half.py"
    file.write_text(ATTACK, encoding="utf-8")
    planned = own_code.planned(attacks={"mine": {"method": "half"}})
    file.unlink()
    assert planned == END  # the record of the run names the attack


def test_a_job_that_was_not_measured_is_not_run_again(finished_study, tmp_path):
    # As after an update by which further rules are measured.
    project = finished_study.duplicate(tmp_path / "copy")
    shutil.rmtree(project.results("benchmarks"))
    assert project.planned() == {}


TOUCHED = [
    "resources/example/purchases.csv",
    "results/tiny/data/shop/prepared/interactions.parquet",
    "results/tiny/data/shop/split/train.parquet",
    "results/tiny/models/shop/BPR-MF/seed-0/epoch-2/state.safetensors",
    "results/tiny/models/shop/AMF/seed-0/epoch-4/best.safetensors",
    "results/tiny/lists/shop/AMF/seed-0/initial.parquet",
    "results/tiny/metrics.parquet",
    "workflow/scripts/train/train_model.py",
    "src/embrittle/models/training.py",
    "rules/train.smk",
    "config/config.yaml",
]


def test_a_newer_date_alone_runs_nothing_again(own_code):
    dates = {path: os.stat(own_code.folder / path) for path in TOUCHED}
    now = time.time() + 60
    for path in TOUCHED:
        os.utime(own_code.folder / path, (now, now))
    assert own_code.planned() == {}
    for path, date in dates.items():
        os.utime(own_code.folder / path, ns=(date.st_atime_ns, date.st_mtime_ns))


def test_other_bytes_in_a_file_run_what_is_made_of_it(own_code):
    purchases = own_code.folder / "resources" / "example" / "purchases.csv"
    first = purchases.read_text(encoding="utf-8").splitlines()[1]
    with edited(purchases, first + "\n", ""):
        assert own_code.planned() == {"prepare_dataset": 1, **FROM_SPLIT, **END}
