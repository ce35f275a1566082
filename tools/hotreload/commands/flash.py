"""Builds the firmware and flashes it, as `idf.py flash` does.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import subprocess
from typing import List, Optional

from hotreload.checks.ninja import query_inputs
from hotreload.description import Description
from hotreload.errors import ToolError

_TARGET = "flash"


def build_and_flash(description: Description, port: Optional[str]) -> None:
    """Builds everything, and flashes the board at the port; None: ESPPORT, else esptool's choice.

    No build lock is taken: a step of the build takes it.
    """
    _run_ninja(description, [], None)
    if not query_inputs(description, [_TARGET]):
        raise ToolError(
            "the build has no target 'flash', so the firmware is built, but not flashed: "
            f"{description.whole_build}"
        )
    _run_ninja(description, [_TARGET], port)


def _run_ninja(description: Description, targets: List[str], port: Optional[str]) -> None:
    # A URL of pyserial is none of a port that can be flashed.
    environment = {**os.environ, "ESPPORT": port} if port and "://" not in port else None
    try:
        result = subprocess.run(
            [description.ninja, *targets], cwd=description.build_dir, env=environment
        )
    except OSError as error:
        raise ToolError(f"cannot run {description.ninja}: {error.strerror}") from error
    if result.returncode != 0:
        what = "flashed" if targets else "built"
        raise ToolError(f"the firmware could not be {what}: see the messages above")
