# The recipes that people and .ci/run share. PYTHON may be any environment that holds '.[dev]'.
PYTHON ?= .venv/bin/python

.PHONY: test lint types dependencies docs docs-check serve demo bench

test:
	$(PYTHON) -m pytest

lint:
	$(PYTHON) -m ruff check
	$(PYTHON) -m ruff format --check

types:
	$(PYTHON) -m mypy

dependencies:
	$(PYTHON) -m pip check
	$(PYTHON) -m tools.dependency_audit

docs:
	$(PYTHON) -m tools.docs

docs-check:
	$(PYTHON) -m tools.docs --check

serve:
	$(PYTHON) run.py

demo:
	$(PYTHON) run.py demo

bench:
	$(PYTHON) run.py bench
