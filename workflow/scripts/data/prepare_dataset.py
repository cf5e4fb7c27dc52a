"""Convert the source files of a data set, or the user's own tables, to the normal form."""

from importlib import import_module
from pathlib import Path

from embrittle.data import normal_form, readers
from embrittle.jobs import job

with job(snakemake.log[0]):
    entry = snakemake.params.entry
    # The reader finds downloads by file name; it reads the user's own tables from the paths in the entry.
    downloads = {Path(path).name: Path(path) for path in snakemake.input.downloads}
    form = readers.read(entry, downloads)
    if "embeddings" in entry:
        # By its name, as readers are, so that the code of own embeddings concerns only the data sets that use it.
        own = import_module("embrittle.embeddings.dropping")
        form = own.with_embeddings(form, entry["embeddings"], entry["split"])
    output = snakemake.output
    normal_form.write(form, output.interactions, output.user_table, output.item_table)
