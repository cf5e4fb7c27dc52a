"""embrittle: how brittle are a recommender's embeddings?

This is the library behind the workflow. It does not depend on Snakemake, the configuration file or the folder of
results: the scripts pass values and paths. Importing this package imports nothing heavy.
"""

__version__ = "0.1.0"
