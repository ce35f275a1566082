"""Fixtures of the tests with a real ESP-IDF. SPDX-License-Identifier: MIT"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Iterator, List, Optional

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from idf_project import DEFAULTS, IdfProject  # noqa: E402
from idf_project import copy_repository, environment, list_targets  # noqa: E402
from machines import MACHINES, Machine  # noqa: E402
from qemu import Qemu  # noqa: E402

# A project that one test configures, or few, costs minutes: it is built for one machine only.
_OWN_BUILDS = {"project", "by_console"}


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


_MISSING_IDF = _missing_idf()
_TARGETS = [] if _MISSING_IDF else list_targets()
_REASONS = {machine: machine.missing(_TARGETS) for machine in MACHINES}


def _one_machine() -> Machine:
    """One that runs here; else one that can be built for."""
    for machine, reason in _REASONS.items():
        if reason is None:
            return machine
    target = _TARGETS[0] if _TARGETS else "no chip"
    return Machine(target, target, "qemu-system-riscv32")


def _machines(metafunc: pytest.Metafunc) -> List[Any]:
    """The rows of the table that a test runs on."""
    used = set(metafunc.fixturenames)
    if "start_chip" not in used or used & _OWN_BUILDS:
        return [_one_machine()]
    rows: List[Any] = [machine for machine, reason in _REASONS.items() if reason is None]
    if metafunc.definition.get_closest_marker("names_missing_machines"):
        for machine, reason in _REASONS.items():
            if reason:
                skip = pytest.mark.skip(reason=f"machine {machine.name}: {reason}")
                rows.append(pytest.param(machine, marks=skip))
    return rows or [_one_machine()]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "names_missing_machines: is skipped for each of them")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test per chip, or per machine."""
    if "target" in metafunc.fixturenames:
        metafunc.parametrize("target", _TARGETS or ["no chip"])
    if "machine" in metafunc.fixturenames:
        metafunc.parametrize("machine", _machines(metafunc), ids=_name, scope="session")


def _name(machine: Machine) -> str:
    return machine.name


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


def _project(directory: Path, machine: Machine, defaults: str = DEFAULTS) -> IdfProject:
    """A project in a directory, configured for a machine."""
    if machine.sdkconfig:
        (directory / f"sdkconfig.{machine.name}").write_text(machine.sdkconfig)
        defaults += f";sdkconfig.{machine.name}"
    return IdfProject(directory, machine.target, machine.name, defaults)


@pytest.fixture(scope="session")
def example(repository: Path, machine: Machine) -> IdfProject:
    """The basic example, built."""
    project = _project(repository / "examples" / "basic", machine)
    project.run("build")
    return project


@pytest.fixture(scope="session")
def program(repository: Path, machine: Machine) -> IdfProject:
    """The tests' own program, built."""
    basic = Path("..", "..", "..", "examples", "basic")
    defaults = [str(basic / name) for name in DEFAULTS.split(";")] + ["sdkconfig.program"]
    project = _project(repository / "test" / "esp_idf" / "program", machine, ";".join(defaults))
    project.run("build")
    return project


@pytest.fixture(scope="session")
def unit_tests(repository: Path, machine: Machine) -> IdfProject:
    """The Unity tests of test_apps, built."""
    project = _project(repository / "test_apps" / "hotreload_test", machine)
    project.run("build")
    return project


@pytest.fixture()
def project(repository: Path, machine: Machine, tmp_path: Path) -> IdfProject:
    """A copy of the basic example, beside it, to be changed and configured."""
    directory = repository / "examples" / tmp_path.name
    shutil.copytree(repository / "examples" / "basic", directory, ignore=_ignore)
    return _project(directory, machine)


def _ignore(directory: str, names: List[str]) -> List[str]:
    return [name for name in names if name in ("build", "dependencies.lock")]


@pytest.fixture()
def start_chip(machine: Machine, tmp_path: Path) -> Iterator[Callable[..., Qemu]]:
    """Runs projects in QEMU; QEMU's options may follow."""
    running: List[Qemu] = []

    def start(project: IdfProject, *options: str) -> Qemu:
        reason = machine.missing(_TARGETS)
        if reason:
            pytest.skip(reason)
        running.append(Qemu(machine, project, tmp_path, *options))
        return running[-1]

    yield start
    for chip in running:
        chip.stop()


@pytest.fixture()
def chip(example: IdfProject, start_chip: Callable[[IdfProject], Qemu]) -> Qemu:
    """The example, running; what it was changed to before is built away."""
    example.run("build")
    return start_chip(example)
