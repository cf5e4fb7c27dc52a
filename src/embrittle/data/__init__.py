"""Data sets: downloading source files, reading them into one normal form, sub-samples and splits (docs/data.md)."""
