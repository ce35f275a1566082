"""ESP-IDF projects of this repository, built in a copy: idf.py writes into the source tree.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Set

import component_package

ROOT = Path(__file__).resolve().parents[2]

# No board, and not necessarily Wi-Fi libraries: the examples' configuration for QEMU.
DEFAULTS = "sdkconfig.defaults;sdkconfig.qemu"

STEPS = {
    "cmake": r"Re-running CMake|Running cmake",
    "module object": r"Building C object \S+/__idf_reloadable\w*\.dir/",
    "other object": r"Building C object esp-idf/(?!\S+/__idf_reloadable\w*\.dir/)",
    "exports": "Listing exports",
    "stubs": "Generating stubs",
    "firmware": r"Linking CXX executable \w+\.elf",
    "module": "Linking the module",
}


def environment(**changes: str) -> Dict[str, str]:
    """For idf.py: without what our own tests and tools set."""
    ours = ("PYTHONPATH", "HOTRELOAD_URL", "IDF_TARGET", "IDF_EXTRA_ACTIONS_PATH")
    values = {name: value for name, value in os.environ.items() if name not in ours}
    values.update(changes)
    return values


def list_targets() -> List[str]:
    """The chips that this ESP-IDF knows and for which there is a compiler on PATH.

    HOTRELOAD_TEST_TARGETS, a list with spaces, chooses among them.
    """
    chosen = os.environ.get("HOTRELOAD_TEST_TARGETS", "").split()
    output = subprocess.run(
        ["idf.py", "--list-targets"],
        env=environment(),
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=True,
    ).stdout
    names = [name for name in output.split() if name.startswith("esp32") and _has_compiler(name)]
    return [name for name in names if not chosen or name in chosen]


def _has_compiler(target: str) -> bool:
    xtensa = target in ("esp32", "esp32s2", "esp32s3")
    compiler = f"xtensa-{target}-elf-gcc" if xtensa else "riscv32-esp-elf-gcc"
    return shutil.which(compiler) is not None


def idf_version() -> str:
    """Like 5.1.7."""
    text = (Path(os.environ["IDF_PATH"]) / "tools" / "cmake" / "version.cmake").read_text()
    return ".".join(re.findall(r"set\(IDF_VERSION_\w+ (\d+)\)", text))


def copy_repository(to: Path) -> Path:
    """Copies what is or could be committed; the directory's name is the component's."""
    return component_package.copy_repository(to / "hotreload")


class IdfProject:
    """A project directory with one build directory."""

    def __init__(self, directory: Path, target: str, build: str, defaults: str = DEFAULTS) -> None:
        self.directory = directory
        self.target = target
        self.build = directory / "build" / build
        self.defaults = defaults

    def _options(self) -> List[str]:
        """Of idf.py: the build directory and what it is configured with."""
        options = ["-B", str(self.build), "-D", f"IDF_TARGET={self.target}"]
        # In two words: idf.py takes the C of -DSDKCONFIG for its option -C.
        options += ["-D", f"SDKCONFIG={self.build / 'sdkconfig'}"]
        return options + ["-D", f"SDKCONFIG_DEFAULTS={self.defaults}"]

    def idf(
        self, *arguments: str, options: Optional[List[str]] = None, **changes: str
    ) -> "subprocess.CompletedProcess[str]":
        """Runs idf.py in the project, with its build directory unless there are other options."""
        return subprocess.run(
            ["idf.py", *(self._options() if options is None else options), *arguments],
            cwd=self.directory,
            env=environment(**changes),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )

    def run(self, *arguments: str, options: Optional[List[str]] = None, **changes: str) -> str:
        """Runs idf.py, which must succeed; returns its output."""
        result = self.idf(*arguments, options=options, **changes)
        assert result.returncode == 0, result.stdout[-6000:]
        return result.stdout

    def fail(self, *arguments: str, options: Optional[List[str]] = None, **changes: str) -> str:
        """Runs idf.py, which must fail; returns its output."""
        result = self.idf(*arguments, options=options, **changes)
        assert result.returncode != 0, result.stdout[-6000:]
        return result.stdout

    def reload_to_crash(self, *arguments: str) -> None:
        """Reloads code that crashes at once: perhaps before the chip has answered."""
        result = self.idf("reload", *arguments)
        lost = re.search(r"did the device restart\?|stopped answering", result.stdout)
        assert result.returncode == 0 or lost, result.stdout[-6000:]

    def ninja(self, *targets: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["ninja", "-C", str(self.build), *targets],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )

    def steps(self, *arguments: str) -> Set[str]:
        """Which of the steps `idf.py build` took, beside what ESP-IDF always does."""
        output = self.run(*(arguments or ("build",)))
        # The bootloader is a project of its own.
        output = re.sub(r"Performing build step for 'bootloader'.*?\n(?=\[)", "", output)
        return {name for name, words in STEPS.items() if re.search(words, output)}

    # ---- sources ----

    @contextlib.contextmanager
    def changed(self, name: str, old: str, new: str) -> Iterator[None]:
        """Changes a file of the project for a while."""
        path = self.directory / name
        before = path.read_text()
        assert old in before
        path.write_text(before.replace(old, new))
        try:
            yield
        finally:
            path.write_text(before)

    def write(self, name: str, text: str) -> None:
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    # ---- what was built ----

    def path(self, name: str) -> Path:
        return self.build / "hotreload" / name

    def digest(self) -> str:
        """Of the firmware."""
        (elf,) = self.build.glob("*.elf")
        return hashlib.sha256(elf.read_bytes()).hexdigest()

    def exports(self) -> List[str]:
        lines = self.path("exports.txt").read_text().splitlines()
        return [line.split()[1] for line in lines if line.startswith(("strong ", "weak "))]

    def description(self) -> Dict[str, Any]:
        return dict(json.loads(self.path("hotreload.json").read_text()))

    def flash_image(self, name: str = "flash_args") -> Dict[int, bytes]:
        """What esptool would write: offsets and contents."""
        images: Dict[int, bytes] = {}
        for line in (self.build / name).read_text().splitlines():
            match = re.fullmatch(r"(0x[0-9a-f]+) (.+)", line.strip())
            if match:
                images[int(match.group(1), 16)] = (self.build / match.group(2)).read_bytes()
        return images


def find_partition(table: Path, label: str) -> Optional["tuple[int, int]"]:
    """Offset and size of a partition in a binary partition table."""
    data = table.read_bytes()
    for start in range(0, len(data), 32):
        entry = data[start : start + 32]
        if entry[:2] == b"\xaa\x50" and entry[12:28].rstrip(b"\0") == label.encode():
            return int.from_bytes(entry[4:8], "little"), int.from_bytes(entry[8:12], "little")
    return None
