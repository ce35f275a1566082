"""What scripts/install-packages.sh says on systems that have no apt-get.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Dict

import pytest

from checked import ROOT

COMMANDS = ("sh", "sed", "cat", "echo")
NEEDED = ("cmake", "ninja", "riscv64-unknown-elf-gcc", "qemu-riscv32")


class System:
    """A machine without apt-get; its programs are in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.programs = folder / "bin"
        self.programs.mkdir()
        self.release = folder / "os-release"
        for name in COMMANDS:
            (self.programs / name).symlink_to(str(shutil.which(name)))
        self.add("python3", "exit 1")

    def add(self, name: str, script: str = "exit 0") -> None:
        path = self.programs / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def install(
        self, kernel: str = "Linux", release: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        self.add("uname", f"echo {kernel}")
        self.release.write_text(release)
        environment: Dict[str, str] = {"PATH": str(self.programs), "OS_RELEASE": str(self.release)}
        return subprocess.run(
            ["sh", str(ROOT / "scripts" / "install-packages.sh"), "demo"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )


@pytest.fixture
def system(tmp_path: Path) -> System:
    return System(tmp_path)


@pytest.mark.parametrize(
    "kernel, release, expected",
    [
        ("Linux", "ID=fedora\n", "dnf install .*ninja-build.*python3-click"),
        ("Linux", 'ID="rocky"\nID_LIKE="rhel centos fedora"\n', "dnf install"),
        ("Linux", "ID=arch\n", "pacman -S .*ninja.*python-pyelftools"),
        ("Linux", "ID=manjaro\nID_LIKE=arch\n", "pacman -S"),
        ("Linux", "ID=void\n", "Here: CMake, Ninja"),
        ("Darwin", "", "brew install .*ninja"),
        ("MINGW64_NT-10.0-22631", "", "wsl --install -d Debian"),
    ],
)
def test_other_systems(system: System, kernel: str, release: str, expected: str) -> None:
    result = system.install(kernel, release)
    assert result.returncode == 1
    assert re.search(expected, result.stdout), result.stdout
    for text in (*NEEDED, "Python's click", "docker build", "picolibc"):
        assert text in result.stdout
    assert "not found" not in result.stdout


def test_what_is_there_needs_no_packages(system: System) -> None:
    for program in (*NEEDED, "python3"):
        system.add(program)
    result = system.install(release="ID=fedora\n")
    assert (result.returncode, result.stdout) == (0, "")
