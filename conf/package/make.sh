#!/usr/bin/env bash
# make.sh [CMAKE OPTION …]: installs what the build needs (npm too, for the console's pages), builds, and makes the Debian packages
# in build/. -DPUMPLINE_CONSOLE=OFF leaves the console out. As root or with sudo available.
set -euo pipefail
umask 022 # cpack writes it into the packages, which are otherwise the same bytes for every user
cd "$(dirname "$0")/../.."
. conf/setup.sh

install_packages "${BUILD_PACKAGES[@]}"
[[ " $* " == *" -DPUMPLINE_CONSOLE=OFF "* ]] || command -v npm >/dev/null || install_packages npm
rm -f build/pumpline*.deb
build build -DPUMPLINE_CONSOLE=ON "$@"
(cd build && cpack -G DEB) >build/package.log 2>&1 || {
    cat build/package.log
    exit 1
}
ls build/pumpline*.deb
