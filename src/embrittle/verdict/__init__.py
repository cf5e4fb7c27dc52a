"""The verdict: what the papers say, judged by what a study has found, and the page that shows it.

`register` reads the claims, `sources` looks figures up in a study's results and in the papers' tables, `decisions` has
the tests by their names, `statistics` their intervals, `judge` applies them, and `study` does all of this to result
files. `users` makes what the paired tests are about. `page` makes the page, `comparisons`, `page_tables`, `plots` and
`page_figures` what is on it, `wording` writes its figures.
"""
