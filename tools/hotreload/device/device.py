"""Which device a command talks to, and what every device can do, however it is reached.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Callable, Dict, NamedTuple, Optional

from hotreload.defaults import BAUD
from hotreload.description import load_description
from hotreload.errors import ToolError
from hotreload.files import open_text

if TYPE_CHECKING:
    from hotreload.device.discovery import Search


class Where(NamedTuple):
    """What the command line and the environment say of the device."""

    url: Optional[str] = None
    port: Optional[str] = None
    """A serial port, as pyserial names it."""
    baud: Optional[int] = None
    """None: that of the build's console."""


class Device:
    """A device that can be reached; `url` is how messages name it.

    One that was found on the network has a name, which stays when its URL changes.
    """

    url: str
    name: Optional[str] = None

    def status(self) -> Dict[str, Any]:
        """What the device says about itself: `GET /status`."""
        raise NotImplementedError

    def pending(self) -> bool:
        """Whether an upload waits for the application to reload it."""
        raise NotImplementedError

    def upload(
        self, module: bytes, secret: bytes, progress: Callable[[int, int], None]
    ) -> Dict[str, Any]:
        """Sends a module, signed; calls progress(bytes sent, bytes in all)."""
        raise NotImplementedError

    def follow_log(self, show: Callable[[str], None]) -> None:
        """Calls show() with each line of the log from now on, if it comes the same way."""

    def close(self) -> None:
        """Gives back what it holds: others can use a serial port from then on."""


def known_device(where: Where, build: str) -> Optional[Device]:
    """The device of the command line or the environment, else that of the build directory."""
    if where.port and not where.url:
        from hotreload.device.serial_device import SerialDevice

        return SerialDevice(where.port, where.baud or console_baud(build))
    url, source = where.url, "--url or HOTRELOAD_URL"
    if not url:
        url, source = load_description(build).url, f"HOTRELOAD_URL of CMake, in {build}"
    if not url:
        return None
    from hotreload.device.http_device import HttpDevice

    return HttpDevice(url, source)


def search_network(build: str) -> Search:
    """Looks on the network for the device with the firmware of the build, in the background."""
    from hotreload.device.discovery import Search

    return Search(load_description(build))


def find_device(where: Where, build: str) -> Device:
    """The device that is known, else the one that is found on the network."""
    return known_device(where, build) or search_network(build).wait()


def find_again(device: Device, build: str) -> Optional[Device]:
    """A device that was found on the network, where it is now; None: there, or nowhere else."""
    if device.name is None:
        return None
    from hotreload.device.discovery import Search

    try:
        now = Search(load_description(build), device.name).wait()
    except ToolError:
        return None
    return now if now.url != device.url else None


def console_baud(build: str) -> int:
    """The rate of the console in the build's configuration; that of all chips otherwise."""
    directory = build if os.path.isdir(build) else os.path.dirname(os.path.dirname(build))
    try:
        with open_text(os.path.join(directory, "project_description.json")) as file:
            return int(json.load(file)["monitor_baud"])
    except (OSError, ValueError, KeyError, TypeError):
        return BAUD
