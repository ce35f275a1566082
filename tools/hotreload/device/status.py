"""What the tools use of the answer to `GET /status`, checked where it is received.

A field that is not there is not known: older firmware has fewer.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import json
import re
from typing import Any, Dict

from hotreload.device.protocol import OK, DeviceError

_ADDRESS = "0x[0-9a-f]{1,8}"
_SHA256 = "[0-9a-f]{64}"
_SEGMENT = {"address": _ADDRESS, "size": int}
_RECORD = {"sequence": int, "sha256": _SHA256}
# A type, a pattern of a text, or the fields of an object, which must all be there.
_FIELDS = {
    "firmware": str,
    "loaded": bool,
    "sequence": int,
    "reloads": int,
    "text": _SEGMENT,
    "data": _SEGMENT,
    "base": _RECORD,
    "patch": {"sequence": int, "functions": int, "text": _SEGMENT, "data": _SEGMENT},
    "exports": int,
    "free": {"text": int, "data": int},
    "pending": bool,
    "newest": _RECORD,
    "trial": bool,
    "stored": bool,
    "rollback": str,
    "last_error": str,
}
_MAY_BE_NULL = ("base", "patch", "newest", "rollback", "last_error")
_MOST_SHOWN = 100  # characters


def check_status(answer: Dict[str, Any], url: str) -> Dict[str, Any]:
    """Returns the answer; raises DeviceError if it is not what a device says."""
    for name, form in _FIELDS.items():
        value = answer.get(name)
        if name not in answer or (value is None and name in _MAY_BE_NULL):
            continue
        if not _has_form(value, form):
            error = DeviceError(
                f'{url} answers "{name}": {json.dumps(value)[:_MOST_SHOWN]}, which no hotreload '
                "server says: is the URL right, and the firmware of this version?"
            )
            error.status = OK
            raise error
    return answer


def _has_form(value: Any, form: Any) -> bool:
    if isinstance(form, dict):
        return isinstance(value, dict) and all(
            _has_form(value.get(name), inner) for name, inner in form.items()
        )
    if isinstance(form, str):
        return isinstance(value, str) and re.fullmatch(form, value) is not None
    return type(value) is form  # True is an int as well.
