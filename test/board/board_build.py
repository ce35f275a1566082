"""Builds the tests' firmware, and versions of its module."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Dict, List, Sequence

import cross_toolchain
from emulated_board import find_program, read_secret

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
FIRMWARE = os.path.join(HERE, "firmware")
EXERCISES = os.path.join(HERE, "components", "exercises")


class Build:
    """A build directory with a copy of the component, so that the tests can edit it."""

    def __init__(
        self,
        directory: str,
        core: str,
        source: str = FIRMWARE,
        component: str = EXERCISES,
        options: Sequence[str] = (),
    ) -> None:
        self.core = cross_toolchain.CORES[core]
        self.dir = os.path.join(directory, "build")
        self.component = os.path.join(directory, os.path.basename(component))
        shutil.copytree(component, self.component)
        self._modules: Dict[str, bytes] = {}
        cmake = find_program("cmake", "cmake")
        subprocess.run(
            [
                cmake, "-S", source, "-B", self.dir, "-G", "Ninja",
                f"-DCMAKE_TOOLCHAIN_FILE={self.core.toolchain_file}",
                f"-DHOTRELOAD_COMPONENT_DIRS={self.component}", *options,
            ],
            check=True,
        )  # fmt: skip
        self.ninja()

    def prepare(self, *versions: int) -> "Build":
        """Builds these versions of the module now, not in the middle of a test."""
        for version in versions:
            self.module(version)
        return self

    @property
    def qemu(self) -> List[str]:
        """The emulator with its options."""
        return self.core.qemu

    @property
    def firmware(self) -> str:
        return os.path.join(self.dir, "firmware.elf")

    @property
    def secret(self) -> bytes:
        return read_secret(self.generated("secret.key"))

    def generated(self, name: str) -> str:
        return os.path.join(self.dir, "hotreload", name)

    def ninja(self, *arguments: str) -> str:
        """Builds; returns what ninja printed."""
        result = self.try_ninja(*arguments)
        assert result.returncode == 0, result.stdout
        return result.stdout

    def try_ninja(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        ninja = find_program("ninja", "ninja-build")
        return subprocess.run(
            [ninja, "-C", self.dir, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            universal_newlines=True,
        )

    def edit(self, file: str, old: str, new: str) -> None:
        """Replaces text in a source of the component."""
        path = os.path.join(self.component, file)
        text = self.read(path).decode()
        assert text.count(old) == 1, f"'{old}' is not once in {path}"
        with open(path, "w", encoding="utf-8") as output:
            output.write(text.replace(old, new))

    def module(self, version: int) -> bytes:
        """The packed module whose exercise_marker() returns this number."""
        return self.module_that(f"return {version};")

    def module_that(self, statements: str) -> bytes:
        """The packed module whose exercise_marker() does this."""
        if statements not in self._modules:
            path = os.path.join(self.component, "marker.c")
            original = self.read(path)
            self.edit("marker.c", "return 1;", statements)
            try:
                self.ninja()
                self._modules[statements] = self.read(self.generated("module.bin"))
            finally:
                with open(path, "wb") as output:
                    output.write(original)
            self.ninja()
        return self._modules[statements]

    @staticmethod
    def read(path: str) -> bytes:
        with open(path, "rb") as file:
            return file.read()
