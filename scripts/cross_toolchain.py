"""Finds the compilers and the emulators of the emulated board's processors.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

ROOT = Path(__file__).resolve().parent.parent

# Where archives of toolchains may lie beside the project.
_ARCHIVES = ROOT.parent / "shared" / "toolchains"

# C++ for a toolchain that has none, and what it needs.
_CXX = ROOT / "scripts" / "bin"
_CXX_NEEDS = "xtensa-lx106-elf-g++"


class Core(NamedTuple):
    """A processor that the board may have."""

    arch: str
    cmake_file: str
    """In port/emulator/arch."""
    toolchain: str
    """What the names of the compiler's programs begin with."""
    emulator: str
    cpu: str = ""
    """What the emulator calls this core; nothing if it has but one."""

    @property
    def toolchain_file(self) -> Path:
        """CMake's toolchain file."""
        return ROOT / "port" / "emulator" / "arch" / self.cmake_file

    @property
    def cxx(self) -> bool:
        """Whether its toolchain has C++."""
        return shutil.which(f"{self.toolchain}-g++") is not None

    @property
    def qemu(self) -> List[str]:
        """The emulator with its options for this core; empty when none on PATH has the core."""
        for folder in os.get_exec_path():
            program = shutil.which(self.emulator, path=folder)
            if program and self.cpu in _cpus(program):
                return [program, *(("-cpu", self.cpu) if self.cpu else ())]
        return []


CORES: Dict[str, Core] = {
    "riscv": Core("riscv", "riscv/toolchain.cmake", "riscv64-unknown-elf", "qemu-riscv32"),
    "xtensa": Core("xtensa", "xtensa/toolchain.cmake", "xtensa-dc233c-elf", "qemu-xtensa",
                   "dc233c"),
    "esp32": Core("xtensa", "xtensa/esp32.cmake", "xtensa-esp32-elf", "qemu-xtensa", "esp32"),
}


def find_all(build: Optional[Path] = None) -> None:
    """Puts all toolchains on PATH that are somewhere."""
    for name in CORES:
        missing(name, build)


def missing(name: str, build: Optional[Path] = None) -> Optional[str]:
    """Why nothing can be built for a core of CORES, or run on it; None when all is there.

    The toolchain is looked for on PATH, in the folder that HOTRELOAD_TOOLCHAINS names, and in an
    archive beside the project, which is unpacked into `build`/toolchains. It is put on PATH, for
    this process and those that it starts.
    """
    core = CORES[name]
    compiler = f"{core.toolchain}-gcc"
    if not _add_to_path(core.toolchain, compiler, build):
        return (f"no {compiler}: put its bin folder on PATH, or name the folder that has "
                f"{core.toolchain} in HOTRELOAD_TOOLCHAINS")
    if not core.cxx and (_CXX / f"{core.toolchain}-g++").exists() and shutil.which(_CXX_NEEDS):
        _append_to_path(_CXX)
    if core.qemu:
        return None
    if shutil.which(core.emulator):
        return (f"no {core.emulator} has the core {core.cpu}: put one on PATH that is built from "
                "Espressif's QEMU, configured with --target-list=xtensa-linux-user")
    return f"no {core.emulator}; on Debian: apt-get install qemu-user"


@functools.lru_cache(maxsize=None)
def _cpus(emulator: str) -> Tuple[str, ...]:
    """The cores that an emulator has; also the one without a name."""
    said = subprocess.run([emulator, "-cpu", "help"], stdout=subprocess.PIPE, check=False,
                          universal_newlines=True).stdout
    return ("", *said.split())


def _add_to_path(toolchain: str, compiler: str, build: Optional[Path]) -> bool:
    if shutil.which(compiler):
        return True
    for folder in _folders(toolchain, build):
        programs = folder / toolchain / "bin"
        if (programs / compiler).exists():
            _append_to_path(programs)
            return True
    return False


def _append_to_path(folder: Path) -> None:
    os.environ["PATH"] = f"{os.environ.get('PATH', '')}{os.pathsep}{folder}"


def _folders(toolchain: str, build: Optional[Path]) -> Iterator[Path]:
    named = os.environ.get("HOTRELOAD_TOOLCHAINS")
    if named:
        yield Path(named)
    archive = _ARCHIVES / f"{toolchain}.tar.xz"
    if build is not None and archive.exists():
        yield _unpack(archive, toolchain, build.resolve() / "toolchains")


def _unpack(archive: Path, toolchain: str, folder: Path) -> Path:
    """Unpacks the archive, once; an interrupted attempt leaves nothing that looks finished."""
    if not (folder / toolchain).exists():
        print(f"Unpacking {archive.name} into {folder}", file=sys.stderr, flush=True)
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=str(folder)) as partial:
            with tarfile.open(archive) as content:
                content.extractall(partial)
            (Path(partial) / toolchain).rename(folder / toolchain)
    return folder
