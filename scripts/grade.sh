#!/bin/sh
# Grades what netwatch reads of recordings of real devices, which are kept outside this repository.
# GOLDEN: a folder with recordings/, expected.jsonl.gz and grade.py. Fails where a family of a kind is read less than
# tests/grades.json says; UPDATE=1 writes the new grades there.
set -eu
bin=$1 golden=$2 floor=tests/grades.json
for wanted in recordings expected.jsonl.gz grade.py; do
    [ -e "$golden/$wanted" ] || { echo "GOLDEN=$golden: there is no $wanted in it" >&2; exit 1; }
done
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
"$bin/netwatch" inspect --snmprec "$golden/recordings" --out "$out/read" --format json >/dev/null
grade() { "$bin/python" "$golden/grade.py" --expected "$golden/expected.jsonl.gz" --outputs "$out/read" "$@"; }
if [ -n "${UPDATE:-}" ]; then
    grade --json "$out/grades.json"
    "$bin/python" - "$out/grades.json" "$floor" <<'PYTHON'
import json, sys
kinds = json.load(open(sys.argv[1]))["kinds"]
kept = {kind: {name: {"recall": one["recall"]} for name, one in families.items()} for kind, families in kinds.items()}
with open(sys.argv[2], "w") as file:
    json.dump({"kinds": kept}, file, indent=1)
    file.write("\n")
PYTHON
else
    grade --floor "$floor"
fi
