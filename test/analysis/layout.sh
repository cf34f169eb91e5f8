#!/usr/bin/env bash
# Checks the layout of all C files against .clang-format. Exits with 1 if one differs.
set -uo pipefail
cd "$(dirname "$0")/../.."
find . -path './build*' -prune -o -name '*.[ch]' -print | xargs -P "$(nproc)" -n 32 clang-format --dry-run -Werror
