"""Finds the compiler of the emulated Xtensa board, which Debian has no package of.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import os
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Iterator, Optional

NAME = "xtensa-dc233c-elf"
COMPILER = f"{NAME}-gcc"
MISSING = (f"no {COMPILER}: put its bin folder on PATH, or name the folder that has {NAME} in "
           "HOTRELOAD_TOOLCHAINS (Espressif's xtensa-esp-elf-gcc is for the chips; what it makes "
           "does not run on QEMU's core)")

# Where a copy may lie beside the project.
_ARCHIVE = Path(__file__).resolve().parents[2] / "shared" / "toolchains" / f"{NAME}.tar.xz"


def add_to_path(build: Optional[Path] = None) -> bool:
    """Puts the compiler on PATH, for this process and those that it starts.

    It is looked for on PATH, in the folder that HOTRELOAD_TOOLCHAINS names, and in an archive
    beside the project, which is unpacked into `build`/toolchains. Returns False when it is nowhere.
    """
    if shutil.which(COMPILER):
        return True
    for folder in _folders(build):
        if (folder / NAME / "bin" / COMPILER).exists():
            os.environ["PATH"] = f"{folder / NAME / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
            return True
    return False


def _folders(build: Optional[Path]) -> Iterator[Path]:
    named = os.environ.get("HOTRELOAD_TOOLCHAINS")
    if named:
        yield Path(named)
    if build is not None and _ARCHIVE.exists():
        yield _unpack(build.resolve() / "toolchains")


def _unpack(folder: Path) -> Path:
    """Unpacks the archive, once; an interrupted attempt leaves nothing that looks finished."""
    if not (folder / NAME).exists():
        print(f"Unpacking {_ARCHIVE.name} into {folder}", file=sys.stderr, flush=True)
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=str(folder)) as partial:
            with tarfile.open(_ARCHIVE) as archive:
                archive.extractall(partial)
            (Path(partial) / NAME).rename(folder / NAME)
    return folder
