# The commands of this project; `make help` lists them.  README's two are `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEMO_DIR ?= demo

.DEFAULT_GOAL := help

help:  ## List these commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(STAMP): requirements/dev.txt pyproject.toml
	@echo "== Making a virtual environment in $(VENV) and installing the pinned dependencies (once; a minute or so)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(STAMP)  ## Make the virtual environment

demo: $(STAMP)  ## The main job against the emulator, step by step, in the folder demo/
	@$(BIN)/reconciler demo --dir $(DEMO_DIR) $(DEMO_ARGS)

test: $(STAMP)  ## Every test this machine can run; says what it skipped and why
	@echo "== Running the tests (real processes: emulator and command line)"
	$(BIN)/python -m pytest -n 2 --dist worksteal $(PYTEST_ARGS)

fmt: $(STAMP)  ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix --exit-zero --quiet .

lint: $(STAMP)  ## Format check, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test  ## Everything a commit must pass

bench: $(STAMP)  ## Start-up, file reading, decisions, lists and files of the service, workers, beside other programs
	$(BIN)/python bench/startup.py
	$(BIN)/python bench/yaml_readers.py
	$(BIN)/python bench/throughput.py
	PYTHONPATH=. $(BIN)/python bench/decide.py
	$(BIN)/python -m bench.workers
	$(BIN)/python -m bench.applying
	$(BIN)/python -m bench.ledger
	@$(MAKE) --no-print-directory bench-downloads

bench-downloads: $(STAMP)  ## Files fetched and archived, beside curl, aria2 and rclone; results in bench/results
	@sh bench/compare/peers.sh
	$(BIN)/python -m bench.downloads $(BENCH_ARGS)

compare: $(STAMP)  ## What the programs people use now lose, beside ours; writes docs/compare.md
	@sh bench/compare/peers.sh
	$(BIN)/python -m bench.compare.losses --write docs/compare.md

nightly: $(STAMP)  ## What looks at more by night: random examples, crash points, whole lives
	HYPOTHESIS_PROFILE=nightly $(BIN)/python -m pytest -n 2 --dist worksteal --timeout 9000 --durations=30 $(PYTEST_ARGS)

mutants: .venv-mutants/.installed  ## Plant bugs in core and in the way to a clean, one at a time; fails for one that no test sees and that has no reason
	HYPOTHESIS_PROFILE=mutants PYTHONPATH=. .venv-mutants/bin/mutmut run --max-children 2
	PYTHONPATH=. .venv-mutants/bin/python bench/mutants.py

planted: $(STAMP)  ## Plant the bugs of tests/planted.toml, one at a time; fails for one that its test does not see
	$(BIN)/python bench/planted.py

.venv-mutants/.installed: requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv .venv-mutants
	.venv-mutants/bin/python -m pip install --quiet --disable-pip-version-check -r requirements/dev.txt
	.venv-mutants/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[mutants]'
	@touch $@

azurite: .azurite/.installed  ## A server of the Azure protocol, for the tests of az:// stores (needs npm)

.azurite/.installed: requirements/azurite/package-lock.json
	@mkdir -p .azurite
	@cp requirements/azurite/package.json requirements/azurite/package-lock.json .azurite/
	@npm ci --prefix .azurite --no-audit --no-fund --loglevel=error
	@touch $@

test-lowest: .venv-lock/.installed  ## The tests on the oldest dependencies that pyproject.toml allows
	@echo "== Installing the oldest allowed dependencies in .venv-lowest"
	@$(PYTHON) -m venv .venv-lowest
	@.venv-lock/bin/uv pip install --quiet --python .venv-lowest/bin/python -r requirements/dev.txt
	@.venv-lock/bin/uv pip install --quiet --python .venv-lowest/bin/python --upgrade --resolution lowest-direct --editable .
	.venv-lowest/bin/python -m pytest -n 2 $(PYTEST_ARGS)

lock: .venv-lock/.installed  ## Pin the dependencies again (newest that fit pyproject.toml)
	PATH=.venv-lock/bin:$$PATH sh requirements/lock.sh

.venv-lock/.installed: requirements/lock-tool.txt
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/lock-tool.txt
	@touch $@

ci: lint test demo  ## What .ci/run runs

clean:  ## Remove what these commands made
	rm -rf $(VENV) .venv-lock .venv-lowest .venv-mutants .azurite mutants $(DEMO_DIR) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist

.PHONY: help setup demo test azurite test-lowest fmt lint check bench bench-downloads compare nightly mutants planted lock ci clean
