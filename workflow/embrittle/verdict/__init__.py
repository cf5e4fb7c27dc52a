"""The verdict: what the papers say, judged by what a study has found, and the page that shows it.

`register` reads the claims, `sources` looks figures up in a study's results and in the papers' tables, `decisions` has
the tests by their names, `judge` applies them. `page` and `plots` make the page.
"""
