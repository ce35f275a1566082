"""Fixtures of the tests of the CMake files. SPDX-License-Identifier: MIT"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from stand_in import COMPILER, Project  # noqa: E402


@pytest.fixture()
def project(tmp_path: Path) -> Project:
    """A project with the component main only."""
    if shutil.which(COMPILER) is None:
        pytest.skip(f"{COMPILER} is not installed (apt-get install gcc-riscv64-unknown-elf)")
    return Project(tmp_path)
