"""Write the accuracy table of the APR poster."""

from embrittle.files import write_csv, write_text
from embrittle.jobs import job
from embrittle.metrics.evaluation import collect
from embrittle.products.poster import tables as poster
from embrittle.render import published

with job(snakemake.log[0]):
    settings, captions = snakemake.params.table["arguments"], snakemake.params.table["captions"]
    metrics = collect([snakemake.input.metrics, *snakemake.input.baselines])
    per_seed = poster.accuracy_seeds(metrics, **settings)
    theirs = published.load(snakemake.input.published)
    comparison = poster.accuracy_comparison(per_seed, theirs, settings["k"])
    claims = poster.accuracy_claims(per_seed)
    rendered = poster.render_accuracy(comparison, claims, settings["k"], **captions)
    output = snakemake.output
    write_csv(comparison, output.long)
    write_csv(claims, output.claims)
    write_text(rendered.markdown, output.markdown)
    write_text(rendered.latex, output.latex)
