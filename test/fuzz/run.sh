#!/bin/sh
# test/fuzz/run.sh [-j N] [--coverage] [SECONDS [TARGET …]]
#
# Builds the fuzz targets with clang and runs each (or those named) for SECONDS (10), N at once (2). Status 1 where one
# found something; the input that did it stays in the folder that is printed. --coverage (needs llvm-14) also prints how
# many lines of the sources that a target is about (sources.txt) its inputs have reached.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
jobs=2 coverage=
while :; do
    case ${1:-} in
    -j) jobs=$2 && shift 2 ;;
    --coverage) coverage=1 && shift ;;
    *) break ;;
    esac
done
seconds=${1:-10}
[ $# -eq 0 ] || shift
# shellcheck disable=SC2046,SC2012
[ $# -gt 0 ] || set -- $(cd "$here" && ls ./*.c | sed 's|^\./||; s|\.c$||')
work=$(mktemp -d)
TMPDIR=$(mktemp -d /dev/shm/pumpline-fuzz-XXXXXX)
ASAN_OPTIONS=quarantine_size_mb=8:malloc_context_size=12 # the defaults cost half of the executions
export here work seconds TMPDIR ASAN_OPTIONS
trap 'rm -rf "$TMPDIR"' EXIT

# build FOLDER FLAGS: the targets in $root/FOLDER
build() {
    launcher=$(command -v ccache || :)
    folder=$root/$1
    flags=$2
    shift 2
    if ! { cmake -S "$root" -B "$folder" -G Ninja -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Debug \
        -DCMAKE_C_FLAGS_DEBUG="-g -O1 $flags" ${launcher:+-DCMAKE_C_COMPILER_LAUNCHER="$launcher"} \
        -DPUMPLINE_SANITIZE=ON -DPUMPLINE_FUZZ=ON &&
        # shellcheck disable=SC2046
        ninja -C "$folder" $(printf 'fuzz-%s ' "$@"); } >"$work/build.log" 2>&1; then
        cat "$work/build.log"
        exit 1
    fi
}
build build-fuzz "" "$@"
programs=$root/build-fuzz/test/fuzz
export programs

# One target; its corpus begins with its own seeds. What it says itself is heard where an input is tried again.
cat >"$work/one" <<'END'
name=$1
mkdir -p "$work/$name/corpus"
cp -r "$here/seeds/$name/." "$work/$name/corpus"
dictionary=$here/$name.dict
[ -e "$dictionary" ] || dictionary=
if "$programs/fuzz-$name" -max_total_time="$seconds" -max_len=4096 -timeout=20 -close_fd_mask=2 \
    ${dictionary:+-dict="$dictionary"} -artifact_prefix="$work/$name/" "$work/$name/corpus" >"$work/$name/log" 2>&1; then
    echo "$name: nothing found, $(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$work/$name/log") runs"
else
    touch "$work/failed"
    for input in "$work/$name"/*-*; do
        "$programs/fuzz-$name" "$input" 2>&1 | tail -n 40
    done
    tail -n 20 "$work/$name/log"
    echo "$name: found something, see $work/$name"
fi
END
printf '%s\n' "$@" | xargs -P "$jobs" -n 1 sh "$work/one"

# measure TARGET SOURCE …: lines of the sources that the inputs have reached
measure() {
    name=$1
    shift
    program=$root/build-fuzz-coverage/test/fuzz/fuzz-$name
    LLVM_PROFILE_FILE=$work/$name/profile ASAN_OPTIONS=detect_leaks=0 \
        "$program" -runs=0 -close_fd_mask=3 "$work/$name/corpus" >/dev/null 2>&1
    llvm-profdata-14 merge -o "$work/$name/merged" "$work/$name/profile"
    (cd "$root" && llvm-cov-14 export -summary-only -instr-profile="$work/$name/merged" "$program" "$@") |
        python3 -c 'import json, os, sys
for file in json.load(sys.stdin)["data"][0]["files"]:
    lines = file["summary"]["lines"]
    print("%-16s %-28s %4d of %4d lines, %.0f %%" % (
        sys.argv[1], os.path.relpath(file["filename"], sys.argv[2]), lines["covered"], lines["count"], lines["percent"]))' \
            "$name" "$root"
}
if [ -n "$coverage" ]; then
    build build-fuzz-coverage "-fprofile-instr-generate -fcoverage-mapping" "$@"
    for name; do
        # shellcheck disable=SC2046
        measure "$name" $(sed -n "s/^$name: //p" "$here/sources.txt")
    done
fi
[ -e "$work/failed" ] || { rm -rf "$work" && exit 0; }
exit 1
