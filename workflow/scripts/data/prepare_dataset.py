"""Convert the source files of a data set, or the user's own tables, to the normal form."""

from pathlib import Path

from embrittle.data import normal_form, readers
from embrittle.embeddings.matching import with_embeddings
from embrittle.jobs import job

with job(snakemake.log[0]):
    entry = snakemake.params.entry
    # The reader finds downloads by file name; it reads the user's own tables from the paths in the entry.
    downloads = {Path(path).name: Path(path) for path in snakemake.input.downloads}
    form = with_embeddings(readers.read(entry, downloads), entry.get("embeddings", ()))
    output = snakemake.output
    normal_form.write(form, output.interactions, output.user_table, output.item_table)
