#!/usr/bin/env bash
# The layout of all C files, as .clang-format has it. Status 1 where one differs.
set -uo pipefail
cd "$(dirname "$0")/../.."
find . -path './build*' -prune -o -name '*.[ch]' -print | xargs -P "$(nproc)" -n 32 clang-format --dry-run -Werror
