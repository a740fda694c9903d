# What is done again and again here; `make` lists it. PYTHON is the environment that has '.[test]' installed.
PYTHON ?= .venv/bin/python

.PHONY: help test fast lint snapshots bench

help:  ## list these targets
	@awk -F ':  ## ' '/^[a-z]+:  ## / { printf "%-12s%s\n", $$1, $$2 }' Makefile

test:  ## the quick set of tests
	$(PYTHON) -m pytest

fast:  ## the tests that start no TensorFlow
	$(PYTHON) -m pytest -m 'not tensorflow and not slow'

lint:  ## ruff and mypy, as the gate runs them
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy --strict

snapshots:  ## pictures of screens and texts of headless runs, taken anew: look at what changed
	$(PYTHON) -m pytest tests/tui/test_screens.py tests/cli/test_golden.py --snapshot-update

bench:  ## the engine beside Model.fit, start-up, the app
	$(PYTHON) -m lossterm bench
	$(PYTHON) -m tests.bench.start_up
	$(PYTHON) -m tests.bench.terminal
