"""Compiles object files without ninja, which takes longer to read a large build than a compiler
takes for a file.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import re
from typing import Any, Dict, Iterable, List, Mapping, Optional

import click

from hotreload.description import Description
from hotreload.files import open_text, remove_file
from hotreload.process import start_program
from hotreload.report import shorten

# A name in a rule of make: a backslash protects a blank or a number sign, a dollar sign a second.
_NAME = re.compile(r"(?:\\[ #]|\$\$|[^\s\\$]|\\(?![ #]))+")
_PROTECTED = re.compile(r"\\([ #])|\$(\$)")

Read = Dict[str, List[str]]
"""The files that a compiler has read for each object, by ninja's names."""


class Compilers:
    """Runs these commands of ninja's, one for each object, all at once."""

    def __init__(self, description: Description, commands: Mapping[str, str]) -> None:
        self._objects = {name: os.path.join(description.build_dir, name) for name in commands}
        self._lists = {name: f"{path}.d" for name, path in self._objects.items()}
        _remove(self._lists.values())
        build_dir = description.build_dir
        self._processes = [start_program(build_dir, command) for command in commands.values()]
        self._said = ""

    def __enter__(self) -> "Compilers":
        return self

    def __exit__(self, *_error: Any) -> None:
        for process in self._processes:
            with process:
                pass  # Which waits.

    def finish(self) -> Optional[Read]:
        """Waits. None: a compiler fails, or does not tell what it has read."""
        said = [process.communicate()[0] for process in self._processes]
        self._said = "".join(said)
        if any(process.returncode != 0 for process in self._processes):
            return None
        try:
            read = {name: _read_list(path) for name, path in self._lists.items()}
        except OSError:
            return None
        _remove(self._lists.values())  # As ninja does.
        return read

    def report(self) -> None:
        """After finish(): prints what the compilers have said."""
        if self._objects:
            names = [os.path.splitext(os.path.basename(name))[0] for name in self._objects]
            click.echo(f"Compiled {shorten(names)}\n{self._said}", nl=False)

    def discard(self) -> None:
        """After finish(): removes what was made."""
        _remove([*self._objects.values(), *self._lists.values()])


def _read_list(path: str) -> List[str]:
    """The inputs of the first rule in a file that `gcc -MD` has written."""
    with open_text(path) as file:
        rule, *_ = file.read().replace("\\\n", " ").partition("\n")
    inputs = rule.partition(": ")[2]
    return [_PROTECTED.sub(r"\1\2", name) for name in _NAME.findall(inputs)]


def _remove(paths: Iterable[str]) -> None:
    for path in paths:
        remove_file(path)
