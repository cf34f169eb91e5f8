#!/usr/bin/env bash
# What to run after each step: the layout of what has changed, the unit tests and the fast end-to-end tests. `ninja -C build check` builds
# first. Without a folder, the folder is build. Each part says how long it took; a failed one shows why.
set -uo pipefail
cd "$(dirname "$0")/.."
if [ $# -eq 0 ]; then
    [ -f build/build.ninja ] || cmake -S . -B build -G Ninja -DPUMPLINE_TESTS=ON >/dev/null || exit 1
    exec ninja -C build check
fi
folder=$(realpath "$1")
failed=0 unit=

# The end-to-end tests of what is changed most. test/run.sh has all.
fast=(alone config ctl ctl_layout ctl_order ctl_requests ctl_setup ctl_watch docs files http_front layers man notify orders refusals registry
    registry_secrets reload supervision tokens)

# Queues sync each order to the disk: root has them in memory here, and on the disk in test/run.sh.
scratch=$(mktemp -d)
[ "$(id -u)" -eq 0 ] && mount -t tmpfs -o mode=0700 pumpline-check "$scratch" 2>/dev/null
trap '[ -z "$unit" ] || kill -- "-$unit" 2>/dev/null; umount --lazy "$scratch" 2>/dev/null; rm -rf "$scratch"' EXIT

# part NAME COMMAND …
part() {
    local name=$1 begin=$SECONDS output=$scratch/${1// /-}
    shift
    if "$@" >"$output" 2>&1; then
        echo "$name: passed ($((SECONDS - begin)) s)"
    else
        cat "$output"
        echo "$name: FAILED ($((SECONDS - begin)) s)"
        return 1
    fi
}

end_to_end() {
    local files=("${fast[@]/#/test/e2e/test_}")
    files=("${files[@]/%/.py}")
    PUMPLINE_BUILD=$folder /usr/bin/python3 -m pytest -q -p no:cacheprovider -n 4 -m "not long" \
        --basetemp="$scratch/pytest" "${files[@]}"
}

# Unit tests wait more than they compute: the rest goes on meanwhile. They have a process group, which ends with this script.
set -m
part unit env TMPDIR="$scratch" ctest --test-dir "$folder" -j4 --timeout 300 --output-on-failure >"$scratch/said" </dev/null &
unit=$!
set +m
part layout test/analysis/layout.sh --changed || failed=1
part "end to end" end_to_end || failed=1
wait "$unit" || failed=1
unit=
cat "$scratch/said"
exit "$failed"
