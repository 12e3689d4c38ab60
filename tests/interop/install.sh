#!/usr/bin/env bash
# Installs what the interop tests talk with, Fedify and the Node.js that it needs, from the npm
# registry into a folder of the user's cache that is named by the lock file. Does nothing where
# that stands already; the tests skip where it does not.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")/fedify" && pwd)"
lock="$(sha256sum "$here/package-lock.json" | cut -c1-12)"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/noaber-interop"
target="$cache/fedify-$lock"

if [ -d "$target" ]; then
  exit 0
fi
if ! command -v npm >/dev/null; then
  echo "npm is not here: the tests against Fedify will skip" >&2
  exit 0
fi
mkdir -p "$cache"
work="$(mktemp -d "$cache/new.XXXXXX")"
trap 'rm -rf "$work"' EXIT
cp "$here/package.json" "$here/package-lock.json" "$work"
npm ci --prefix "$work" --no-audit --no-fund --loglevel=error
"$work/node_modules/node/bin/node" --version
# Another run may have been faster: its folder is as good.
[ -d "$target" ] || mv "$work" "$target"
