"""Fixtures of the tests with a real ESP-IDF. SPDX-License-Identifier: MIT"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Callable, Iterator, List, Optional

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

import qemu  # noqa: E402
from idf_project import IdfProject, copy_repository, environment, list_targets  # noqa: E402

QEMU_TARGET = qemu.MACHINE


def _missing_idf() -> Optional[str]:
    if not os.environ.get("IDF_PATH"):
        return "no ESP-IDF: IDF_PATH is not set (run its export.sh first)"
    if shutil.which("idf.py") is None:
        return "no ESP-IDF: idf.py is not on PATH (run its export.sh first)"
    result = subprocess.run(
        ["idf.py", "--version"],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    if result.returncode != 0:
        return f"idf.py does not work: {result.stdout.strip()[-300:]}"
    return None


def _targets() -> List[str]:
    """HOTRELOAD_TEST_TARGETS, a list with spaces, chooses among those that could be built."""
    if _MISSING_IDF:
        return []
    chosen = os.environ.get("HOTRELOAD_TEST_TARGETS", "").split()
    return [target for target in list_targets() if not chosen or target in chosen]


_MISSING_IDF = _missing_idf()
_TARGETS = _targets()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test per chip; without any, one that says why."""
    if "target" in metafunc.fixturenames:
        metafunc.parametrize("target", _TARGETS or ["no chip"])


@pytest.fixture(autouse=True, scope="session")
def idf() -> None:
    if _MISSING_IDF:
        pytest.skip(_MISSING_IDF)
    if not _TARGETS:
        pytest.skip("no compiler for any chip of this ESP-IDF is on PATH")


@pytest.fixture(scope="session")
def repository(idf: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this repository."""
    return copy_repository(tmp_path_factory.mktemp("idf"))


@pytest.fixture(scope="session")
def main_target() -> str:
    """The chip for tests that need only one: that of QEMU, if it can be built."""
    return QEMU_TARGET if QEMU_TARGET in _TARGETS else _TARGETS[0]


@pytest.fixture(scope="session")
def example(repository: Path, main_target: str) -> IdfProject:
    """The basic example, built."""
    project = IdfProject(repository / "examples" / "basic", main_target, main_target)
    project.run("build")
    return project


@pytest.fixture()
def project(repository: Path, main_target: str, tmp_path: Path) -> IdfProject:
    """A copy of the basic example, beside it, to be changed and configured."""
    directory = repository / "examples" / tmp_path.name
    shutil.copytree(repository / "examples" / "basic", directory, ignore=_ignore)
    return IdfProject(directory, main_target, main_target)


def _ignore(directory: str, names: List[str]) -> List[str]:
    return [name for name in names if name in ("build", "dependencies.lock")]


@pytest.fixture()
def start_chip(tmp_path: Path) -> Iterator[Callable[..., qemu.Qemu]]:
    """Runs projects in QEMU, where that can be; QEMU's options may follow."""
    running: List[qemu.Qemu] = []

    def start(project: IdfProject, *options: str) -> qemu.Qemu:
        reason = qemu.missing()
        if reason is None and project.target != QEMU_TARGET:
            reason = f"{QEMU_TARGET}, which QEMU would run, cannot be built"
        if reason:
            pytest.skip(reason)
        running.append(qemu.Qemu(project, tmp_path, *options))
        return running[-1]

    yield start
    for chip in running:
        chip.stop()


@pytest.fixture()
def chip(example: IdfProject, start_chip: Callable[[IdfProject], qemu.Qemu]) -> qemu.Qemu:
    """The example, running; what it was changed to before is built away."""
    example.run("build")
    return start_chip(example)
