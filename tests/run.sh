#!/bin/sh
# What `make test` runs, in the order in which a mistake is cheapest to find.
set -eu
step() { printf '\n== %s\n' "$*"; }
step "ruff"; ruff format --check src tests dashboards; ruff check src tests dashboards
step "mypy"; mypy
step "layers"; lint-imports --no-cache | tail -n 12
step "tests"; exec pytest -rs
