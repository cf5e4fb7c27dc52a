"""Write the robustness table of the APR poster."""

import pandas as pd

from embrittle.files import write_csv, write_text
from embrittle.jobs import job
from embrittle.products.poster import tables as poster
from embrittle.render import published

with job(snakemake.log[0]):
    settings, captions = snakemake.params.table["arguments"], snakemake.params.table["captions"]
    methods, k, output = settings["methods"], settings["k"], snakemake.output
    per_seed = poster.robustness_seeds(
        pd.read_parquet(snakemake.input.metrics),
        settings["datasets"],
        methods,
        settings["epsilon"],
        k,
    )
    theirs = published.load(snakemake.input.published)
    comparison = poster.robustness_comparison(per_seed, methods, theirs, k)
    claims = poster.robustness_claims(per_seed, methods)
    rendered = poster.render_robustness(comparison, claims, methods, k, **captions)
    write_csv(comparison, output.long)
    write_csv(claims, output.claims)
    write_text(rendered.markdown, output.markdown)
    write_text(rendered.latex, output.latex)
