"""The basic example works with what the component's package has, and nothing else.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from pathlib import Path

import component_package
from idf_project import IdfProject
from machines import Machine


def test_example_of_the_packed_component(
    repository: Path, machine: Machine, tmp_path: Path
) -> None:
    component = component_package.unpack_component(repository, tmp_path / "hotreload")
    assert not (component / "test").exists()
    project = IdfProject(component / "examples" / "basic", machine.target, machine.name)
    project.run("build")
    assert "reloadable_hello" in project.exports()
    assert project.path("module.bin").stat().st_size > 0
    assert "--url" in project.run("reload", "--help")
