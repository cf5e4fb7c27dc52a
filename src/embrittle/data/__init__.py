"""Downloading source files, reading them into one normal form, splitting them (docs/data.md)."""
