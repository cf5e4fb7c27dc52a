"""Perturbations: attack methods, the loss that they ascend, and the lists that they leave."""
