"""A made-up finished study on disk for the tests of the page: all input files of the page."""

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from embrittle.brittleness.cells import cells as brittleness
from embrittle.files import write_csv, write_json, write_parquet
from embrittle.metrics.evaluation import FAIRNESS_COLUMNS, GROUP_COLUMNS
from embrittle.products.budgets import evaluate as budgets
from embrittle.products.fairness import cells as ft
from embrittle.products.table1.cells import long_form, table1_comparison, table1_spread
from embrittle.render import published as pub
from embrittle.verdict.verdict import judge_files
from embrittle.vocabulary import PAPER_MODELS
from made_up_claims import ATTACKS, COMPARABLE, RESOURCES, configuration
from made_up_metrics import EPSILONS, FIGURE1_ITERATIONS, TABLE1_ITERATIONS, study_metrics

ROOT = Path(__file__).parents[2]
TITLES = {"ml-1m": "MovieLens-1M", "lastfm": "LastFM", "my-shop": "My <shop> & co"}
SEEDS = (0, 1, 2)
BRITTLENESS = {"k": 10, "epsilon": 0.5}
REGISTER = {
    "register": str(RESOURCES / "claims.yaml"),
}


class MadeUpStudy:
    """The results of a study in a folder, and the arguments of its page."""

    def __init__(self, folder: Path, seeds=SEEDS, datasets=tuple(TITLES)):
        self.folder, self.seeds, self.datasets = folder, seeds, datasets
        self.titles = {name: TITLES.get(name, name) for name in datasets}
        self.metrics = study_metrics(datasets, seeds=seeds)
        write_parquet(self.metrics, folder / "metrics.parquet")
        self.made = {"metrics": str(folder / "metrics.parquet"), **REGISTER}
        self._table1()
        self._fairness()
        self._budgets()
        self._brittleness()
        self._models()
        self._record()
        self._judge()

    def _write(self, name: str, frame: pd.DataFrame) -> str:
        write_csv(frame, self.folder / name)
        return str(self.folder / name)

    def _table1(self) -> None:
        spread = table1_spread(self.metrics, 0.5, TABLE1_ITERATIONS, 10)
        compared = table1_comparison(long_form(spread), pub.load(RESOURCES / "table1.csv"))
        self.made["table1_seeds"] = self._write("tables/table1_seeds.csv", spread)
        self.made["table1_comparison"] = self._write("tables/table1_comparison.csv", compared)

    def _fairness(self) -> None:
        conditions = [("initial", 0.0, 0), *((name, 0.5, 150) for name in ATTACKS)]
        draw = np.random.default_rng(5)
        runs = list(product(self.datasets, PAPER_MODELS, self.seeds, conditions))
        groups = [
            (
                d,
                m,
                s,
                *c,
                10,
                "user_gender",
                g,
                f"label {g}",
                7,
                20,
                0.04 + 0.01 * draw.random(),
                "",
            )
            for d, m, s, c in runs
            for g in ("C1", "C2")
        ]
        fairness = [
            (d, m, s, *c, 10, "user_gender", measure, draw.random() - 0.5)
            for d, m, s, c in runs
            for measure in ("GCE_f0", "MADr", "MADR")
        ]
        frames = {
            "table2": pd.DataFrame(groups, columns=GROUP_COLUMNS),
            "table3": pd.DataFrame(fairness, columns=FAIRNESS_COLUMNS),
        }
        for name, file in {"table2": "groups", "table3": "fairness"}.items():
            write_parquet(frames[name], self.folder / f"{file}.parquet")
            self.made[file] = str(self.folder / f"{file}.parquet")
            table = ft.TABLES[name]
            spread = ft.cells(frames[name], table, 10, list(ATTACKS), ["user_gender"], self.seeds)
            theirs = pub.load(RESOURCES / f"{name}.csv")
            compared = ft.comparison(ft.long_form(spread, table), theirs, table)
            self.made[f"{name}_seeds"] = self._write(f"tables/{name}_seeds.csv", spread)
            self.made[f"{name}_comparison"] = self._write(f"tables/{name}_comparison.csv", compared)

    def _budgets(self) -> None:
        """Of one data set; one step leaves 0.3 at norm 1, BIM a little more."""
        dataset = self.datasets[0]
        conditions = [
            ("initial", "", 0.0, 0, 0.0, 0.4),
            ("fgsm", "l2", 1.0, 1, 1.0, 0.3),
            ("bim", "linf", 0.5, 10, 1.5, 0.28),
            ("bim", "linf", 0.5, 25, 2.5, 0.2),
        ]
        points = [
            (dataset, model, seed, *row, "nDCG@10", value + 0.01 * seed)
            for model, seed, (*row, value) in product(PAPER_MODELS, self.seeds, conditions)
        ]
        matched = [
            (dataset, model, *row, len(self.seeds))
            for model in PAPER_MODELS
            for row in (
                ("fgsm", 1.0, 0.3, 0.0, 0.0, 0.0),
                ("bim", 1.0, 0.31234, 0.01234, -0.002, 0.02668),
                ("fgsm", 3.0, *4 * [np.nan]),
                ("bim", 3.0, 0.15, *3 * [np.nan]),
            )
        ]
        cell = ["dataset", "model", "attack"]
        interval = ["difference", "low", "high", "n_seeds"]
        self.made["budgets_points"] = self._write(
            "tables/table_budgets.csv", pd.DataFrame(points, columns=budgets.POINT_COLUMNS)
        )
        self.made["budgets_matched"] = self._write(
            "tables/budgets_matched.csv",
            pd.DataFrame(matched, columns=[*cell, "spent_norm", "value", *interval]),
        )
        share = {"share": 0.984, "share_low": 0.77, "share_high": 1.2}
        ndcg = {"single_step": 0.35, "single_step_at_norm": 0.21, "value": 0.2}
        self.made["budgets_shares"] = self._write(
            "tables/budgets_shares.csv",
            pd.DataFrame(
                [
                    dict(
                        zip(cell, (dataset, "AMF", "bim"), strict=True),
                        spent_norm=2.5,
                        **ndcg,
                        **share,
                    )
                ]
            ),
        )

    def _brittleness(self) -> None:
        groups = pd.read_parquet(self.made["groups"])
        methods, attributes = {name: name for name in ATTACKS}, {"user_gender": "users"}
        of_models = brittleness(
            self.metrics, groups, **BRITTLENESS, methods=methods, attributes=attributes
        )
        self.made["brittleness"] = self._write("brittleness.csv", of_models)

    def _models(self) -> None:
        self.trainings = [
            {"dataset": dataset, "model": model, "seed": seed}
            for dataset, model, seed in product(self.datasets, PAPER_MODELS, self.seeds)
        ]
        self.made["curves"] = []
        for number, training in enumerate(self.trainings):
            epochs = np.arange(10, 101, 10) + (100 if training["model"] == "AMF" else 0)
            curve = {"epoch": epochs, "HR@10": epochs / 2000, "nDCG@10": epochs / 4000}
            path = self.folder / f"curve-{number}.parquet"
            write_parquet(curve, path)
            self.made["curves"].append(str(path))
        sizes = {"users_norm_mean": 3.7, "users_norm_rms": 3.94}
        sizes |= {"items_norm_mean": 4.3, "items_norm_rms": 4.56}
        rows = [
            {
                **training,
                "selected_epoch": 70 + 10 * training["seed"],
                "selected_score": 0.0881,
                **sizes,
            }
            for training in self.trainings
        ]
        self.made["models"] = self._write("tables/models.csv", pd.DataFrame(rows))

    def _record(self) -> None:
        self.made["statistics"] = []
        for dataset in self.datasets:
            counts = {"n_users": 6040, "n_items": 3706, "n_interactions": 1_000_209}
            parts = {"n_train": 994_169, "n_validation": 0, "n_test": 6040, "users_without_test": 0}
            about = {"density": 0.0447, "size": 22_384_240, "shape": 1.63}
            path = self.folder / "data" / dataset / "split" / "statistics.json"
            write_json({**counts, **parts, **about}, path)
            self.made["statistics"].append(str(path))
        training = {"selection": "best-on-test", "criterion": "HR@10"}
        record = {
            "written": "2021-05-16T12:00:00+00:00",
            "configuration": {
                "seeds": list(self.seeds), "training": training,
                "datasets": list(self.datasets), "models": ["BPR-MF", "AMF"],
            },
            "code": {"version": "0.1.0", "commit": "c0ffee" * 6 + "c0ff", "dirty": False},
            "versions": {"python": "3.11.2", "numpy": "2.4.6", "torch": None},
            "machine": {
                "system": "Linux x86_64", "processor": "A processor", "cores": 2, "device": "cpu",
                "gpus": [],
            },
            "data": {"ml-1m": {"somewhere/ml-1m.zip": "77664dc0" * 8}},
            "jobs": {"train_model": {"jobs": 12, "hours": 3.25, "peak_memory_mb": 412.5}},
            "missing_lists": 0,
        }  # fmt: skip
        write_json(record, self.folder / "provenance.json")
        self.made["record"] = str(self.folder / "provenance.json")

    def _judge(self) -> None:
        settings = {**configuration(self.datasets), "figure1": {"iterations": FIGURE1_ITERATIONS}}
        inputs = {**self.made, "published": [str(RESOURCES / f"{n}.csv") for n in pub.COLUMNS]}
        verdict = judge_files(inputs, settings, ATTACKS, COMPARABLE, [], names={})
        self.made["claims"] = self._write("claims.csv", verdict.claims)
        self.made["cases"] = self._write("claims_cases.csv", verdict.cases)
        self.made["disagreements"] = self._write("disagreements.csv", verdict.disagreements)

    @property
    def inputs(self) -> dict:
        return {
            **self.made,
            "published_figures": str(RESOURCES / "figures_1_2.csv"),
            "published_characteristics": str(RESOURCES / "characteristics.csv"),
            "citation": str(ROOT / "CITATION.cff"),
        }

    def products(self, noise=None) -> dict:
        """Module that shows a product -> its settings."""
        at = {"attacks": ATTACKS, "k": 10}
        curves = {
            "figure1": {**at, "epsilon": 0.5, "iterations": FIGURE1_ITERATIONS},
            "figure2": {**at, "epsilon": EPSILONS, "iterations": 25, "fgsm_epsilon": 0.5},
        }
        noise = noise or {"datasets": [], "methods": {}, "epsilon": [], "k": 10}
        budgets = {"methods": {"fgsm": "fgsm", "bim": "bim"}, "iterations": 25, "k": 10}
        cells = {
            "k": 10,
            "attacks": list(ATTACKS),
            "attributes": ["user_gender"],
            "seeds": self.seeds,
        }

        def figures(datasets, arguments, **more) -> list[dict]:
            return [
                {
                    "dataset": dataset,
                    "arguments": {**arguments, "title": self.titles[dataset]},
                    "names": {},
                    "plots": {"dpi": 100},
                    **more,
                }
                for dataset in datasets
            ]

        maps = [
            {**of, "title": self.titles[of["dataset"]], "cells": cells}
            for of in figures(self.datasets, {})
        ]
        of_curves = [
            of
            for name, arguments in curves.items()
            for of in figures(self.datasets, arguments, figure=name)
        ]
        own = {
            "table1": {},
            "fairness": {"figures": maps},
            "curves": {"figures": of_curves},
            "poster": {
                "noise": noise,
                "trainings": self.trainings,
                "curve_k": 10,
                "plots": {"dpi": 100},
            },
            "budgets": {"figures": figures(self.datasets[:1], {**budgets, "largest": 4.5})},
            "characteristics": {"figures": []},
        }
        return {f"embrittle.products.{name}.page": settings for name, settings in own.items()}

    def settings(self, noise=None, **changes) -> dict:
        return {
            "study": "made-up",
            "titles": self.titles,
            "known": {"yelp": "Yelp", "lastfm": "another title"},
            "notes": ["The attacked epoch was chosen on the test items."],
            "differs": ["training.epochs: 400 (the papers: 2000)"],
            "compare": [],
            "brittleness": {**BRITTLENESS, "budget": "absolute"},
            "compared": {"methods": ["fgsm", "bim", "pgd"], "knows": ["train"] * 3},
            "products": self.products(noise),
            **changes,
        }  # fmt: skip
