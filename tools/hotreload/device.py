"""Which device a command talks to, and what every device can do, however it is reached.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import Any, Callable, Dict, NamedTuple, Optional

from hotreload.description import load_description
from hotreload.errors import ToolError


class Where(NamedTuple):
    """What the command line and the environment say of the device."""

    url: Optional[str] = None


class Device:
    """A device that can be reached; `url` is how messages name it."""

    url: str

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


def find_device(where: Where, build: str) -> Device:
    """The device of the command line or the environment, else that of the build directory."""
    url = where.url or load_description(build).url
    if not url:
        raise ToolError(
            "which device? Say --url http://192.168.1.100:8080 or set HOTRELOAD_URL; the device "
            "prints its URL when the server starts"
        )
    from hotreload.http_device import HttpDevice

    return HttpDevice(url)
