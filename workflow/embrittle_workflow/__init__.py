"""What the rules tell Snakemake beyond its directives: the library itself knows nothing of Snakemake."""
