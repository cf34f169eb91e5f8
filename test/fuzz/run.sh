#!/bin/sh
# test/fuzz/run.sh [-j N] [--build FOLDER] [--coverage] [SECONDS [TARGET …]]
# Builds the fuzz targets with clang and runs all of them, or the named ones, for SECONDS (10) each, N at once (2). Exits
# with 1 if one found something; its input stays in the folder that is printed.
# --build links them from a build with PUMPLINE_SANITIZE and PUMPLINE_FUZZ that is there, instead of build-fuzz.
# --coverage (needs Debian's llvm-14) also prints how many lines of the sources under test each target has reached.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
folder=
jobs=2 coverage=
while :; do
    case ${1:-} in
    -j) jobs=$2 && shift 2 ;;
    --build) folder=$(cd "$2" && pwd) && shift 2 ;;
    --coverage) coverage=yes && shift ;;
    *) break ;;
    esac
done
seconds=${1:-10}
[ $# -eq 0 ] || shift
if [ $# -eq 0 ]; then
    for source in "$here"/*/*.c; do
        set -- "$@" "$(basename "$source" .c)"
    done
fi
programs=${folder:-$root/build-fuzz}/test/fuzz
work=$(mktemp -d)
TMPDIR=$(mktemp -d /dev/shm/pumpline-fuzz-XXXXXX) # the targets' folders
ASAN_OPTIONS=quarantine_size_mb=8:malloc_context_size=12 # the defaults slow a driver's targets down five times
export here programs work seconds TMPDIR ASAN_OPTIONS
trap 'rm -rf "$TMPDIR"' EXIT

# targets FOLDER TARGET …
targets() {
    folder=$1
    shift
    printf 'fuzz-%s\n' "$@" | xargs ninja -C "$folder"
}

# build FOLDER FLAGS TARGET …
build() {
    folder=$root/$1
    flags="-g -O1 $2"
    shift 2
    ccache=$(command -v ccache || :)
    cmake -S "$root" -B "$folder" -G Ninja -DCMAKE_C_COMPILER=clang ${ccache:+-DCMAKE_C_COMPILER_LAUNCHER="$ccache"} \
        -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS_DEBUG="$flags" -DPUMPLINE_SANITIZE=ON -DPUMPLINE_FUZZ=ON &&
        targets "$folder" "$@"
}
or_fail() {
    "$@" >"$work/build.log" 2>&1 || {
        cat "$work/build.log"
        exit 1
    }
}
if [ -n "$folder" ]; then
    or_fail targets "$folder" "$@"
else
    or_fail build build-fuzz "" "$@"
fi

# One target; its corpus starts with its seeds. Its output is shown only when an input is run again.
cat >"$work/one" <<'END'
name=$1
mkdir -p "$work/$name/corpus"
cp -r "$here/seeds/$name/." "$work/$name/corpus"
dictionary=$(find "$here" -name "$name.dict")
if "$programs/fuzz-$name" -max_total_time="$seconds" -max_len=4096 -timeout=20 -close_fd_mask=2 \
    ${dictionary:+-dict="$dictionary"} -artifact_prefix="$work/$name/" "$work/$name/corpus" >"$work/$name/log" 2>&1; then
    echo "$name: nothing found, $(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$work/$name/log") runs"
else
    touch "$work/failed"
    for input in "$work/$name"/*-*; do
        "$programs/fuzz-$name" "$input" 2>&1 | head -n 40
    done
    tail -n 10 "$work/$name/log"
    echo "$name: found something, see $work/$name"
fi
END
printf '%s\n' "$@" | xargs -P "$jobs" -n 1 sh "$work/one"

# measure TARGET SOURCE …
measure() {
    name=$1
    program=$root/build-fuzz-coverage/test/fuzz/fuzz-$name
    shift
    LLVM_PROFILE_FILE=$work/$name/profile "$program" -runs=0 -detect_leaks=0 -close_fd_mask=3 "$work/$name/corpus" \
        >/dev/null 2>&1 || echo "$name: an input fails"
    llvm-profdata-14 merge -o "$work/$name/merged" "$work/$name/profile"
    (cd "$root" && llvm-cov-14 export -summary-only -instr-profile="$work/$name/merged" "$program" "$@") |
        python3 "$here/lines.py" "$name" "$root"
}
if [ -n "$coverage" ]; then
    or_fail build build-fuzz-coverage "-fprofile-instr-generate -fcoverage-mapping" "$@"
    for name; do
        # shellcheck disable=SC2046
        measure "$name" $(sed -n "s/^$name: //p" "$here/sources.txt")
    done
fi
[ ! -e "$work/failed" ] || exit 1
rm -rf "$work"
