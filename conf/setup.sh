# Sourced by quickstart.sh and test/run.sh: Debian packages and the build. Not a program of its own.

BUILD_PACKAGES=(gcc libc6-dev cmake ninja-build pkg-config libevent-dev libjansson-dev libcurl4-openssl-dev libxml2-dev
                liblmdb-dev libsodium-dev libseccomp-dev libutf8proc-dev node-llhttp
                ca-certificates curl)

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# Asks the package manager only for what is missing, so that a second run needs no network.
install_packages() {
    local missing=() package
    for package in "$@"; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    echo "installing: ${missing[*]}"
    as_root apt-get -qq update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" \
        >/dev/null
}

# build FOLDER [CMAKE OPTION …]
# Configured twice: in a folder that another compiler was used in, cmake drops the other options without a word.
build() {
    local folder=$1
    shift
    mkdir -p "$folder"
    {
        cmake -S . -B "$folder" -G Ninja "$@" && cmake -S . -B "$folder" "$@" && ninja -C "$folder"
    } >"$folder/build.log" 2>&1 || {
        cat "$folder/build.log"
        return 1
    }
}
