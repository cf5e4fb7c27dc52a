# make           sets up .venv for the default study and runs the study
# make install   only sets up .venv
# make torch     adds torch to .venv: for a CUDA GPU (`make` does so by itself if it finds one) and for neural baselines
# make implicit  adds the library implicit to .venv: for the model ALS
# make check     adds the tools for tests and checks to .venv; checks style, the workflow and types
# make test      make check, then all tests but the slow ones
# make test-all  make test, then the slow tests: a study with every product, faults, failed studies, GPU slots, Slurm, the
#                page in a browser
# make try-embeddings   runs a study of own embeddings, made on the spot from the example shop, in about a minute
# make bench     compares the speed of the hot loops on ML-1M (docs/benchmarks.md)

PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
# torch is gigabytes with CUDA. `make GPU=` leaves it out although there is a GPU.
GPU := $(shell nvidia-smi >/dev/null 2>&1 && echo yes)
# On all cores; a file of tests stays in one process, which so makes the studies that they share once.
PYTEST := pytest --numprocesses logical --maxprocesses 8 --dist loadscope --no-loadscope-reorder
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.NOTPARALLEL:
.PHONY: all install torch implicit check test test-all try-embeddings bench clean

all: install
	snakemake --cores all

install: $(READY) $(if $(GPU),torch)

torch: $(READY)-torch

implicit: $(READY)-implicit

check: $(READY)-test
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile rules
	snakemake --lint
	mypy

test: check $(READY)-torch
	$(PYTEST) -m "not slow"

test-all: test
	$(PYTEST) -m slow

try-embeddings: $(READY)
	python resources/example/make_embeddings.py results/try-embeddings/exported
	snakemake --cores all --configfile config/embeddings.yaml

bench: $(READY)-torch $(READY)-benchmarks
	python -m benchmarks.run

$(READY): envs/requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "embrittle needs Python 3.11 or newer; name one with: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	python -m pip install --quiet --requirement $<
	python -m pip install --quiet --no-deps --editable .
	touch $@

# What torch.txt, implicit.txt, test.txt and benchmarks.txt add.
$(READY)-%: envs/%.txt $(READY)
	python -m pip install --quiet --requirement $<
	touch $@

# What the study has computed stays; the environment goes.
clean:
	rm -rf $(VENV)
