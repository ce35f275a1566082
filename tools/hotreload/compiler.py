"""Compiles the reloadable components: ninja on one target.

Imports little, so that ninja runs while the rest of the tool is still being loaded.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import subprocess

from hotreload.description import Description
from hotreload.errors import ToolError


def start_compiler(description: Description, verbose: bool) -> "subprocess.Popen[bytes]":
    """Starts ninja; its output goes where ours goes, so colours stay as they are."""
    command = [description.ninja, *(["-v"] if verbose else []), description.objects_target]
    try:
        return subprocess.Popen(command, cwd=description.build_dir)
    except OSError as error:
        raise ToolError(
            f"cannot run {description.ninja} in {description.build_dir}: {error.strerror}"
        ) from error


def finish_compiler(process: "subprocess.Popen[bytes]") -> None:
    """Waits for ninja."""
    if process.wait() != 0:
        raise ToolError("the reloadable components do not compile: see the messages above")
