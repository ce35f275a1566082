"""Fixtures; puts tools/ on sys.path."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import toolchains  # noqa: E402
from project import Project  # noqa: E402


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
