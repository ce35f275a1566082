"""The command `status`: what the device says about itself, as a table.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import json
from typing import Any, Dict, List, Tuple

import click

from hotreload.device import Device


def show_status(device: Device, as_json: bool) -> None:
    """Asks the device and prints its answer."""
    answer = device.status()
    if as_json:
        click.echo(json.dumps(answer, indent=2))
        return
    rows = [("device", device.url), *_rows(answer)]
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        click.echo(f"{name:<{width}}  {value}")


def _rows(answer: Dict[str, Any]) -> List[Tuple[str, str]]:
    rows = [("firmware", str(answer.get("firmware", "unknown")))]
    if answer.get("loaded"):
        trial = ", on trial" if answer.get("trial") else ""
        rows.append(("module", f"loaded, sequence {answer.get('sequence')}{trial}"))
        for name in ("text", "data"):
            segment = answer.get(name) or {}
            rows.append((name, f"{segment.get('size')} bytes at {segment.get('address')}"))
    else:
        rows.append(("module", "none loaded"))
    rows.append(("reloads since boot", str(answer.get("reloads"))))
    pending = "yes, waits for the application" if answer.get("pending") else "no"
    rows.append(("update pending", pending))
    if answer.get("rollback"):
        rows.append(("rolled back", str(answer["rollback"])))
    rows.append(("last error", str(answer.get("last_error") or "none")))
    return rows
