#!/usr/bin/env bash
# Installs what the tests need, builds with gcc and with clang under sanitizers, and runs every test. The last line
# counts them. Arguments go to pytest (test/run.sh -k tryton).
set -uo pipefail
cd "$(dirname "$0")/.."
. conf/setup.sh

TEST_PACKAGES=(clang libclang-rt-14-dev libcmocka-dev valgrind openssl procps python3-pytest logrotate mandoc
               python3-prometheus-client python3-jsonschema debootstrap systemd-container iproute2
               tryton-server tryton-modules-sale tryton-sao tryton-proteus
               chromium chromium-driver firefox-esr nginx-light cppcheck clang-tidy clang-format)
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

install_packages "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}" || exit 1
echo "building with gcc"
build build -DCMAKE_C_COMPILER=gcc -DPUMPLINE_TESTS=ON || exit 1
echo "building with clang, AddressSanitizer and UndefinedBehaviorSanitizer"
build build-asan -DCMAKE_C_COMPILER=clang -DPUMPLINE_TESTS=ON -DPUMPLINE_SANITIZE=ON || exit 1

echo "building with fault points"
build build-faults -DCMAKE_C_COMPILER=clang -DPUMPLINE_TESTS=OFF -DPUMPLINE_SANITIZE=ON -DPUMPLINE_FAULTS=ON || exit 1

# step NAME COMMAND …: a check that is not made of single tests; its own last lines say what it did.
step() {
    local name=$1 fault=
    shift
    "$@" || fault='<failure message="see its output above"/>'
    echo "<testsuite><testcase classname=\"run\" name=\"$name\">$fault</testcase></testsuite>" >"$results/$name.xml"
}

# A file that nothing replaces counts as failed.
for suite in unit-build e2e-build unit-build-asan e2e-build-asan boot; do
    echo '<testsuite/>' >"$results/$suite.xml"
done

for folder in build build-asan; do
    ctest --test-dir "$folder" --output-junit "$results/unit-$folder.xml" --timeout 300 --output-on-failure -j2 |
        grep -v '^ *Start'
    PUMPLINE_BUILD=$PWD/$folder /usr/bin/python3 -m pytest -q -p no:cacheprovider \
        --junitxml "$results/e2e-$folder.xml" test/e2e "$@"
done
PUMPLINE_BUILD=$PWD/build /usr/bin/python3 -m pytest -q -p no:cacheprovider --junitxml "$results/boot.xml" test/boot
step analysis test/analysis/run.sh
step fuzz test/fuzz/run.sh -j 4 5
step storm-scripted test/storm/run --build build-faults --seconds 60 -j 4
step storm-tryton test/storm/run --build build-faults --erp tryton --rounds 20 -j 2
step storm-browser test/storm/run --build build-faults --erp browser --seconds 120 -j 1
step storm-mutants test/storm/mutants --build build-faults
/usr/bin/python3 test/summary.py "$results"/*.xml
