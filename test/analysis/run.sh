#!/usr/bin/env bash
# The layout of all C files, and static analysis of the four source folders: cppcheck, clang-tidy and gcc's -fanalyzer. Exits
# with 1 on any finding.
set -uo pipefail
cd "$(dirname "$0")/../.."
folder=build-analysis
jobs=$(nproc)
failed=0

sources() { find common erp-drivers worker supervisor -name '*.c'; }

# part NAME COMMAND …
part() {
    local name=$1 begin=$SECONDS
    shift
    if "$@"; then
        echo "$name: no findings ($((SECONDS - begin)) s)"
    else
        echo "$name: findings, see above"
        failed=1
    fi
}

# Warnings fail through -Werror; only the programs are built, no tests.
analyzer() { ninja -k 0 -C "$folder" pumplined pumpline-worker pumplinectl pumpline-console >"$folder/log" || { grep -v '^\[' "$folder/log"; false; }; }

checker() {
    cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability --inline-suppr -j "$jobs" \
        --library=test/analysis/cppcheck.cfg --project="$folder/compile_commands.json" \
        --file-filter='common/*' --file-filter='erp-drivers/*' --file-filter='worker/*' --file-filter='supervisor/*'
}

tidy() { sources | xargs -P "$jobs" -n 8 clang-tidy --quiet -p "$folder" 2>"$folder/tidy.log"; }

cmake -S . -B "$folder" -G Ninja -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS=-fanalyzer >/dev/null || exit 1
sed -i 's/ -fanalyzer / /' "$folder/compile_commands.json" # clang does not know this option
part clang-format test/analysis/layout.sh
part cppcheck checker
part "gcc -fanalyzer" analyzer
part clang-tidy tidy
exit "$failed"
