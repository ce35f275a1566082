"""What every device can do, however it is reached.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Optional


class Device:
    """A device that can be reached; `url` is how messages name it.

    A device that was found on the network has a name, which stays when its URL changes.
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

    def follow_log(self, show: Callable[[str], None], lose: Callable[[], None]) -> None:
        """Calls show() with each line of the log from now on, if it comes the same way.

        Calls lose() when the connection is lost. Both are called from another thread.
        """

    def close(self) -> None:
        """Closes the connection. Other programs can use the serial port then."""
