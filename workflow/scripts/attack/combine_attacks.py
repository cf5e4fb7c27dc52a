"""Write the lists of an ensemble of attacks: for each user those of the member that counts."""

import numpy as np

from embrittle.attacks.norms import NORMS_KEY
from embrittle.data.interactions import read_user_items
from embrittle.files import read_metadata, write_parquet
from embrittle.jobs import job
from embrittle.kernels.ranking import lists_to_columns
from embrittle.metrics.ensemble import strongest
from embrittle.metrics.evaluation import read_lists

with job(snakemake.log[0]) as logger:
    source, params = snakemake.input, snakemake.params.ensemble
    test_items = read_user_items(source.test, source.statistics)
    members = [read_lists(path, test_items.n_users, params["length"]) for path in source.lists]
    chosen = strongest(members, test_items, params["k"], separate=params["rows"] == "users")
    for n, name in enumerate(params["members"]):
        logger.info("%s: %d of %d users", name, (chosen == n).sum(), len(chosen))
    users = np.arange(test_items.n_users)
    items, scores = (
        np.stack([getattr(of, part) for of in members])[chosen, users]
        for part in ("items", "scores")
    )
    # The norms of a perturbation that is put together from several are not known from their lists.
    one = len(set(chosen.tolist())) == 1
    norms = read_metadata(source.lists[chosen[0]])[NORMS_KEY] if one else {}
    write_parquet(lists_to_columns(items, scores), snakemake.output.lists, {NORMS_KEY: norms})
