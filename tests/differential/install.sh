#!/usr/bin/env bash
# Installs the Synapse that the differential tests compare with, from the Python package index into
# a virtual environment of its own: a folder of the user's cache that is named by the requirements.
# Does nothing where that stands already; the tests skip where it does not. Synapse is only ever
# run as a process of its own and never shipped.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
lock="$(sha256sum "$here/requirements.txt" | cut -c1-12)"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/noaber-interop"
target="$cache/synapse-$lock"

if [ -e "$target/installed" ]; then
  exit 0
fi
# A virtual environment cannot be moved, so that it is made where it stays and marked when whole.
mkdir -p "$cache"
exec 9>"$target.lock"
flock 9
if [ -e "$target/installed" ]; then
  exit 0
fi
rm -rf "$target"
"${PYTHON:-python3}" -m venv "$target"
"$target/bin/python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt"
"$target/bin/python" -c "from synapse import event_auth; from synapse.state import v2"
touch "$target/installed"
