"""Models: their registry, training, checkpoints; baselines."""
