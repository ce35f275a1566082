"""The command `gdb`: a debugger that knows the module at its run addresses.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import shlex
import shutil
from contextlib import closing
from typing import List, Optional

import click

from hotreload.commands.placed import LinkedFile, Placement, Placements, read_placements
from hotreload.description import Description, find_program, load_description
from hotreload.device.find_device import Where, find_device
from hotreload.errors import ToolError


def show_gdb(
    build: str, where: Where, run: bool, gdb: Optional[str], remote: Optional[str]
) -> None:
    """Prints GDB's command, or runs it in place of this process."""
    description = load_description(build)
    with closing(find_device(where, build)) as device:
        placements = read_placements(device.status())
    if placements.module is None:
        raise ToolError("the device has no module loaded, so there is nothing to debug in it")
    program = gdb or find_gdb(description)
    command = gdb_command(description, placements, program, remote)
    if not run:
        click.echo(" ".join(shlex.quote(word) for word in command))
        return
    try:
        os.execvp(command[0], command)
    except OSError as error:
        raise ToolError(f"cannot run {command[0]}: {error.strerror}; name one: --gdb") from error


def gdb_command(
    description: Description, placements: Placements, gdb: str, remote: Optional[str]
) -> List[str]:
    """The arguments: firmware, the sections of module and patch, then where the target is."""
    command = [gdb, description.firmware_elf]
    for is_patch, placement in enumerate(placements):
        if placement is not None:
            linked = LinkedFile(description, bool(is_patch))
            mismatch = linked.mismatch(placement)
            if mismatch:
                raise ToolError(
                    f"the device runs another module than {linked.path}: {mismatch}; reload first, "
                    "then ask again"
                )
            command += ["-ex", symbols_command(linked, placement)]
    return command + (["-ex", f"target remote {remote}"] if remote else [])


def symbols_command(linked: LinkedFile, placement: Placement) -> str:
    """GDB's command that loads the symbols at their run addresses."""
    sections = linked.sections(placement)
    words = [f"-s {name} {address:#x}" for name, address in sections]
    if sections and sections[0][0] == ".text":
        words[0] = f"{sections[0][1]:#x}"
    return f'add-symbol-file "{linked.path}" ' + " ".join(words)


def find_gdb(description: Description) -> str:
    """The toolchain's GDB, or one for all architectures."""
    for path in (find_program("gdb", description.compiler), shutil.which("gdb-multiarch")):
        if path and os.path.exists(path):
            return path
    raise ToolError(
        "no GDB for this chip was found: install gdb-multiarch, or name one with --gdb PROGRAM"
    )
