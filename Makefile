# make           sets up what is needed in .venv and runs the default study
# make test      sets up what is needed in .venv and runs the tests but the slow ones
# make test-all  the same, and then the slow tests: faults, failed studies, GPU slots, Slurm, the page in a browser
# make bench     compares the speed of the hot loops on ML-1M (docs/benchmarks.md)

PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
# On all cores; a file of tests stays in one process, which so makes the studies that they share once.
PYTEST := pytest --numprocesses logical --maxprocesses 8 --dist loadscope --no-loadscope-reorder
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.PHONY: all test test-all bench clean

all: $(READY)
	snakemake --cores all

test: $(READY)
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile rules
	snakemake --lint
	$(PYTEST) -m "not slow"

test-all: test
	$(PYTEST) -m slow

$(VENV)/.ready-bench: $(READY) envs/benchmarks.txt
	python -m pip install --quiet --requirement envs/benchmarks.txt
	touch $@

bench: $(VENV)/.ready-bench
	python -m benchmarks.run

$(READY): envs/requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "embrittle needs Python 3.11 or newer; name one with: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	python -m pip install --quiet --requirement envs/requirements.txt
	python -m pip install --quiet --no-deps --editable .
	touch $@

# What the study has computed stays; the environment goes.
clean:
	rm -rf $(VENV)
