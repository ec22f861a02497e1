#!/bin/sh
# The wheel works in an empty virtual environment, without a checkout around it; so does one that was built where
# there is no compiler.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
"$here/.venv/bin/python" -m venv "$room/venv"
"$room/venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r "$here/requirements/run.txt"
install() { "$room/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --force-reinstall "$1"; }
CC=false "$here/.venv/bin/python" -m build --wheel --no-isolation --outdir "$room/pure" "$here" >"$room/build.log" 2>&1
grep -q "netwatch runs in pure Python" "$room/build.log" || { echo "wheel: silent without a compiler"; exit 1; }
cd "$room"
install "$room"/pure/netwatch-*-none-any.whl
venv/bin/netwatch --version >/dev/null
venv/bin/python -m netwatch.native 2>&1 | grep -q "pure Python" || { echo "wheel: a pure one is not pure"; exit 1; }
install "$here"/dist/netwatch-*-abi3-*.whl
[ -z "$(venv/bin/python -m netwatch.native 2>&1)" ] || { echo "wheel: the compiled part is missing"; exit 1; }
venv/bin/netwatch --version
venv/bin/netwatch init conf >/dev/null
venv/bin/netwatch check --config conf/netwatch.yaml
venv/bin/netwatch profile lint
echo "wheel: ok"
