"""Asks ninja about the files of a build, without running or writing anything.

Imports little, like ninja_compile.py.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import subprocess
from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence

from hotreload.description import Description
from hotreload.errors import ToolError
from hotreload.process import start_program

Files = Dict[str, List[str]]


class Deps(NamedTuple):
    """What a compiler has read for one output."""

    output: str
    is_valid: bool
    """False: the output is gone, or ninja did not write this list when it made the output."""
    files: List[str]


class Neighbours(NamedTuple):
    """What build.ninja says of one file."""

    inputs: List[str]
    """Without order-only inputs."""
    users: List[str]
    """The outputs that have it as an input of whatever kind."""


_MOST_NAMES = 200 if os.name == "nt" else 4000  # in a command, whose length the system limits


def run_ninja(description: Description, *arguments: str) -> "subprocess.Popen[str]":
    """Starts ninja, which reads the build directory's files meanwhile. `-n`: it writes none."""
    if not os.path.exists(os.path.join(description.build_dir, "build.ninja")):
        raise ToolError(
            f"{description.build_dir} has no build.ninja: hotreload needs CMake's generator Ninja. "
            "Configure an empty build directory with -G Ninja"
        )
    return start_program(description.build_dir, [description.ninja, "-n", *arguments])


def query_outputs(description: Description) -> List[str]:
    """All that build.ninja tells how to make."""
    process = run_ninja(description, "-t", "targets", "all")
    return [line.rpartition(": ")[0] for line in process.communicate()[0].splitlines()]


def _split(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """As many at once as a command may have."""
    for first in range(0, len(names), _MOST_NAMES):
        yield names[first : first + _MOST_NAMES]


def query_commands(description: Description, names: Sequence[str]) -> Dict[str, str]:
    """The command that makes each output; empty if ninja does not tell."""
    found: Dict[str, str] = {}
    for asked in _split(names):
        process = run_ninja(description, "-t", "commands", "-s", *asked)
        commands = process.communicate()[0].splitlines()
        if process.returncode != 0 or len(commands) != len(asked):
            return {}
        found.update(zip(asked, commands))
    return found


def query_inputs(description: Description, names: Iterable[str]) -> Files:
    """The inputs of each output according to build.ninja, without order-only inputs."""
    return {
        name: _without_order_only(about)
        for name, about in _query(description, names).items()
        if "input" in about
    }


def query_users(description: Description, names: Iterable[str]) -> Files:
    """The outputs that have each file as an input, of whatever kind, in build.ninja."""
    return {name: about["outputs"] for name, about in _query(description, names).items()}


def query_neighbours(description: Description, names: Iterable[str]) -> Dict[str, Neighbours]:
    """Both of each file."""
    return {
        name: Neighbours(_without_order_only(about), about["outputs"])
        for name, about in _query(description, names).items()
    }


def _without_order_only(about: Files) -> List[str]:
    return [line.lstrip("| ") for line in about.get("input", []) if not line.startswith("|| ")]


def _query(description: Description, names: Iterable[str]) -> Dict[str, Files]:
    """`ninja -t query`, which ends at the first name that it does not know."""
    found: Dict[str, Files] = {}
    for some in _split(list(names)):
        while some:
            process = run_ninja(description, "-t", "query", *some)
            answer = _read_query(process.communicate()[0].splitlines())
            found.update(answer)
            some = some[len(answer) + 1 :] if process.returncode else ()
    return found


def _read_query(lines: Iterable[str]) -> Dict[str, Files]:
    found: Dict[str, Files] = {}
    about: Files = {}
    current: List[str] = []
    for line in lines:
        if line.startswith("    "):
            current.append(line[4:])
        elif line.startswith("  "):
            current = about.setdefault(line.strip().partition(":")[0], [])
        elif line.endswith(":"):
            about = found.setdefault(line[:-1], {})
    return found


def query_deps(description: Description, names: Optional[Iterable[str]] = None) -> Files:
    """The files that compilers have read for each output; for all outputs by default.

    Every name must be known to ninja.
    """
    return {deps.output: deps.files for deps in list_deps(description, names)}


def list_deps(description: Description, names: Optional[Iterable[str]] = None) -> List[Deps]:
    """As query_deps(), with what ninja thinks of each list."""
    every: List[Sequence[str]] = [()]  # Without a name, ninja lists all.
    return [
        deps
        for some in (every if names is None else _split(list(names)))
        for deps in _read_deps(run_ninja(description, "-t", "deps", *some).communicate()[0])
    ]


def _read_deps(text: str) -> Iterator[Deps]:
    current: List[str] = []
    for line in text.splitlines():
        output, is_output, about = line.rpartition(": #deps ")
        if is_output and not line.startswith(" "):
            current = []
            yield Deps(output, about.endswith("(VALID)"), current)
        elif line.startswith("    "):
            current.append(line[4:])
