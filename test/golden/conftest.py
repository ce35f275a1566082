"""Builds the loader for the host.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(ROOT / "tools"), str(ROOT / "scripts")]

import cross_toolchain  # noqa: E402

cross_toolchain.find_all()


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program that places a module at given addresses."""
    build = tmp_path_factory.mktemp("place")
    subprocess.run(["cmake", "-S", str(HERE), "-B", str(build), "-G", "Ninja"], check=True,
                   stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", str(build)], check=True, stdout=subprocess.DEVNULL)
    return build / "place"
