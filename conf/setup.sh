# Sourced by quickstart.sh and test/run.sh: installs Debian packages and builds.

BUILD_PACKAGES=(gcc libc6-dev cmake ninja-build pkg-config libevent-dev libjansson-dev libcurl4-openssl-dev libxml2-dev
                liblmdb-dev libsodium-dev libseccomp-dev libutf8proc-dev node-llhttp
                ca-certificates curl dpkg-dev file python3-yaml)

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

missing_packages() {
    local package
    for package in "$@"; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
    done
}

# Calls the package manager only if something is missing, so that a second run needs no network.
install_packages() {
    local missing
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -eq 0 ] && return
    echo "installing: ${missing[*]}"
    as_root apt-get -qq update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" \
        >/dev/null
}

# build FOLDER [CMAKE OPTION …]
# Configured twice: if the compiler changes, cmake silently drops the other options.
# Compilers allocate much memory for a short time: huge pages save a tenth of their CPU time.
build() {
    local folder=$1
    shift
    mkdir -p "$folder"
    {
        cmake -S . -B "$folder" -G Ninja "$@" && cmake -S . -B "$folder" "$@" &&
            GLIBC_TUNABLES=glibc.malloc.hugetlb=1 ninja -C "$folder"
    } >"$folder/build.log" 2>&1 || {
        cat "$folder/build.log"
        return 1
    }
}
