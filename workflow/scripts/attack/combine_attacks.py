"""Write the lists of an ensemble of attacks: for each user those of the member that counts."""

from embrittle.attacks.norms import NORMS_KEY
from embrittle.data.interactions import read_user_items
from embrittle.files import write_parquet
from embrittle.jobs import job
from embrittle.metrics.ensemble import combined

with job(snakemake.log[0]) as logger:
    source, params = snakemake.input, snakemake.params.ensemble
    test_items = read_user_items(source.test, source.statistics)
    chosen, lists, norms = combined(
        source.lists, test_items, params["k"], params["length"], separate=params["rows"] == "users"
    )
    for n, name in enumerate(params["members"]):
        logger.info("%s: %d of %d users", name, (chosen == n).sum(), len(chosen))
    write_parquet(lists, snakemake.output.lists, {NORMS_KEY: norms})
