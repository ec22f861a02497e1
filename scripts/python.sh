#!/bin/sh
# Makes the virtual environment, or says in one line what is missing.  python.sh PYTHON VENV
set -eu
python=$1 venv=$2
command -v "$python" >/dev/null || { echo "netwatch needs Python 3.11 or newer: apt-get install python3 python3-venv (or make PYTHON=/path/to/python3 ...)" >&2; exit 1; }
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "netwatch needs Python 3.11 or newer, and $python is $("$python" -V | cut -d' ' -f2): make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
"$python" -c 'import ensurepip, venv' 2>/dev/null || {
    echo "Python's venv module is missing: apt-get install python3-venv" >&2; exit 1; }
echo "Making the virtual environment $venv ..."
"$python" -m venv "$venv"
