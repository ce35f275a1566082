"""Which device a command talks to.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple, Optional

from hotreload.description import Description, load_description
from hotreload.device.device import Device
from hotreload.errors import ToolError
from hotreload.module.firmware_reader import FirmwareReader
from hotreload.project_description import read_project_description

if TYPE_CHECKING:
    from hotreload.device.discovery import Search


_BAUD = 115200  # of a serial port, where neither the command line nor the build says another rate


class Where(NamedTuple):
    """What the command line and the environment say of the device."""

    url: Optional[str] = None
    port: Optional[str] = None
    """A serial port, as pyserial names it."""
    baud: Optional[int] = None
    """None: that of the build's console."""
    is_all: bool = False
    """All boards on the network with the firmware of the build."""


def known_device(
    where: Where, build: str, description: Optional[Description] = None
) -> Optional[Device]:
    """The device of the command line or the environment, else that of the build directory."""
    if where.is_all:
        if where.url or where.port:
            raise ToolError(
                "--all means the boards that are found on the network: leave out --url "
                "(HOTRELOAD_URL) and --port"
            )
        return None
    if where.port and not where.url:
        from hotreload.device.serial_device import SerialDevice

        return SerialDevice(where.port, where.baud or console_baud(build))
    url, source = where.url, "--url or HOTRELOAD_URL"
    if not url:
        url = (description or load_description(build)).url
        source = f"HOTRELOAD_URL of CMake, in {build}"
    if not url:
        return None
    from hotreload.device.http_device import HttpDevice

    return HttpDevice(url, source)


def search_network(
    description: Description, reader: FirmwareReader, is_all: bool = False
) -> Search:
    """Looks on the network for the device with the firmware of the build, in the background."""
    from hotreload.device.discovery import Search

    return Search(description, reader, is_all=is_all)


def find_device(where: Where, build: str) -> Device:
    """The device that is known, else the one that is found on the network."""
    device = known_device(where, build)
    return device or search_network(load_description(build), FirmwareReader()).wait()


def find_device_again(device: Device, build: str) -> Optional[Device]:
    """Where a device is now that was found on the network; None: there, or nowhere else."""
    if device.name is None:
        return None
    from hotreload.device.discovery import Search

    try:
        now = Search(load_description(build), FirmwareReader(), device.name).wait()
    except ToolError:
        return None
    return now if now.url != device.url else None


def console_baud(build: str) -> int:
    """The rate of the console in the build's configuration; that of all chips otherwise."""
    directory = build if os.path.isdir(build) else os.path.dirname(os.path.dirname(build))
    try:
        return int(read_project_description(directory)["monitor_baud"])
    except (ValueError, KeyError, TypeError):
        return _BAUD
