#!/usr/bin/env bash
# Formats the C++ sources in place (clang-format 14), or with --check only says which differ.
set -euo pipefail
cd "$(dirname "$0")/.."
options=(-i)
[ "${1:-}" = --check ] && options=(--dry-run --Werror)
git ls-files '*.h' '*.cc' | xargs clang-format "${options[@]}"
echo "sluice: formatted"
