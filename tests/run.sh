#!/bin/sh
# What `make test` runs, in the order in which a mistake is cheapest to find.
set -eu
step() { printf '\n== %s\n' "$*"; }
step "ruff"; ruff format --check src tests dashboards; ruff check src tests dashboards
step "mypy"; mypy
step "layers"; lint-imports --no-cache | tail -n 12
# Two at a time: much of it waits for servers. What shares a server is in one file and stays together.
step "tests"; exec pytest -rs -n 2 --dist loadfile
