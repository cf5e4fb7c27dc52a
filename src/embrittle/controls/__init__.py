"""Controls: copies of a model with the same lists and rows of other lengths (docs/method.md, "Relative budgets")."""
