"""Starts the programs that build.

Imports little, like ninja_compile.py.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import subprocess
from typing import List, Union

from hotreload.errors import ToolError


def start_program(
    build_dir: str, command: Union[str, List[str]], is_shown: bool = False
) -> "subprocess.Popen[str]":
    """Starts a program in the build directory. What it prints is there to be read, or is shown
    at once: it inherits our output, so its colours are kept.

    A string is a command as build.ninja has it, and is run as ninja runs it.
    """
    try:
        return subprocess.Popen(
            command,
            shell=isinstance(command, str) and os.name != "nt",
            cwd=build_dir,
            stdin=subprocess.DEVNULL,
            stdout=None if is_shown else subprocess.PIPE,
            stderr=None if is_shown else subprocess.STDOUT,
            encoding="utf-8",
            errors="surrogateescape",
        )
    except OSError as error:
        name = command if isinstance(command, str) else command[0]
        raise ToolError(f"cannot run {name} in {build_dir}: {error.strerror}") from error
