# Two commands matter: `make demo` shows it, `make test` proves it.
# Both need Python 3.11 or newer, git and make; Node.js runs the Node examples.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help setup demo test test-all check wheel-test bench clean

help:
	@echo "make demo      live Lambda on this machine, no AWS account needed"
	@echo "make test      everything that CI runs"
	@echo "make test-all  the slow suites too"
	@echo "make check     formatter, linter, types, import contracts"
	@echo "make bench     the benchmarks, one table each"
	@echo "make clean     remove what the targets above made"

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "samlive needs Python 3.11 or newer; name one: make PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/pip install --quiet -c constraints.txt -e '.[offline]' --group dev
	@touch $@

demo: setup
	$(BIN)/samlive dev examples/orders/template.yaml --offline

test: check wheel-test

test-all: check setup
	scripts/wheel-test tests

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

wheel-test: setup
	scripts/wheel-test

bench: setup
	for script in $(filter-out %/report.py,$(wildcard benchmarks/[a-z]*.py)) benchmarks/report.py; do \
	    $(BIN)/python $$script || exit 1; done

clean:
	rm -rf $(VENV) .cache build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
