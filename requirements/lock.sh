#!/bin/sh
# Pins what pyproject.toml states, for every platform and Python it supports, with hashes and without addresses.
set -eu
cd "$(dirname "$0")/.."
common="--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet"
# shellcheck disable=SC2086  # a list of words on purpose
uv pip compile $common pyproject.toml --output-file requirements/runtime.txt
# shellcheck disable=SC2086
uv pip compile $common --extra dev --constraints requirements/runtime.txt pyproject.toml \
  --output-file requirements/dev.txt
echo "uv" | uv pip compile $common - --output-file requirements/lock-tool.txt
