#!/usr/bin/env bash
# Installs what the tests need, builds with gcc and with clang under sanitizers, and runs every test. The last line
# counts them. --all, as the first argument, adds the tests with what takes minutes to install and start (Medusa, a Selenium Grid).
# Other arguments go to pytest (test/run.sh -k tryton).
set -uo pipefail
cd "$(dirname "$0")/.."
. conf/setup.sh

TEST_PACKAGES=(clang lld libclang-rt-14-dev valgrind openssl procps python3-pytest python3-pytest-xdist logrotate mandoc
               python3-prometheus-client prometheus prometheus-alertmanager prometheus-node-exporter python3-jsonschema python3-fastjsonschema lintian node-spdx-license-ids mmdebstrap systemd-container iproute2
               tryton-server tryton-modules-sale tryton-sao tryton-proteus
               chromium chromium-driver chromium-headless-shell firefox-esr nginx-light caddy openssh-server zsh fish rsyslog podman crun cppcheck clang-tidy clang-format)
all=false
[ "${1:-}" = --all ] && all=true && shift
$all && TEST_PACKAGES+=(postgresql default-jre-headless)
unset PYTHONDONTWRITEBYTECODE # each of many processes would compile the tests again
results=$(mktemp -d)
declare -A aside=()
install= # a package manager is not stopped half-way
trap '[ -z "$install" ] || wait "$install"
      for name in "${!aside[@]}"; do kill -- "-${aside[$name]}" 2>/dev/null; done
      umount --lazy "$results/memory" 2>/dev/null; rm -rf "$results"' EXIT

# Queues sync each order to the disk, which takes minutes where others use it: root has the unit tests' in memory, where a
# process that is killed leaves the same behind. Those of the end-to-end tests are on the disk.
mkdir "$results/memory"
[ "$(id -u)" -eq 0 ] && mount -t tmpfs -o mode=0700 pumpline-unit "$results/memory" 2>/dev/null

# timed NAME COMMAND …: the end says how long it took, and how much of it was computing.
timed() {
    local name=$1 status TIMEFORMAT='%R %U %S'
    shift
    (time "$@" 2>&3) 3>&2 2>"$results/$name.time" # a shell of its own: it counts no step that ends meanwhile
    status=$?
    awk -v name="$name" '{ printf "%7.0f s, %5.0f s of CPU  %s\n", $1, $2 + $3, name }' "$results/$name.time" >>"$results/spent"
    return $status
}

# nice=N beside NAME COMMAND …: runs while the rest goes on. `joined NAME` waits for it and shows what it said. It has a process group of
# its own: so SIGINT is not ignored in it, and all of it ends with this script.
beside() {
    local name=$1
    shift
    set -m
    "$@" </dev/null >"$results/$name.log" 2>&1 &
    set +m
    aside[$name]=$!
    renice -n "$nice" -g "$!" >/dev/null
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
for suite in unit-build e2e-build unit-build-asan e2e-build-asan boot medusa grid; do
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

# Tests wait more than they compute: some files run at once, and beside them what computes. With four, files with browsers took as
# long as with two, and more processor time.
parallel=(-n 3 --dist loadfile)

# Every end-to-end test runs in the sanitizer build, but those that it would disturb or that are not about a build (marked
# release). The release build runs these, and files that a compiler, its options, and the memory and system calls of
# sanitizers could change.
release=(alone clock completion container ctl ctl_layout ctl_order ctl_requests ctl_setup ctl_watch damage docs drain faults files
         hostile_channel hostile_client hostile_erp hostile_names hostile_webdriver http_front install layers man move notify orders package
         reload sandbox sandbox_modes secrets spdx supervision users valgrind)
release=("${release[@]/#/test/e2e/test_}")
release=("${release[@]/%/.py}" test/e2e/test_events.py::test_slow_clients_cost_no_memory)

# apart NAME: Medusa's packages from npm and a PostgreSQL, or a Selenium Grid, take minutes: not in each run.
apart() {
    local name=$1
    shift
    if $all; then
        timed "$name" end_to_end "$name" build-asan "test/e2e/test_$name.py" "$@"
    else
        echo "<testsuite><testcase classname=\"run\" name=\"$name\"><skipped message=\"only with test/run.sh --all\"/></testcase></testsuite>" \
            >"$results/$name.xml"
    fi
}

storm() {
    local name=$1
    shift
    step "storm-$name" test/storm/run --build build-asan "$@"
}

released() {
    timed unit-build unit build
    timed e2e-build end_to_end e2e-build build "${release[@]}" "${parallel[@]}" -m "not heavy and not faults" "$@"
}

# Storms wait more than they compute, so one after another is enough beside the end-to-end tests. Fuzzing, which computes, comes last.
sanitized() {
    timed unit-build-asan unit build-asan
    step storm-mutants test/storm/mutants
    storm browser --erp browser --rounds 4 -j 2
    storm scripted --rounds 22 -j 2
    storm features --rounds 15 -j 2 --with callbacks --with mapping --with hold
    storm tryton --erp tryton --rounds 20 -j 2
    storm odoo --erp odoo --rounds 17 -j 2
    step fuzz nice -n 5 test/fuzz/run.sh -j 2 --build build-asan 6
}

# The console's pages need npm and what it fetches. Without them the tests of the pages are skipped, and say so.
pages() {
    command -v npm >/dev/null && supervisor/console/web/build.sh "$PWD/$1" || echo "the console's pages are not built: they need npm"
}

echo "building with gcc, which analyses the sources; installing what the tests need meanwhile"
install_packages "${BUILD_PACKAGES[@]}" libcmocka-dev ccache || exit 1
# What an earlier run has compiled, in this clone or in another, is not compiled again.
cache=$(ccache --get-config cache_dir)
mkdir -p "$cache" 2>/dev/null
[ -w "$cache" ] && export CMAKE_C_COMPILER_LAUNCHER=ccache CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=true CCACHE_DEPEND=true
[ -z "$(missing_packages "${TEST_PACKAGES[@]}")" ] || as_root true # sudo asks for a password now: it cannot in the background
timed install install_packages "${TEST_PACKAGES[@]}" </dev/null >"$results/install.log" 2>&1 &
install=$!
timed build build build -DCMAKE_C_COMPILER=gcc -DPUMPLINE_TESTS=ON -DPUMPLINE_ANALYZE=ON || exit 1
pages build
wait "$install" || {
    cat "$results/install.log"
    exit 1
}

echo "building with clang, sanitizers, failpoints and for fuzzing; testing what gcc has built meanwhile"
nice=0 beside released released "$@"
timed build-asan build build-asan -DCMAKE_C_COMPILER=clang -DPUMPLINE_TESTS=ON -DPUMPLINE_SANITIZE=ON -DPUMPLINE_FAULTS=ON -DPUMPLINE_FUZZ=ON || exit 1
pages build-asan

echo "running the end-to-end tests with sanitizers; unit tests, storms, fuzzing, boot and analysis meanwhile"
nice=0 beside boot timed boot end_to_end boot build test/boot
nice=0 beside sanitized sanitized
nice=19 beside analysis step analysis test/analysis/run.sh # with what the others leave: it waits for nothing
timed e2e-build-asan end_to_end e2e-build-asan build-asan test/e2e "${parallel[@]}" -m "not release and not by_itself" "$@"
for name in released boot sanitized analysis; do
    joined "$name"
done
apart medusa "$@"
apart grid "$@"
printf '%s\n' "Where the time went, by step and by test file (steps that ran beside others took longer for that):"
cat "$results/spent"
/usr/bin/python3 test/summary.py "$results"/*.xml
