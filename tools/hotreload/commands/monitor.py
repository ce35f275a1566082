"""`idf.py monitor` knows the module: addresses in the log, and backtraces that its GDB makes.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
import threading
from typing import Iterator, List, Optional

import click

from hotreload.commands.decode import Decoder
from hotreload.commands.gdb import find_gdb, symbols_command
from hotreload.commands.placed import Placements
from hotreload.description import Description, load_description
from hotreload.errors import ToolError
from hotreload.files import make_directory, write_if_changed
from hotreload.project_description import read_project_description

_LONGEST_LINE = 4096


@contextlib.contextmanager
def explain_module_addresses(build: str) -> Iterator[None]:
    """While this runs, the process's output is explained, and the chip's GDB has the symbols."""
    description = _describe(build)
    with contextlib.ExitStack() as stack:
        try:
            if description is not None:
                _begin(description, stack)
        except ToolError as error:
            click.echo(f"note: addresses in the module are not explained: {error}", err=True)
        yield


def _begin(description: Description, stack: contextlib.ExitStack) -> None:
    directory = os.path.join(description.directory, "monitor")
    make_directory(directory)
    symbols = os.path.join(directory, "module.gdb")
    write_if_changed(symbols, "")
    stack.enter_context(_gdb_first_on_path(description, directory, symbols))
    stack.enter_context(_explained(description, symbols))


def _describe(build: str) -> Optional[Description]:
    """None if nothing is built (the monitor says so), or if this system cannot do what follows."""
    try:
        return load_description(build) if os.name == "posix" else None
    except ToolError:
        return None


# ---- GDB ----


@contextlib.contextmanager
def _gdb_first_on_path(description: Description, directory: str, symbols: str) -> Iterator[None]:
    """The monitor calls GDB by name. It finds a script that adds the module's symbols."""
    name, path = _gdb_name(description), os.environ.get("PATH", "")
    program = _find_gdb(description)
    if name is None or program is None:
        yield
        return
    script = os.path.join(directory, name)
    command = f"{shlex.quote(program)} -x {shlex.quote(symbols)}"
    write_if_changed(script, f'#!/bin/sh\nexec {command} "$@"\n', 0o777)
    os.environ["PATH"] = directory + os.pathsep + path
    try:
        yield
    finally:
        os.environ["PATH"] = path


def _gdb_name(description: Description) -> Optional[str]:
    prefix = read_project_description(description.build_dir).get("monitor_toolprefix")
    return f"{prefix}gdb" if prefix else None


def _find_gdb(description: Description) -> Optional[str]:
    try:
        return find_gdb(description)
    except ToolError:
        return None


# ---- the log ----


@contextlib.contextmanager
def _explained(description: Description, symbols: str) -> Iterator[None]:
    """Lines on standard output are followed by what their addresses mean."""
    sys.stdout.flush()
    terminal = os.dup(1)
    source, sink = os.pipe()
    os.dup2(sink, 1)
    os.close(sink)
    log = Log(Decoder(description, Placements()), symbols)
    copying = threading.Thread(target=_copy, args=(source, terminal, log), daemon=True)
    copying.start()
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
        os.dup2(terminal, 1)
        copying.join(timeout=1)  # Something that the monitor started may still write.


class Log:
    """Explains the lines of a log."""

    def __init__(self, decoder: Decoder, symbols: str) -> None:
        self._decoder = decoder
        self._symbols = symbols
        self._placements = Placements()

    def explain(self, line: str) -> List[str]:
        """Explanations of a line. GDB is told what runs where, too."""
        texts = list(self._decoder.decode(line))
        try:
            self._tell_gdb()
        except ToolError as error:
            texts.append(f"--- {error}")
        return texts

    def _tell_gdb(self) -> None:
        """Once for each module and patch, also if it fails: the next lines have no more to tell."""
        if self._decoder.placements == self._placements:
            return
        self._placements = self._decoder.placements
        commands = [symbols_command(*placed) for placed in self._decoder.placed()]
        lines = ["set confirm off", *commands, "set confirm on", ""]
        write_if_changed(self._symbols, "\n".join(lines))


def _copy(source: int, terminal: int, log: Log) -> None:
    """Passes on every byte at once, and adds to whole lines. When nobody reads them any more, the
    process's next output fails, as it would without this."""
    line = b""
    with os.fdopen(source, "rb", buffering=0) as log_of_process, contextlib.suppress(OSError):
        while True:
            data = log_of_process.read(4096)
            if not data:
                return
            for part in data.splitlines(keepends=True):
                _write(terminal, part)
                line = (line + part)[-_LONGEST_LINE:]
                if line.endswith(b"\n"):
                    for text in log.explain(line.decode("utf-8", "replace")):
                        _write(terminal, text.encode("utf-8", "backslashreplace") + b"\n")
                    line = b""


def _write(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]
