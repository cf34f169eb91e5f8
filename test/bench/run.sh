#!/usr/bin/env bash
# The machine's limits, all measurements, and then the whole table once more; less than 15 minutes on a quiet machine.
set -euo pipefail
cd "$(dirname "$0")/../.."
output=$(mktemp)
trap 'rm -f "$output"' EXIT
printf '%s processors, %s, load average %s\n' "$(nproc)" "$(uname -sr)" "$(cut -d' ' -f1-3 /proc/loadavg)"
for part in "create --rounds 3 --seconds 4" "health --requests 50 --rounds 2" "backlog --seconds 8" fairness tryton; do
    printf '\n== %s\n' "$part"
    # shellcheck disable=SC2086 # the options are separate words
    test/bench/$part | tee -a "$output"
done
printf '\n| what | now | against | ratio |\n| --- | --- | --- | --- |\n'
grep '^| ' "$output"
