"""Compiles the reloadable components: ninja on one target.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import re
from typing import Callable, List

from hotreload.description import Description
from hotreload.errors import ToolError
from hotreload.process import start_program

_COLOUR = re.compile(r"\x1b\[[0-9;]*[mK]")


def compile_objects(
    description: Description, verbose: bool, meanwhile: Callable[[], None]
) -> None:
    """Runs ninja, and does something else meanwhile."""
    command = [description.ninja, *(["-v"] if verbose else []), description.objects_target]
    with start_program(description.build_dir, command, is_shown=True) as ninja:
        meanwhile()
    if ninja.returncode != 0:
        advice = _advise(description, command)
        raise ToolError(
            f"the reloadable components do not compile: see the messages above{advice}"
        )


def _advise(description: Description, command: List[str]) -> str:
    """Compiles once more, to read the compiler's messages."""
    from hotreload.module.missing import explain_missing_headers

    output, _ = start_program(description.build_dir, command).communicate()
    advice = explain_missing_headers(description, _COLOUR.sub("", output))
    return f"\n{advice}" if advice else ""
