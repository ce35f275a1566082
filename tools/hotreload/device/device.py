"""What every device can do, however it is reached.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, Optional

from hotreload.device.protocol import AnswerLost, DeviceError, sign_upload

_FORBIDDEN = 403
_MOST_SHOWN = 100  # characters


class Device:
    """A device that can be reached; `url` is how messages name it.

    A device that was found on the network has a name, which stays when its URL changes.
    """

    url: str
    name: Optional[str] = None
    _nonce: Optional[bytes] = None
    """For the next upload, if it was asked for ahead."""

    def status(self) -> Dict[str, Any]:
        """What the device says about itself: `GET /status`."""
        raise NotImplementedError

    def pending(self) -> bool:
        """Whether an upload waits for the application to reload it."""
        raise NotImplementedError

    def prepare_upload(self) -> None:
        """Asks ahead for the nonce, which the next upload need not wait for then."""
        self._nonce = self._ask_nonce()

    def upload(
        self, module: bytes, secret: bytes, progress: Callable[[int, int], None]
    ) -> int:
        """Sends a module, signed; calls progress(bytes sent, all bytes). Returns its sequence."""
        sequence = self._upload_signed(module, secret, progress).get("sequence")
        if type(sequence) is not int:
            raise AnswerLost(
                f"{self.url} answers the upload with a sequence that is no number: "
                f"{json.dumps(sequence)[:_MOST_SHOWN]}"
            )
        return sequence

    def _upload_signed(
        self, module: bytes, secret: bytes, progress: Callable[[int, int], None]
    ) -> Dict[str, Any]:
        nonce, self._nonce = self._nonce or self._ask_nonce(), None
        try:
            return self._upload(module, sign_upload(module, secret, nonce), progress)
        except DeviceError as error:
            if error.status != _FORBIDDEN:
                raise
            used, nonce = nonce, self._ask_nonce()
            if nonce == used:
                raise  # Else another upload has used it up.
        return self._upload(module, sign_upload(module, secret, nonce), progress)

    def _ask_nonce(self) -> Optional[bytes]:
        """The nonce for the next upload; None: the firmware is older than that."""
        raise NotImplementedError

    def _upload(
        self, module: bytes, headers: Dict[str, str], progress: Callable[[int, int], None]
    ) -> Dict[str, Any]:
        raise NotImplementedError

    def follow_log(self, show: Callable[[str], None], lose: Callable[[], None]) -> None:
        """Calls show() with each line of the log from now on, if it comes the same way.

        Calls lose() when the connection is lost. Both are called from another thread.
        """

    def close(self) -> None:
        """Closes the connection. Other programs can use the serial port then."""
