"""Perturbations: attack methods, the loss that attacks ascend, and the lists of perturbed models."""
