"""Make a control of a model, a copy with the same lists and rows of other lengths, and check its lists."""

import logging

from embrittle.controls import forms
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
    fixed = about.get("fixed_factors", 0)
    entry = snakemake.params.control["entry"]
    if "scale" in entry:
        control = forms.scaled(model, entry["scale"])
    elif "form" in entry:
        control = forms.FORMS[entry["form"]](model, fixed)
    else:
        other, of_other = read_tensors(snakemake.input.norms_of)
        control = forms.with_norms_of(model, other, fixed, of_other.get("fixed_factors", 0))
    ties = compare_lists(
        CpuBackend(), model, control, seen_items, snakemake.params.control["length"]
    )
    logging.getLogger("embrittle.controls").info(
        "%d places of the lists hold another item with the same score but for rounding", ties
    )
    write_tensors(control, snakemake.output.model, {**about, "model": snakemake.wildcards.model})
