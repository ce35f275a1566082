"""The console of an emulated chip takes requests beside its log: no network.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Callable, Iterator

import pytest
from idf_project import DEFAULTS, IdfProject
from machines import Machine
from qemu import Qemu
from terminal import Terminal
from test_chip import RELOADABLE

BY_CONSOLE = "CONFIG_HOTRELOAD_SERVER=n\nCONFIG_HOTRELOAD_SERIAL=y\n"


@pytest.fixture(scope="module")
def by_console(repository: Path, machine: Machine) -> IdfProject:
    """The basic example without a network, built."""
    directory = repository / "examples" / "basic"
    (directory / "sdkconfig.console").write_text(BY_CONSOLE)
    defaults = f"{DEFAULTS};sdkconfig.console"
    project = IdfProject(directory, machine.target, f"{machine.name}-console", defaults)
    project.run("build")
    return project


@pytest.fixture()
def board(by_console: IdfProject, start_chip: Callable[[IdfProject], Qemu]) -> Iterator[Qemu]:
    by_console.run("build")
    chip = start_chip(by_console)
    chip.wait_for(r"^Hello, World, from \S+! 1")
    yield chip
    assert chip.boots() == 1


def test_reload(by_console: IdfProject, board: Qemu) -> None:
    """Edit, reload, new output; and the log has lost nothing."""
    assert "server listens" not in board.console()
    with by_console.changed(RELOADABLE, '"Hello"', '"Moin"'):
        output = by_console.run("-p", board.serial, "reload", "--wait", "30")
    assert f"to {board.serial} in " in output
    board.wait_for(r"^Moin, World, from \S+! \d+")
    lines = re.sub(r"\x02hr:\S*\n", "", board.console())
    counts = [int(n) for n in re.findall(r"^\w+, World, .*! (\d+)$", lines, re.M)]
    assert counts == list(range(len(counts)))  # also over the reload, which was a patch


def test_the_port_behind_the_command(by_console: IdfProject, board: Qemu) -> None:
    by_console.run("reload", "--whole", "-p", board.serial)
    board.wait_for(r"module loaded(.|\n)*module loaded")
    by_console.run("reload", ESPPORT=board.serial)


def test_watch_and_monitor_share_the_port(by_console: IdfProject, board: Qemu) -> None:
    """The watch holds it; the monitor gets the log, and no requests or answers."""
    command = ["-p", board.serial, "watch", "monitor", "--no-reset"]
    with Terminal(by_console, *command) as terminal:
        terminal.read_to_both("Hello, World, ", "No change: ")
        with by_console.changed(RELOADABLE, '"Hello"', '"Moin"'):
            text = terminal.read_to("Moin, World, ")
        assert "Changed: reloadable.c" in text and "Patched: 1 function" in text
        assert "hr:" not in text and "hr:" in board.console()


def test_a_firmware_without_it(
    example: IdfProject, start_chip: Callable[[IdfProject], Qemu]
) -> None:
    """The port is for flashing then, and does not take the place of the URL."""
    example.run("build")
    chip = start_chip(example)
    chip.wait_for("server listens on")
    example.run("-p", "/dev/ttyNONE", "reload", "--url", chip.url)
    text = example.fail("reload", HOTRELOAD_PORT=chip.serial)
    assert "hotreload_serial_start()" in text and "CONFIG_HOTRELOAD_SERIAL=y" in text


def test_usb_serial_jtag_is_compiled(project: IdfProject) -> None:
    """QEMU has no such port; other chips than these have none at all."""
    if project.target in ("esp32", "esp32s2", "esp32c2"):
        pytest.skip(f"{project.target} has no USB-Serial/JTAG")
    options = f"{BY_CONSOLE}CONFIG_ESP_CONSOLE_USB_SERIAL_JTAG=y\n"
    project.write("sdkconfig.usb", options)
    project.defaults = f"{DEFAULTS};sdkconfig.usb"
    project.run("reconfigure")
    folder = "esp-idf/hotreload/CMakeFiles/__idf_hotreload.dir/port/esp_idf"
    for name in ("console/serial.c", "console/console_usb_jtag.c"):
        result = project.ninja(f"{folder}/{name}.obj")
        assert result.returncode == 0, result.stdout[-3000:]
        assert not re.search(r"hotreload/port/esp_idf/\S+ warning:", result.stdout)
