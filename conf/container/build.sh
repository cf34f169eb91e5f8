#!/usr/bin/env bash
# build.sh BUILD_FOLDER NAME [USER]: makes the OCI image NAME of Debian 12 and of what BUILD_FOLDER installs. USER: a number, 0 by
# default; with another one the daemon and all its workers run as that user. As root; needs mmdebstrap and podman.
set -euo pipefail
umask 022
here=$(cd "$(dirname "$0")" && pwd)
build=$1 name=$2 user=${3:-0}
PACKAGES=ca-certificates,libcurl4,libevent-core-2.1-7,libevent-extra-2.1-7,libjansson4,liblmdb0,libseccomp2,libsodium23,libutf8proc2,libxml2

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
DESTDIR=$scratch/stage cmake --install "$build" --prefix /usr >/dev/null
install -d -m 0755 "$scratch/stage/etc/pumpline" "$scratch/stage/var/lib/pumpline" "$scratch/stage/run/pumpline" "$scratch/stage/srv/pumpline"
install -m 0644 "$here/pumpline.json" "$scratch/stage/etc/pumpline/pumpline.json"
install -d -m 0700 "$scratch/stage/etc/pumpline/workshops.d"
chown -R "$user:$user" "$scratch"/stage/{etc,var/lib,run,srv}/pumpline

# A tree that is there already (PUMPLINE_ROOTFS=FILE.tar) is taken as it is.
if [ -n "${PUMPLINE_ROOTFS:-}" ]; then
    cp "$PUMPLINE_ROOTFS" "$scratch/rootfs.tar"
else
    mmdebstrap --variant=essential --include="$PACKAGES" --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        bookworm "$scratch/rootfs.tar"
fi
version=$("$build/pumplined" --version)
version=${version#* }
tar -rf "$scratch/rootfs.tar" -C "$scratch/stage" --numeric-owner .
podman ${PODMAN_OPTIONS:-} build --format oci --build-arg "USER=$user" --build-arg "VERSION=$version" -t "$name" -f "$here/Containerfile" "$scratch"
