"""Builds a program twice, as a module and linked statically, and runs both on the emulated board.

The commands are those of the project in this folder, as ninja would run them after an edit. The
host tools run in this process: starting them would take most of the time.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import subprocess
import traceback
from pathlib import Path
from typing import List, NamedTuple, Sequence

from cross_toolchain import Core
from hotreload.cli import main as hotreload
from programs import Program

HERE = Path(__file__).resolve().parent
_SECONDS = 300  # for the slowest program on the busiest machine
_RAM = 4 * 1024 * 1024

_LOG = re.compile(rb"^[EWI] \(\d+\) hotreload: .*\n", re.MULTILINE)
# return-addr.c prints where its stack is.
_ADDRESS = re.compile(rb"\b0x[0-9a-f]{8}\b")
_FAULT = re.compile(rb"\npanic: the program faulted\n.*", re.DOTALL)


class CannotBuild(Exception):
    """A command failed; the text is what it said."""


class Outcome(NamedTuple):
    """What a program did; the exit code is negative for a signal."""

    code: int
    output: bytes

    def __str__(self) -> str:
        text = self.output.decode("utf-8", "replace")
        return f"exit code {self.code}" + (f", output {text[-300:]!r}" if text else "")


class TwoForms:
    """The project, built for one core in a folder."""

    def __init__(self, core: Core, folder: Path) -> None:
        self._build = folder / "build"
        self._source = folder / "program" / "program.c"
        self._qemu = core.qemu
        self._source.parent.mkdir(parents=True, exist_ok=True)
        component = "idf_component_register(RELOADABLE SRCS program.c)\n"
        (self._source.parent / "CMakeLists.txt").write_text(component)
        self._source.write_text("int main(void) { return 0; }\n")
        _run(["cmake", "-S", str(HERE), "-B", str(self._build), "-G", "Ninja",
              f"-DCMAKE_TOOLCHAIN_FILE={core.toolchain_file}",
              f"-DTORTURE_COMPONENT={self._source.parent}"])
        _run(["ninja", "-C", str(self._build)])
        self._read_commands()

    def _read_commands(self) -> None:
        """What ninja runs after an edit."""
        self._source.touch()
        lines = _run(["ninja", "-C", str(self._build), "-n", "-v"]).splitlines()
        steps = [line.partition("] ")[2] for line in lines if re.match(r"\[\d+/", line)]
        commands = [[word for word in shlex.split(step) if word not in (":", "&&")]
                    for step in steps]
        self._compile = next(c for c in commands if str(self._source) in c)
        self._link_static = next(c for c in commands if "static.elf" in c)
        self._make_module = [c for c in commands if c not in (self._compile, self._link_static)]

    def compile(self, program: Program, options: Sequence[str]) -> None:
        """Compiles the program for both forms."""
        self._source.write_text(f'#include "{program.source}"\n')
        self._run([*self._compile, "-w", *program.options(), *options])

    def link_statically(self) -> None:
        self._run(self._link_static)

    def make_module(self) -> None:
        """Firmware and module, by the host tools."""
        for command in self._make_module:
            if "hotreload" in command:
                _call_tool(command[command.index("hotreload") + 1:])
            else:
                self._run(command)

    def run_static(self) -> Outcome:
        """May raise subprocess.TimeoutExpired, as run_module()."""
        return self._execute("static.elf")

    def run_module(self) -> Outcome:
        return self._execute("firmware.elf")

    def _execute(self, name: str) -> Outcome:
        flash = self._build / "hotreload" / "partition.bin"
        result = subprocess.run([*self._qemu, str(self._build / name), "--flash", str(flash),
                                 "--ram", str(_RAM)], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                timeout=_SECONDS)
        output = _FAULT.sub(b"", _LOG.sub(b"", result.stdout))
        return Outcome(result.returncode, _ADDRESS.sub(b"an address", output))

    def _run(self, command: Sequence[str]) -> str:
        return _run(command, self._build)


def _run(command: Sequence[str], folder: Path = HERE) -> str:
    result = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            encoding="utf-8", errors="replace")
    if result.returncode != 0:
        raise CannotBuild(result.stdout)
    return result.stdout


def _call_tool(arguments: List[str]) -> None:
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            hotreload(arguments, standalone_mode=False)
    except SystemExit as end:
        if end.code:
            raise CannotBuild(said.getvalue()) from end
    except Exception as error:
        raise CannotBuild(traceback.format_exc()) from error
