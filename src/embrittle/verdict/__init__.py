"""The verdict: the papers' claims, tested on the results of a study (docs/verdict.md).

`register` reads the claims. `sources` finds figures in a study's results and in the papers' tables. `decisions`
contains the tests, and `judge` applies them. `verdict` runs all of this on result files, and `side_by_side` compares
the verdicts of several studies.
"""
