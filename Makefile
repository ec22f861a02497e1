# Two commands: `make run` shows netwatch at work, `make test` passes the tests. Both install what they need.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
CONFIG ?=
SCALE  ?= 150
NATIVE := $(wildcard src/netwatch/native/*.[ch])

.PHONY: help run test test-long lint bench grade lock wheel clean
.DEFAULT_GOAL := help

help:  ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.run  ## A simulated district, polled over SNMP on loopback; CONFIG=file polls your own gear
ifeq ($(CONFIG),)
	@exec $(BIN)/netwatch run --demo --scale $(SCALE)
else
	@exec $(BIN)/netwatch run --config "$(CONFIG)"
endif

test: $(VENV)/.dev  ## Lint, types, layers and all tests that take minutes at most
	@PATH="$(abspath $(BIN)):$$PATH" sh tests/servers.sh
	@PATH="$(abspath $(BIN)):$$PATH" sh tests/run.sh

test-long: $(VENV)/.dev  ## What takes longer
	@PATH="$(abspath $(BIN)):$$PATH" sh tests/servers.sh
	$(BIN)/pytest -m long

lint: $(VENV)/.dev  ## ruff, mypy strict, import-linter
	$(BIN)/ruff format --check src tests
	$(BIN)/ruff check src tests
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: $(VENV)/.bench  ## Measure netwatch beside its peers: CPU seconds and ratios of one run
	@PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m tests.bench.run

grade: $(VENV)/.run  ## Grade what is read of recordings of real devices: GOLDEN=folder; fails if a family is read less
	@sh scripts/grade.sh "$(BIN)" "$(GOLDEN)"

wheel: $(VENV)/.dev  ## Build the wheel into dist/
	$(BIN)/python -m build --wheel --no-isolation

lock:  ## Resolve requirements/*.txt anew (needs uv); hashes, no download addresses
	uv pip compile --universal --generate-hashes --python-version 3.11 --no-header --quiet \
	    pyproject.toml --extra all --group build -o requirements/run.txt
	uv pip compile --universal --generate-hashes --python-version 3.11 --no-header --quiet \
	    pyproject.toml --all-extras --group dev -c requirements/run.txt -o requirements/dev.txt
	uv pip compile --universal --generate-hashes --python-version 3.11 --no-header --quiet \
	    --group bench -c requirements/dev.txt -o requirements/bench.txt

clean:  ## Remove what make and the demo made
	rm -rf $(VENV) var dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/bin/pip:
	@sh scripts/python.sh "$(PYTHON)" $(VENV)

$(VENV)/.packages: $(VENV)/bin/pip requirements/run.txt
	@sh scripts/install.sh $(BIN) requirements/run.txt "netwatch and what it needs"
	@touch $@

$(VENV)/.run: $(VENV)/.packages pyproject.toml hatch_build.py $(NATIVE)
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python -m netwatch.native
	@touch $@

$(VENV)/.bench: $(VENV)/.dev requirements/bench.txt
	@sh scripts/install.sh $(BIN) requirements/bench.txt "the peers that netwatch is measured beside"
	@sh tests/bench/peers.sh
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	@sh scripts/install.sh $(BIN) requirements/dev.txt "the tools of the tests"
	@touch $@
