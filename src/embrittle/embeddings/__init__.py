"""Own embeddings: models that were trained elsewhere, read from files and matched to the data by its ids."""
