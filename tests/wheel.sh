#!/bin/sh
# The wheel works in an empty virtual environment, without a checkout around it.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
"$here/.venv/bin/python" -m venv "$room/venv"
"$room/venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r "$here/requirements/run.txt"
"$room/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps "$here"/dist/netwatch-*.whl
cd "$room"
venv/bin/netwatch --version
venv/bin/netwatch init conf >/dev/null
venv/bin/netwatch check --config conf/netwatch.yaml
venv/bin/netwatch profile lint
echo "wheel: ok"
