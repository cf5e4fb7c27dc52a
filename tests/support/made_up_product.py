"""A further product, made up: a table of one number, and its part of the page."""

from collections.abc import Iterator, Mapping
from typing import Any

from embrittle.products.product import ONE_JOB, Files, Jobs, Product, Settings, Study
from embrittle.render.inputs import Inputs
from embrittle.render.page_tables import Cell, Table


class MadeUp(Product):
    name = "made_up"
    page_module = __name__

    def conditions(self, settings: Settings) -> Iterator[tuple[str, float, int]]:
        yield "fgsm", 7.0, 1

    def file(self, study: Study) -> str:
        return study.results("tables/made_up.csv")

    def jobs(self, study: Study) -> dict[str, Jobs]:
        return {"tabulate_made_up": Jobs(ONE_JOB, lambda wildcards: {"k": study.k})}

    def targets(self, study: Study) -> dict[str, list[str]]:
        return {"made_up": [self.file(study)]}

    def verdict_inputs(self, study: Study) -> Files:
        return {"made_up_cells": self.file(study)}

    def page_inputs(self, study: Study) -> Files:
        return {"made_up": self.file(study)}

    def page_settings(self, study: Study) -> dict[str, Any]:
        return {"k": study.k}


def tables(inputs: Inputs, titles: Mapping[str, str]) -> list[Table]:
    rows = inputs.csv("made_up")
    cells = [([model], [Cell(f"{value:.1f}")]) for model, value in rows.to_numpy()]
    return [Table("A made-up table", ["Model"], ["Value"], cells)]
