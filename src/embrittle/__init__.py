"""embrittle: how brittle are a recommender's embeddings?

The library behind the workflow. It knows nothing of Snakemake, of the configuration file or of where
results lie; the scripts hand it values and paths. Importing this package imports nothing heavy.
"""

__version__ = "0.1.0"
