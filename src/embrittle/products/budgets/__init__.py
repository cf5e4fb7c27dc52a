"""Attacks compared at equal perturbation norm."""
