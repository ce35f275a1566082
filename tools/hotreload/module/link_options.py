"""The firmware's link as build.ninja has it: --wrap, which counts for the module as well, and the
libraries, which a message may name.

CMake knows them only when it has written build.ninja. The rest, like --defsym, shows in the
firmware's symbols.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import re
import shlex
from typing import FrozenSet, Iterable, Iterator, List

from hotreload.errors import ToolError
from hotreload.files import read_bytes, write_if_changed

_WRAP, _REAL = "__wrap_", "__real_"
_OPTIONS = re.compile(r"\s+(?:LINK_FLAGS|LINK_PATH|LINK_LIBRARIES) = (.*)")


class Wraps(FrozenSet[str]):
    """The names that the firmware wraps."""

    def resolve(self, name: str) -> str:
        """What an undefined name stands for."""
        if name in self:
            return _WRAP + name
        real = name[len(_REAL) :]
        return real if name.startswith(_REAL) and real in self else name

    def options(self) -> List[str]:
        """The linker's options, in a fixed order."""
        return [f"--wrap={name}" for name in sorted(self)]


def write_wraps(build_dir: str, firmware: str, output: str) -> None:
    """Writes the names that the link of `firmware`, which build.ninja makes, wraps."""
    names = sorted(find_wraps(build_dir, firmware))
    write_if_changed(output, "".join(f"{name}\n" for name in names))


def find_wraps(build_dir: str, firmware: str) -> Wraps:
    """The names that the link of `firmware` wraps, according to build.ninja."""
    return Wraps(_find(_read_link(build_dir, firmware)))


def find_libraries(build_dir: str, firmware: str) -> Iterator[str]:
    """The libraries that the link of `firmware` names, according to build.ninja."""
    words = _read_link(build_dir, firmware)
    directories = [os.path.join(build_dir, word[2:]) for word in words if word.startswith("-L")]
    for word in words:
        if word.endswith(".a") and not word.startswith("-"):
            yield os.path.join(build_dir, word)
        elif word.startswith("-l"):
            paths = (os.path.join(start, f"lib{word[2:]}.a") for start in directories)
            yield from filter(os.path.exists, paths)


def read_wraps(path: str) -> Wraps:
    """Reads what write_wraps() wrote."""
    return Wraps(_read(path).split())


def _read_link(build_dir: str, firmware: str) -> List[str]:
    text = _read(os.path.join(build_dir, "build.ninja"))
    return _link_words(text, os.path.relpath(os.path.join(build_dir, firmware), build_dir))


def _link_words(text: str, firmware: str) -> List[str]:
    """Options and files on the lines of the build statement that makes the firmware."""
    words: List[str] = []
    inside = False
    for line in text.splitlines():
        if line.startswith("build "):
            outputs = _unquote(line[len("build ") :].partition(": ")[0])
            inside = f" {firmware} ".replace("\\", "/") in f" {outputs} "
        match = _OPTIONS.match(line) if inside else None
        if match:
            words += _split(_unquote(match.group(1)))
    return words


def _unquote(text: str) -> str:
    """Undoes the quoting of ninja."""
    return re.sub(r"\$(.)", r"\1", text)


def _split(command: str) -> List[str]:
    try:
        return shlex.split(command)
    except ValueError as error:
        raise ToolError(f"the firmware's link options are not a command: {command}") from error


def _find(options: Iterable[str]) -> Iterable[str]:
    """The names in --wrap=NAME and --wrap NAME, each perhaps behind -Wl, or -Xlinker."""
    words: List[str] = []
    for option in options:
        words += option[4:].split(",") if option.startswith("-Wl,") else [option]
    words = [word for word in words if word != "-Xlinker"]
    for word, following in zip(words, [*words[1:], ""]):
        match = re.match(r"--?wrap(?:=(.+))?\Z", word)
        if match:
            yield match.group(1) or following


def _read(path: str) -> str:
    return read_bytes(path, "the link options in").decode("utf-8", "surrogateescape")
