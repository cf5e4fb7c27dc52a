"""The verdict: what the papers say, judged by what a study has found.

`register` reads the claims, `sources` looks figures up in a study's results and in the papers' tables, `decisions` has
the tests by their names, `judge` applies them, `verdict` does all of this to result files, and `side_by_side` compares
the verdicts of several studies.
"""
