"""Fixtures; puts tools/ on sys.path.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Iterator

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
sys.path.insert(0, str(ROOT / "scripts"))

import cross_toolchain  # noqa: E402
import toolchains  # noqa: E402
from edits import Edits  # noqa: E402
from fake_device import FakeDevice  # noqa: E402
from project import Project  # noqa: E402

cross_toolchain.find_all()


@pytest.fixture
def riscv(tmp_path: Path) -> Project:
    """An empty project for RISC-V."""
    return Project(tmp_path, toolchains.riscv())


@pytest.fixture(params=list(toolchains.BY_NAME))
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    """An empty project, once for every toolchain."""
    return Project(tmp_path, toolchains.get(request.param))


@pytest.fixture
def xtensa(tmp_path: Path) -> Project:
    """An empty project for Xtensa, call0 ABI: for linking and packing."""
    return Project(tmp_path, toolchains.xtensa_call0())


SOURCE = "int f(void) { return 1; }\n"


@pytest.fixture
def built(riscv: Project) -> Project:
    """A built project with one function, a.c."""
    riscv.write("a.c", SOURCE)
    riscv.make()
    return riscv


@pytest.fixture
def device(built: Project) -> Iterator[FakeDevice]:
    """A device that runs the firmware of `built`."""
    fake = FakeDevice(bytes.fromhex((built.out / "secret.key").read_text().strip()))
    yield fake
    fake.close()


@pytest.fixture(params=["riscv", "xtensa-windowed"])
def edits(request: pytest.FixtureRequest, tmp_path: Path) -> Edits:
    """An empty project whose sources are edited, once for each architecture."""
    return Edits(Project(tmp_path, toolchains.get(request.param)))


@pytest.fixture
def cpp(edits: Edits) -> Edits:
    """The same for sources of C++."""
    assert edits.project.toolchain.cxx, "it skips what has none"
    edits.project.flags += ["-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics"]
    return edits
