"""Compiles the reloadable components: ninja on one target.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import subprocess

from hotreload.description import Description
from hotreload.errors import ToolError


def compile_objects(description: Description, verbose: bool) -> None:
    """Runs ninja; its output goes where ours goes, so colours stay as they are."""
    command = [description.ninja, *(["-v"] if verbose else []), description.objects_target]
    try:
        result = subprocess.run(command, cwd=description.build_dir)
    except OSError as error:
        raise ToolError(
            f"cannot run {description.ninja} in {description.build_dir}: {error.strerror}"
        ) from error
    if result.returncode != 0:
        raise ToolError("the reloadable components do not compile: see the messages above")
