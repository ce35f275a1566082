"""Compiles the reloadable components: ninja on one target.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import re
import subprocess
from typing import Callable, List

from hotreload.description import Description
from hotreload.errors import ToolError

_COLOUR = re.compile(r"\x1b\[[0-9;]*[mK]")


def compile_objects(
    description: Description, verbose: bool, meanwhile: Callable[[], None]
) -> None:
    """Runs ninja, and does something else meanwhile. It inherits our output, so its colours are
    kept."""
    command = [description.ninja, *(["-v"] if verbose else []), description.objects_target]
    try:
        ninja = subprocess.Popen(command, cwd=description.build_dir)
    except OSError as error:
        raise ToolError(
            f"cannot run {description.ninja} in {description.build_dir}: {error.strerror}"
        ) from error
    with ninja:
        meanwhile()
    if ninja.returncode != 0:
        advice = _advise(description, command)
        raise ToolError(
            f"the reloadable components do not compile: see the messages above{advice}"
        )


def _advise(description: Description, command: List[str]) -> str:
    """Compiles once more, to read the compiler's messages."""
    from hotreload.module.missing import explain_missing_headers

    again = subprocess.run(
        command,
        cwd=description.build_dir,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="surrogateescape",
    )
    advice = explain_missing_headers(description, _COLOUR.sub("", again.stdout))
    return f"\n{advice}" if advice else ""
