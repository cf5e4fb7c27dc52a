"""Certificates: what no perturbation within a budget can do to a model's lists (docs/certificates.md)."""
