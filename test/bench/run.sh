#!/usr/bin/env bash
# All figures of README.md's table, in less than 15 minutes on a quiet machine.
set -eu
cd "$(dirname "$0")/../.."
for part in "create --rounds 3 --seconds 4" "health --requests 50 --rounds 2" backlog fairness; do
    printf '\n== %s\n' "$part"
    # shellcheck disable=SC2086 # the options are separate words
    test/bench/$part
done
