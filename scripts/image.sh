#!/usr/bin/env bash
# Builds the image of docker/Dockerfile with buildah, without a Docker engine, and says how large it is.
# Where the base image is neither there nor to be had from a registry, it is made of Debian's own packages.
#   scripts/image.sh [NAME]        NAME is energy-portal:VERSION otherwise
set -euo pipefail
cd -P "$(dirname "$0")/.."

base=${IMAGE_BASE:-docker.io/library/debian:bookworm-slim}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
name=${1:-energy-portal:$version}
# Works everywhere, also in a container and on a file system without overlays.
export STORAGE_DRIVER=${STORAGE_DRIVER:-vfs}

for tool in buildah podman; do
    command -v "$tool" >/dev/null || {
        echo "image: $tool is missing. On Debian: apt-get install --no-install-recommends buildah podman runc mmdebstrap" >&2
        exit 1
    }
done

make_base() {
    command -v mmdebstrap >/dev/null || {
        echo "image: $base cannot be had, and mmdebstrap is missing to make it. On Debian: apt-get install mmdebstrap" >&2
        exit 1
    }
    echo "image: making $base of Debian's packages"
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    # What Debian's slim image leaves out, and nothing that moves files about, which would bring Perl.
    mmdebstrap --quiet --variant=minbase --include=usr-is-merged \
        --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/info/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/lintian/*' \
        bookworm "$work/base.tar"
    podman import --quiet "$work/base.tar" "$base" >/dev/null
}

podman image exists "$base" || podman pull --quiet "$base" >/dev/null 2>&1 || make_base

secrets=()
certificates=/etc/ssl/certs/ca-certificates.crt
[ -r "$certificates" ] && secrets=(--secret "id=ca,src=$certificates")
# Every file of the image has the time of the commit, so that one commit makes one image.
buildah bud --isolation chroot --pull-never --format docker --timestamp "$(git log -1 --format=%ct)" "${secrets[@]}" \
    --build-arg BASE="$base" --build-arg VERSION="$version" --build-arg REVISION="$(git rev-parse HEAD)" \
    --file docker/Dockerfile --tag "$name" .
size=$(podman image inspect --format '{{.Size}}' "$name")
echo "image: $name, $((size / 1000000)) MB"
