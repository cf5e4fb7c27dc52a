"""Evaluation of top-K lists: measures, groups, fairness, and the tidy tables of a study."""
