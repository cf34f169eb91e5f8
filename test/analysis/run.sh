#!/usr/bin/env bash
# The layout of all C files, and static analysis of the four source folders: cppcheck and clang-tidy. Exits with 1 on any finding.
# gcc's -fanalyzer is in test/run.sh's build (PUMPLINE_ANALYZE).
set -uo pipefail
cd "$(dirname "$0")/../.."
folder=build-analysis
jobs=$(nproc)
failed=0
export GLIBC_TUNABLES=glibc.malloc.hugetlb=1 # as in conf/setup.sh: less processor time

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

checker() {
    cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability --inline-suppr -j "$jobs" \
        --library=test/analysis/cppcheck.cfg --project="$folder/compile_commands.json" \
        --file-filter='common/*' --file-filter='erp-drivers/*' --file-filter='worker/*' --file-filter='supervisor/*'
}

tidy() { sources | xargs -P "$jobs" -n 8 clang-tidy --quiet -p "$folder" 2>"$folder/tidy.log"; }

cmake -S . -B "$folder" -G Ninja -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=Debug >/dev/null || exit 1
part clang-format test/analysis/layout.sh
part cppcheck checker
part clang-tidy tidy
exit "$failed"
