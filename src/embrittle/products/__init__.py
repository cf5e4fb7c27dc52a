"""The products of a study, tables and figures: one room each, listed in `registry.PRODUCTS`."""
