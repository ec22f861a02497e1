#!/bin/sh
# Installs pinned packages and shows that it is getting on.  install.sh BIN REQUIREMENTS WHAT
set -eu
bin=$1 file=$2 what=$3
total=$(grep -c '^[a-z0-9A-Z._-]*==' "$file")
log=$(mktemp)
trap 'rm -f "$log" "$log.failed"' EXIT
{ "$bin/pip" install --disable-pip-version-check --require-hashes -r "$file" 2>&1 || touch "$log.failed"; } | tee "$log" |
    awk -v total="$total" -v what="$what" '
        /^(Collecting|Requirement already satisfied)/ { n++; if (n <= total) { printf "\rInstalling %s: %d of about %d packages", what, n, total; fflush() } }
        /^Installing collected/ { printf "\rInstalling %s: unpacking ...                          ", what; fflush() }
        END { print "" }'
if [ -e "$log.failed" ]; then
    grep -i error "$log" | tail -n 3 >&2
    echo "The packages of $file could not be installed: is a package index within reach?" >&2
    exit 1
fi
