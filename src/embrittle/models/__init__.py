"""Models: registry, training, selection of the epoch, checkpoints, and baselines."""
