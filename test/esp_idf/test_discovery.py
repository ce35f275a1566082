"""What a chip announces by mDNS, and `idf.py hotreload-status`.

Espressif's component mdns is not part of ESP-IDF: HOTRELOAD_TEST_MDNS names a directory with it.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import json
import os
import shutil
import socket
from typing import Any, Callable, List, Optional

import pytest

from idf_project import IdfProject
from qemu import Qemu
from test_configurations import configure
from wire import Wire

# Types and class of DNS records.
_A, _PTR, _TXT, _SRV, _IN = 1, 12, 16, 33, 1

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


def ask(wire: Wire, service: str) -> List[Any]:
    """Asks for a service on the wire; returns the records of an answer that has some."""
    zeroconf = pytest.importorskip("zeroconf", reason="python3-zeroconf is not installed")
    question = zeroconf.DNSOutgoing(0)
    question.add_question(zeroconf.DNSQuestion(service, _PTR, _IN))
    for _ in range(30):
        for packet in question.packets():
            wire.send_mdns(packet)
        for message in map(zeroconf.DNSIncoming, wire.mdns_messages(1)):
            # Newer versions have a function there.
            records = message.answers() if callable(message.answers) else message.answers
            if message.is_response() and records:
                return list(records)
    raise AssertionError(f"nobody answers for {service}")


def test_a_chip_announces_itself(project: IdfProject, start_chip: Callable[..., Qemu]) -> None:
    """With the real component, on the wire: QEMU's own network does not carry multicast to us."""
    component = os.environ.get("HOTRELOAD_TEST_MDNS")
    if not component:
        pytest.skip("HOTRELOAD_TEST_MDNS does not name a directory with Espressif's component mdns")
    shutil.copytree(component, project.directory / "components" / "mdns")
    require(project, "mdns")
    project.run("build")
    with Wire() as wire:
        chip = start_chip(project, *wire.options)
        chip.wait_for(r"announced by mDNS as _hotreload\._tcp")
        records = {record.type: record for record in ask(wire, "_hotreload._tcp.local.")}
    assert records[_SRV].port == 8080
    assert socket.inet_ntoa(records[_A].address) == "10.0.2.15"
    for item in (f"firmware={project.digest()}", "project=hotreload_basic", "chip=esp32c3"):
        assert bytes([len(item)]) + item.encode() in records[_TXT].text


def test_status(example: IdfProject, chip: Qemu) -> None:
    chip.wait_for(r"server listens on")
    text = example.run("hotreload-status", "--url", chip.url)
    assert f"{example.digest()}, that of this build" in text
    names = ", ".join(example.exports())
    assert f"{len(example.exports())}: {names}\n" in text
    assert "update pending" in text and "free memory" in text
