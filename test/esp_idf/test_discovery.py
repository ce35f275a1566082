"""What a chip announces by mDNS, and `idf.py hotreload-status`.

Espressif's component mdns is not part of ESP-IDF: HOTRELOAD_TEST_MDNS names a directory with it.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import json
import os
import shutil
from typing import Callable, Optional

import pytest

from idf_project import IdfProject
from qemu import Qemu
from test_configurations import configure

MAIN = "main/CMakeLists.txt"


def require(project: IdfProject, component: str) -> None:
    """Makes the program depend on a component."""
    path = project.directory / MAIN
    old = "reloadable reloadable_math"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, f"{old} {component}"))


@pytest.mark.parametrize(
    "component, option, expected",
    [
        (None, "", "none"),
        ("mdns", "", "mdns"),
        ("espressif__mdns", "", "mdns"),
        ("mdns", "CONFIG_HOTRELOAD_ANNOUNCE=n", "none"),
    ],
)
def test_the_component_decides(
    project: IdfProject, component: Optional[str], option: str, expected: str
) -> None:
    if component:
        text = "idf_component_register(INCLUDE_DIRS .)\n"
        project.write(f"components/{component}/CMakeLists.txt", text)
        require(project, component)
    configure(project, option)
    commands = json.loads((project.build / "compile_commands.json").read_text())
    names = {os.path.basename(command["file"]) for command in commands}
    assert {name for name in names if name.startswith("discovery_")} == {f"discovery_{expected}.c"}


def test_a_chip_announces_itself(
    project: IdfProject, start_chip: Callable[[IdfProject], Qemu]
) -> None:
    """With the real component. Its packets do not reach us: QEMU's own network has no multicast."""
    component = os.environ.get("HOTRELOAD_TEST_MDNS")
    if not component:
        pytest.skip("HOTRELOAD_TEST_MDNS does not name a directory with Espressif's component mdns")
    shutil.copytree(component, project.directory / "components" / "mdns")
    require(project, "mdns")
    project.run("build")
    chip = start_chip(project)
    chip.wait_for(r"announced by mDNS as _hotreload\._tcp")
    chip.wait_for(r"^Hello, World, from v?\S+! 1$")


def test_status(example: IdfProject, chip: Qemu) -> None:
    chip.wait_for(r"server listens on")
    text = example.run("hotreload-status", "--url", chip.url)
    assert f"{example.digest()}, that of this build" in text
    names = ", ".join(example.exports())
    assert f"{len(example.exports())}: {names}\n" in text
    assert "update pending" in text and "free memory" in text
