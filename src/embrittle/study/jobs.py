"""The jobs of a study, each with its parameters: all that decides its result besides its input and its code."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Collection, Iterable
from typing import Any

from embrittle.attacks.losses import knows
from embrittle.models.registry import MODELS
from embrittle.products.characteristics.plan import Figure3Settings
from embrittle.products.fairness.plan import FairnessSettings
from embrittle.products.product import (
    ONE_JOB,
    Jobs,
    attacks_shown,
    budget_of,
    knowledge_of,
    knows_test_items,
    members_of,
    methods_of,
    of_each_dataset,
    of_each_run,
    papers_names,
)
from embrittle.products.registry import PRODUCTS
from embrittle.products.table1.plan import TABLE1, Table1Settings
from embrittle.study import stages
from embrittle.study.study import Run, Study

# The parts of the configuration that the tests of claims read.
JUDGED_BY = ("datasets", "evaluation", "controls", "table1", "figure1", "figure3")


def jobs_of(study: Study) -> dict[str, Jobs]:
    """Rule -> its jobs."""
    found = stage_jobs(study) | report_jobs(study)
    for product in PRODUCTS.values():
        found |= product.jobs(study)
    return found


def parameters(study: Study) -> dict[tuple[str, ...], Any]:
    """(rule, then the values of its wildcards in order) -> the parameters of a job."""
    return {
        (rule, *map(str, wildcards.values())): jobs.params(Namespace(**wildcards))
        for rule, jobs in jobs_of(study).items()
        for wildcards in jobs.wildcards
    }


def stage_jobs(study: Study) -> dict[str, Jobs]:
    """The jobs of the stages that all products share."""
    settings, registry = study.settings, study.registry
    sources = settings.datasets
    datasets = [*sources, *(sample for sample, _, _ in study.samples)]
    trained = [*study.trained, *study.measured_samples]
    trained_here = [run for run in trained if run.model in MODELS]
    lists = {"length": study.list_length}
    derived = (*study.ensembles, *study.transfers)
    own_gradient = [name for name in settings.attacks if name not in derived]

    def evaluate(wildcards: Any) -> dict[str, Any]:
        conditions = study.shown_conditions(study.run_of(wildcards))
        return {"conditions": conditions, "k": settings.evaluation.k}

    def attack(wildcards: Any) -> dict[str, Any]:
        definition = stages.attack_settings(settings, wildcards.attack)
        # Only losses of the ranking read the measured length, which may be shorter than the lists.
        k = {"k": study.k} if knows(definition) in ("lists", "test") else {}
        return {"definition": definition, "loss": study.loss_of(wildcards.model), **lists, **k}

    def transfer(wildcards: Any) -> dict[str, Any]:
        return {"relative": budget_of(settings, wildcards.attack) == "relative", **lists}

    def ensemble(wildcards: Any) -> dict[str, Any]:
        members = members_of(settings, wildcards.attack)
        rows = settings.attacks[members[0]].rows or "both"
        return {"members": members, "rows": rows, "k": study.k, **lists}

    def baseline(wildcards: Any) -> dict[str, Any]:
        return {**stages.baseline_settings(settings, wildcards.baseline), **lists}

    def expected(wildcards: Any) -> dict[str, Any]:
        first = {run.dataset: run for run in reversed(study.trained)}
        conditions = {name: study.conditions_of(first[name]) for name in sources}
        return {"runs": [tuple(run) for run in study.measured], "conditions": conditions}

    return {
        "prepare_dataset": Jobs(
            of_each_dataset(sources), lambda w: study.reading_settings(w.dataset)
        ),
        "subsample_dataset": Jobs(
            [{"source": source, "k": k} for _, source, k in study.samples],
            lambda w: Figure3Settings.of(settings).kcore,
        ),
        "split_dataset": Jobs(
            of_each_dataset(datasets),
            lambda w: stages.split_settings(settings, registry, w.dataset),
        ),
        "train_model": Jobs(
            _trainings(study, trained_here), lambda w: stages.training_settings(settings, w.model)
        ),
        "import_embeddings": Jobs(
            of_each_run(study.imported),
            lambda w: stages.embedding_settings(study.version_of(study.run_of(w))),
        ),
        "make_control": Jobs(
            of_each_run(study.controls),
            lambda w: {"entry": settings.controls[w.model].plain(), **lists},
        ),
        "train_baseline": Jobs(
            [
                {"dataset": run.dataset, "baseline": run.model, "seed": run.seed}
                for run in study.measured_baselines
            ],
            baseline,
        ),
        "recommend_random": Jobs(
            [{"dataset": d, "seed": s} for d in sources for s in settings.seeds],
            lambda w: study.list_length,
        ),
        "recommend": Jobs(of_each_run(trained), lambda w: study.list_length),
        "attack_model": Jobs(_attacks(study, trained, own_gradient), attack),
        "transfer_attack": Jobs(_attacks(study, trained, study.transfers), transfer),
        "combine_attacks": Jobs(_attacks(study, trained, study.ensembles), ensemble),
        "evaluate_model": Jobs(of_each_run(study.all_measured), evaluate),
        "collect_metrics": Jobs(ONE_JOB, expected),
        "collect_models": Jobs(ONE_JOB, lambda w: [run.dataset for run in study.trained_shown]),
        "list_missing": Jobs(ONE_JOB, lambda w: study.missing_of(study.all_measured)),
    }


def report_jobs(study: Study) -> dict[str, Jobs]:
    """The jobs of the report: brittleness, verdict, record and page; without their parameters that name files."""
    shown = {"k": study.k, "epsilon": Table1Settings.of(study.settings).epsilon}
    unit = {"budget": _budget(study)}

    def verdict(wildcards: Any) -> dict[str, Any]:
        run = _attacks_run(study, [*study.trained, *study.measured_samples])
        return {
            "configuration": {
                **{name: study.settings.plain()[name] for name in JUDGED_BY},
                "training": {"selection": study.settings.training.selection},
            },
            "attacks": attacks_shown(study.settings, Table1Settings.of(study.settings).attacks),
            "comparable": study.comparable_products(),
            "users": [tuple(run) for run in TABLE1.users_shown(study)],
            "names": papers_names(study, run),
        }

    def brittleness(wildcards: Any) -> dict[str, Any]:
        attributes = FairnessSettings.of(study.settings).attributes
        return {
            **shown,
            "methods": methods_of(study.settings, _compared(study)),
            "attributes": {name: study.settings.attributes[name].of for name in attributes},
        }

    def record(wildcards: Any) -> dict[str, Any]:
        missing_lists = len(study.missing_of(study.all_measured))
        return {"configuration": study.settings.plain(), "missing": missing_lists}

    def page(wildcards: Any) -> dict[str, Any]:
        return {
            "study": study.settings.study,
            "titles": study.titles(),
            "known": study.all_titles(),
            "notes": study.notes(study.all_measured, named=True),
            "compare": study.settings.verdict.compare,
            "products": study.page_settings(),
            "brittleness": {**shown, **unit},
            "compared": {
                "methods": list(methods_of(study.settings, _compared(study)).values()),
                "knows": [knowledge_of(study.settings, name) for name in _compared(study)],
            },
        }

    return {
        "judge_claims": Jobs(ONE_JOB, verdict),
        "measure_brittleness": Jobs(ONE_JOB, brittleness),
        "summarise_run": Jobs(ONE_JOB, record),
        "write_page": Jobs(ONE_JOB, page),
    }


def _trainings(study: Study, runs: Iterable[Run]) -> list[dict[str, Any]]:
    """The wildcards of each training and of the trainings that it starts from, each once."""
    found = {}
    for run in runs:
        place: tuple[str, int] | None = (run.model, study.epochs_of(run.model))
        while place:
            model, epoch = place
            wildcards = {**run._replace(model=model)._asdict(), "epoch": epoch}
            found[tuple(wildcards.values())] = wildcards
            place = study.parent_state(model, epoch)
    return list(found.values())


def _attacks_run(study: Study, runs: Iterable[Run]) -> set[str]:
    """The attacks that the study runs on these models."""
    return {attack for run in runs for attack, _, _ in study.conditions_of(run)}


def _budget(study: Study) -> str:
    """The unit of Table 1's ε: that of the first of its attacks."""
    attacks = Table1Settings.of(study.settings).attacks
    return budget_of(study.settings, attacks[0]) if attacks else "absolute"


def _compared(study: Study) -> list[str]:
    """The attacks of which the strongest is shown.

    At one ε, attacks of a relative budget are not comparable with the others. What an attack does that knows the test
    items, no attacker can do.
    """
    run, settings, budget = _attacks_run(study, study.trained), study.settings, _budget(study)
    return [
        name
        for name in settings.attacks
        if name in run
        and budget_of(settings, name) == budget
        and not knows_test_items(settings, name)
    ]


def _attacks(study: Study, runs: Iterable[Run], which: Collection[str]) -> list[dict[str, Any]]:
    return [
        {**run._asdict(), "attack": attack, "epsilon": epsilon, "iterations": iterations}
        for run in runs
        for attack, epsilon, iterations in study.conditions_of(run)[1:]
        if attack in which
    ]
