#!/usr/bin/env bash
# Checks the layout of all C files against .clang-format, or with --changed of those that differ from the last commit. Exits
# with 1 if one differs.
set -uo pipefail
cd "$(dirname "$0")/../.."

files() {
    if [ "${1:-}" = --changed ] && git rev-parse HEAD >/dev/null 2>&1; then
        git diff --name-only --diff-filter=d HEAD -- '*.[ch]'
        git ls-files --others --exclude-standard -- '*.[ch]'
    else
        find . -path './build*' -prune -o -name '*.[ch]' -print
    fi
}

files "$@" | xargs -r -P "$(nproc)" -n 32 clang-format --dry-run -Werror
