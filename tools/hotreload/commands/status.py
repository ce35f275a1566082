"""The command `status`: a table of what the device says about itself, compared with the build.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import json
from typing import Any, Dict, List, Optional, Tuple

import click

from hotreload.description import Description, load_description
from hotreload.device.device import Device
from hotreload.errors import ToolError
from hotreload.module.exports import read_exports
from hotreload.module.firmware_reader import FirmwareReader


def show_status(device: Device, build: str, as_json: bool) -> None:
    """Asks the device and prints its answer."""
    answer = device.status()
    if as_json:
        click.echo(json.dumps(answer, indent=2))
        return
    rows = [("device", device.url), *_rows(answer, _Build(build))]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        click.echo(f"{name:<{width}}  {value}")


class _Build:
    """What a build directory says about the firmware; empty if there is no build."""

    def __init__(self, build: str) -> None:
        self._description: Optional[Description] = None
        self._identity = ""
        try:
            description = load_description(build)
            self._identity = FirmwareReader().identity(description).hex()
            self._description = description
        except ToolError:
            pass  # The command works without a build, too.

    def firmware(self, identity: str) -> str:
        """The device's firmware, compared with that of the build."""
        if self._description is None:
            return identity
        if identity == self._identity:
            return f"{identity}, that of this build"
        return (
            f"{identity}, not that of this build ({self._identity[:12]}): "
            f"{self._description.whole_build}"
        )

    def exports(self, identity: str, count: int) -> str:
        """The number of exports; their names as well if it is the build's firmware."""
        if self._description is None or identity != self._identity:
            return str(count)
        return f"{count}: {', '.join(read_exports(self._description.exports).table)}"


def _segments(answer: Dict[str, Any]) -> List[Tuple[str, str]]:
    segments = {name: answer.get(name) or {} for name in ("text", "data")}
    return [(name, f"{s.get('size')} bytes at {s.get('address')}") for name, s in segments.items()]


def _rows(answer: Dict[str, Any], build: _Build) -> List[Tuple[str, str]]:
    identity = str(answer.get("firmware", "unknown"))
    rows = [("firmware", build.firmware(identity))]
    if "exports" in answer:
        rows.append(("exports", build.exports(identity, answer["exports"])))
    if answer.get("loaded"):
        trial = ", on trial" if answer.get("trial") else ""
        stored = "" if answer.get("stored", True) else ", not stored: lost at a restart"
        rows.append(("module", f"loaded, sequence {answer.get('sequence')}{trial}{stored}"))
        rows += _segments(answer)
        patch = answer.get("patch")
        if patch:
            count = patch.get("functions")
            rows.append(("patch", f"sequence {patch.get('sequence')} of base "
                         f"{(answer.get('base') or {}).get('sequence')}, "
                         f"{count} function{'' if count == 1 else 's'} replaced"))  # fmt: skip
            rows += [(f"patch's {name}", text) for name, text in _segments(patch)]
    else:
        rows.append(("module", "none loaded"))
    if "free" in answer:
        free = answer["free"]
        rows.append(("free memory", f"text {free.get('text')}, data {free.get('data')} bytes"))
    rows.append(("reloads since boot", str(answer.get("reloads"))))
    pending = "yes, waits for the application" if answer.get("pending") else "no"
    rows.append(("update pending", pending))
    if answer.get("rollback"):
        rows.append(("rolled back", str(answer["rollback"])))
    rows.append(("last error", str(answer.get("last_error") or "none")))
    return rows
