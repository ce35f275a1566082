"""What all ways to a device have in common: how uploads are signed, and what answers mean.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import re
from typing import Any, Dict, Optional

from hotreload.device.messages import spell_out
from hotreload.errors import ToolError
from hotreload.report import printable

OK = 200
_ADVICE = {
    403: "the firmware on the device has another secret: flash the one of this build directory",
    404: "that is not a hotreload server: is the URL right?",
    408: "the connection is too slow or broken",
    409: (
        "the firmware on the device is not the one that this module was linked with: flash the "
        "firmware of this build directory, or restart the board with it"
    ),
    410: "the device restarted during the upload, or gave it up: see its log, and send it again",
    413: "make the module smaller, or raise max_upload_size or the size of the partition",
    503: "the device is busy: try again",
}


class DeviceError(ToolError):
    """The device cannot be reached, or refuses; then `status` is the status of its answer."""

    status: Optional[int] = None


class Unreachable(DeviceError):
    """No connection: nothing was sent, so it can be sent elsewhere."""


class AnswerLost(DeviceError):
    """The module was sent, all of it, but the answer did not come: the device may have it."""


def sign_upload(module: bytes, secret: bytes, nonce: Optional[bytes]) -> Dict[str, str]:
    """The headers of an upload that prove who sends it.

    X-Hotreload-HMAC goes only to devices that know no nonce: whoever records it can send the same
    upload again to a device that takes it alone.
    """
    digest = hashlib.sha256(module)
    headers = {"X-Hotreload-SHA256": digest.hexdigest()}
    if nonce is None:
        headers["X-Hotreload-HMAC"] = hmac.new(secret, module, hashlib.sha256).hexdigest()
    else:
        length = len(module).to_bytes(4, "little")
        message = b"hotreload-upload\0" + nonce + length + digest.digest()
        headers["X-Hotreload-Auth"] = hmac.new(secret, message, hashlib.sha256).hexdigest()
    return headers


def read_nonce(answer: Dict[str, Any], url: str) -> bytes:
    """The nonce in an answer."""
    nonce = answer.get("nonce")
    if not isinstance(nonce, str) or not re.fullmatch("[0-9a-f]{32}", nonce):
        raise DeviceError(f"{url} answers without a nonce: is it the right one?")
    return bytes.fromhex(nonce)


def read_answer(url: str, status: int, body: bytes) -> Dict[str, Any]:
    """The JSON object of an answer; raises unless its status is 200."""
    text = body.decode("utf-8", "replace")
    try:
        answer = json.loads(text, object_hook=_readable)
    except (ValueError, RecursionError):
        answer = None
    if status == OK and isinstance(answer, dict):
        return answer
    words = printable(" ".join(text.split())[:200])
    reason = answer.get("error") if isinstance(answer, dict) else words
    error = DeviceError(_describe_refusal(url, status, str(reason) if reason else None))
    error.status = status
    raise error


def _readable(answer: Dict[str, Any]) -> Dict[str, Any]:
    """The texts of an answer, as they are shown."""
    return {
        key: printable(spell_out(value)) if isinstance(value, str) else value
        for key, value in answer.items()
    }


def _describe_refusal(url: str, status: int, reason: Optional[str]) -> str:
    phrase = http.client.responses.get(status, "")
    message = f"{url} answers {status} {phrase}".rstrip()
    message += f": {reason}" if reason else ""
    return f"{message}\n{_ADVICE[status]}" if status in _ADVICE else message
