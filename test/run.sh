#!/usr/bin/env bash
# Installs what the tests need, builds with gcc and with clang under sanitizers, and runs every test. The last line
# counts them. Arguments go to pytest (test/run.sh -k tryton).
set -uo pipefail
cd "$(dirname "$0")/.."
. conf/setup.sh

TEST_PACKAGES=(clang libclang-rt-14-dev libcmocka-dev valgrind openssl procps python3-pytest python3-pytest-xdist logrotate mandoc
               python3-prometheus-client python3-jsonschema debootstrap systemd-container iproute2
               tryton-server tryton-modules-sale tryton-sao tryton-proteus
               chromium chromium-driver firefox-esr nginx-light cppcheck clang-tidy clang-format)
results=$(mktemp -d)
spent=()
trap 'rm -rf "$results"' EXIT

# timed NAME COMMAND …: the end says how long it took.
timed() {
    local name=$1 begin=$SECONDS status
    shift
    "$@"
    status=$?
    spent+=("$(printf '%7d s  %s' $((SECONDS - begin)) "$name")")
    return $status
}

install_packages "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}" || exit 1
echo "building with gcc"
timed build build build -DCMAKE_C_COMPILER=gcc -DPUMPLINE_TESTS=ON || exit 1
echo "building with clang, AddressSanitizer and UndefinedBehaviorSanitizer"
timed build-asan build build-asan -DCMAKE_C_COMPILER=clang -DPUMPLINE_TESTS=ON -DPUMPLINE_SANITIZE=ON || exit 1

echo "building with fault points"
timed build-faults build build-faults -DCMAKE_C_COMPILER=clang -DPUMPLINE_TESTS=OFF -DPUMPLINE_SANITIZE=ON -DPUMPLINE_FAULTS=ON || exit 1

# step NAME COMMAND …: a check that is not made of single tests; its own last lines say what it did.
step() {
    local name=$1 fault=
    shift
    timed "$name" "$@" || fault='<failure message="see its output above"/>'
    echo "<testsuite><testcase classname=\"run\" name=\"$name\">$fault</testcase></testsuite>" >"$results/$name.xml"
}

# A file that nothing replaces counts as failed.
for suite in unit-build e2e-build unit-build-asan e2e-build-asan boot; do
    echo '<testsuite/>' >"$results/$suite.xml"
done

unit() {
    ctest --test-dir "$1" --output-junit "$results/unit-$1.xml" --timeout 300 --output-on-failure -j2 | grep -v '^ *Start'
}

# end_to_end NAME FOLDER ARGUMENT …
end_to_end() {
    local name=$1 folder=$2
    shift 2
    PUMPLINE_BUILD=$PWD/$folder /usr/bin/python3 -m pytest -q -p no:cacheprovider --junitxml "$results/$name.xml" "$@"
}

for folder in build build-asan; do
    timed "unit-$folder" unit "$folder"
    timed "e2e-$folder" end_to_end "e2e-$folder" "$folder" test/e2e "$@"
done
timed boot end_to_end boot build test/boot
step analysis test/analysis/run.sh
step fuzz test/fuzz/run.sh -j 4 5
step storm-scripted test/storm/run --build build-faults --seconds 60 -j 4
step storm-tryton test/storm/run --build build-faults --erp tryton --rounds 20 -j 2
step storm-browser test/storm/run --build build-faults --erp browser --seconds 120 -j 1
step storm-mutants test/storm/mutants --build build-faults
printf '%s\n' "Where the time went, by step and by test file:" "${spent[@]}" ""
/usr/bin/python3 test/summary.py "$results"/*.xml
