"""How fast the hot loops, a training and a job are, each beside something to compare with (docs/benchmarks.md).

`python -m benchmarks.run` measures; `make bench` installs what that needs first. Nothing here is a test: a missed
target is a line in the table.
"""
