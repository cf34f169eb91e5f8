#!/usr/bin/env bash
# Installs what the tests need, builds with gcc and with clang under sanitizers, and runs every test. The last line
# counts them. Arguments go to pytest (test/run.sh -k tryton).
set -uo pipefail
cd "$(dirname "$0")/.."
. conf/setup.sh

TEST_PACKAGES=(clang libclang-rt-14-dev libcmocka-dev valgrind openssl procps python3-pytest python3-pytest-xdist logrotate mandoc
               python3-prometheus-client python3-jsonschema mmdebstrap systemd-container iproute2
               tryton-server tryton-modules-sale tryton-sao tryton-proteus
               chromium chromium-driver firefox-esr nginx-light cppcheck clang-tidy clang-format)
results=$(mktemp -d)
declare -A aside=()
trap 'for name in "${!aside[@]}"; do kill -- "-${aside[$name]}" 2>/dev/null; done
      umount --lazy "$results/memory" 2>/dev/null; rm -rf "$results"' EXIT

# Queues sync each order to the disk, which takes minutes where others use it: root has the unit tests' in memory, where a
# process that is killed leaves the same behind. Those of the end-to-end tests are on the disk.
mkdir "$results/memory"
[ "$(id -u)" -eq 0 ] && mount -t tmpfs -o mode=0700 pumpline-unit "$results/memory" 2>/dev/null

# timed NAME COMMAND …: the end says how long it took, and how much of it was computing.
timed() {
    local name=$1 status TIMEFORMAT='%R %U %S'
    shift
    { time "$@" 2>&3; } 3>&2 2>"$results/$name.time"
    status=$?
    awk -v name="$name" '{ printf "%7.0f s, %5.0f s of CPU  %s\n", $1, $2 + $3, name }' "$results/$name.time" >>"$results/spent"
    return $status
}

# beside NAME COMMAND …: runs while the rest goes on, with what the rest leaves of the processors. `joined NAME` waits for it
# and shows what it said. It has a process group of its own: so SIGINT is not ignored in it, and all of it ends with this script.
beside() {
    local name=$1
    shift
    set -m
    "$@" </dev/null >"$results/$name.log" 2>&1 &
    set +m
    aside[$name]=$!
    renice -n 10 -g "$!" >/dev/null
}

joined() {
    local status
    wait "${aside[$1]}"
    status=$?
    unset "aside[$1]"
    cat "$results/$1.log"
    return $status
}

# step NAME COMMAND …: a check that is not made of single tests; its own last lines say what it did.
step() {
    local name=$1 fault=
    shift
    timed "$name" "$@" || fault='<failure message="see its output above"/>'
    echo "<testsuite><testcase classname=\"run\" name=\"$name\">$fault</testcase></testsuite>" >"$results/$name.xml"
}

# A file that nothing replaces counts as failed.
for suite in unit-build e2e-build unit-build-asan e2e-build-asan e2e-faults boot; do
    echo '<testsuite/>' >"$results/$suite.xml"
done

unit() {
    TMPDIR=$results/memory ctest --test-dir "$1" --output-junit "$results/unit-$1.xml" --timeout 300 --output-on-failure -j4 | grep -v '^ *Start'
}

# end_to_end NAME FOLDER ARGUMENT …
end_to_end() {
    local name=$1 folder=$2
    shift 2
    PUMPLINE_BUILD=$PWD/$folder /usr/bin/python3 -m pytest -q -p no:cacheprovider --junitxml "$results/$name.xml" "$@"
}

build_faults() {
    build build-faults -DCMAKE_C_COMPILER=clang -DPUMPLINE_TESTS=OFF -DPUMPLINE_SANITIZE=ON -DPUMPLINE_FAULTS=ON
}

compute() {
    timed build-faults build_faults && touch "$results/faults-built"
    step analysis test/analysis/run.sh
}

# Tests wait more than they compute: three files at once, and beside them what computes.
parallel=(-n 3 --dist loadfile)

install_packages "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}" || exit 1
echo "building with gcc"
timed build build build -DCMAKE_C_COMPILER=gcc -DPUMPLINE_TESTS=ON || exit 1

echo "building with clang, AddressSanitizer and UndefinedBehaviorSanitizer; testing what gcc has built meanwhile"
beside build-asan timed build-asan build build-asan -DCMAKE_C_COMPILER=clang -DPUMPLINE_TESTS=ON -DPUMPLINE_SANITIZE=ON
timed unit-build unit build
timed e2e-build end_to_end e2e-build build test/e2e "${parallel[@]}" -m "not heavy and not faults" "$@"
joined build-asan || exit 1
timed boot end_to_end boot build test/boot

echo "testing with sanitizers; building with fault points and analysing meanwhile"
beside compute compute
timed unit-build-asan unit build-asan
timed e2e-build-asan end_to_end e2e-build-asan build-asan test/e2e "${parallel[@]}" -m "not faults" "$@"
joined compute
timed e2e-faults end_to_end e2e-faults build test/e2e -n 3 -m faults "$@"

step fuzz test/fuzz/run.sh -j 4 5
if [ -e "$results/faults-built" ]; then
    step storm-scripted test/storm/run --build build-faults --seconds 60 -j 4
    step storm-tryton test/storm/run --build build-faults --erp tryton --rounds 20 -j 2
    step storm-browser test/storm/run --build build-faults --erp browser --seconds 120 -j 1
    step storm-mutants test/storm/mutants --build build-faults
else
    step storm false
fi
printf '%s\n' "Where the time went, by step and by test file (steps that ran beside others took longer for that):"
cat "$results/spent"
/usr/bin/python3 test/summary.py "$results"/*.xml
