"""Make a control of a model, a copy with the same lists and rows of other lengths, and check its lists."""

import logging

from embrittle.controls.forms import control_of
from embrittle.controls.lists import compare_lists
from embrittle.data.interactions import read_train_and_seen
from embrittle.files import read_tensors, write_tensors
from embrittle.jobs import job
from embrittle.kernels.cpu import CpuBackend

with job(snakemake.log[0]):
    _, seen_items = read_train_and_seen(
        snakemake.input.train, snakemake.input.validation, snakemake.input.statistics
    )
    model, about = read_tensors(snakemake.input.model)
    norms_of = snakemake.input.get("norms_of")
    other, of_other = read_tensors(norms_of) if norms_of else (None, {})
    control = control_of(
        snakemake.params.control["entry"],
        *(model, about.get("fixed_factors", 0), other, of_other.get("fixed_factors", 0)),
    )
    ties = compare_lists(
        CpuBackend(), model, control, seen_items, snakemake.params.control["length"]
    )
    logging.getLogger("embrittle.controls").info(
        "%d places of the lists hold another item with the same score but for rounding", ties
    )
    write_tensors(control, snakemake.output.model, {**about, "model": snakemake.wildcards.model})
