#!/bin/sh
# Installs the Debian packages that a target needs and this machine lacks, and says so.
# Usage: install-packages.sh demo|test|torture...   SPDX-License-Identifier: MIT
set -eu

packages_of() {
    case "$1" in
    demo) echo make cmake ninja-build python3 python3-click python3-pyelftools python3-watchdog python3-zeroconf \
        gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf qemu-user ;;
    test) packages_of demo
        echo gcc libc6-dev libcmocka-dev libmbedtls-dev gdb-multiarch python3-pytest python3-serial gcc-xtensa-lx106 clang clang-format \
            libclang-rt-dev llvm curl ;;
    torture) echo gcc-12-source ;;
    *) echo "install-packages.sh: unknown set '$1'" >&2; exit 2 ;;
    esac
}

missing=
for set in "$@"; do
    for package in $(packages_of "$set"); do
        case " $missing " in *" $package "*) continue ;; esac
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
            missing="$missing $package"
    done
done
[ -n "$missing" ] || exit 0

echo "hotreload: installing from Debian's packages:$missing"
as_root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
        echo "hotreload: run this as root, or install the packages above yourself" >&2
        exit 1
    }
    as_root=sudo
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { $as_root apt-get update && $as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1; then
    cat "$log" >&2
    echo "hotreload: apt-get could not install:$missing" >&2
    exit 1
fi
