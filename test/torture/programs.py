"""GCC's execution tests, from the Debian package with GCC's source.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import List, NamedTuple, Optional

PACKAGE = "gcc-12-source"
_ARCHIVES = Path("/usr/src/gcc-12")
_TESTS = "gcc/testsuite/gcc.c-torture/execute"

# Options for every target. Those for some targets have braces behind them.
_OPTIONS = re.compile(r'dg-(?:additional-)?options\s+(?:\{\s*)?"([^"]*)"\s*\}')


class Program(NamedTuple):
    """A program of one source; main() is its test."""

    name: str
    source: Path

    def options(self) -> List[str]:
        """What its comments ask of the compiler."""
        text = self.source.read_text(encoding="utf-8", errors="replace")
        return [option for found in _OPTIONS.findall(text) for option in found.split()]


def unpack(folder: Path) -> Optional[List[Program]]:
    """The programs, sorted by name, unpacked into a folder once; None without the package."""
    if not folder.exists():
        archive = next(_ARCHIVES.glob("gcc-12.*.tar.xz"), None)
        if archive is None:
            return None
        print(f"Unpacking {_TESTS} of {archive.name} into {folder}", flush=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=str(folder.parent)) as partial:
            subprocess.run(["tar", "-xf", str(archive), "-C", partial, "--strip-components=1",
                            "--wildcards", f"*/{_TESTS}"], check=True)
            shutil.move(str(Path(partial) / _TESTS), str(folder))
    # Not those in builtins/, which are of several files and replace functions of the C library.
    sources = sorted([*folder.glob("*.c"), *folder.glob("ieee/*.c")])
    return [Program(str(path.relative_to(folder)), path) for path in sources]
