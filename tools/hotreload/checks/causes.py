"""What ninja calls out of date, and why, without making anything.

Imports little, like ninja_compile.py.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import re
import subprocess
from typing import Iterator, List, NamedTuple, Optional, Set

from hotreload.checks.ninja import query_deps, query_inputs, query_outputs, run_ninja
from hotreload.description import Description
from hotreload.errors import ToolError
from hotreload.files import find_stamp, read_bytes, write_if_changed

_PREFIX = "ninja explain: "
_TIMES = r"\(-?\d+ vs -?\d+\)$"
# Ninja's own words for why it would build an output; only the first pattern names an input.
_CAUSES = (
    rf"(?:restat of )?output (?P<output>.+) older than most recent input (?P<input>.+) {_TIMES}",
    rf"recorded mtime of (?P<output>.+) older than most recent input (?P<input>.+) {_TIMES}",
    r"output (?P<output>.+) doesn't exist$",
    r"command line (?:changed|not found in log) for (?P<output>.+)$",
    r"depfile '(?P<output>.+)\.d' is missing$",
    r"deps for '(?P<output>.+)' are missing$",
    rf"stored deps info out of date for '(?P<output>.+)' {_TIMES}",
)
_CAUSE = [re.compile(pattern) for pattern in _CAUSES]
_FOLLOWS = re.compile(r"(.+) is dirty$")  # from other causes
# A header that is gone, or something without a file that CMake only gives a name. The second is of
# ninja 1.12: a file that build.ninja names is an error instead. 1.13 says only that it is dirty.
_GONE = re.compile(
    r"output .+ of phony edge with no inputs doesn't exist$|.+ has no in-edge and is missing$"
)
_NO_CAUSE = re.compile(r"loading dyndep file .+")
# What CMake has ninja say. A file that is gone causes it, too, and then there is no explanation.
_RUNS_CMAKE = re.compile(r"Re-running CMake\.\.\.")
# How build.ninja has CMake look for new files.
_LOOK = re.compile(rb"^build [^\n]*: VERIFY_GLOBS [^\n]*\n(?: [^\n]*\n)*", re.MULTILINE)
# What CMake never makes, so that ninja runs it each time: the output of add_custom_target(), and
# that of a step of ExternalProject_Add() with BUILD_ALWAYS.
_ALWAYS_RUN = re.compile(r"(?:.*/)?(?:CMakeFiles|[^/]+-stamp)/[^/]+")
# Of what is written each time that it is made.
_WRITTEN = (".obj", ".o", ".a")


class Cause(NamedTuple):
    """Why one output is out of date; names as in build.ninja."""

    output: str
    input: Optional[str]


class Causes(NamedTuple):
    """Why a target is out of date."""

    causes: List[Cause]
    runs_always: bool
    """Ninja runs a target each time, which may write what others are made from."""


def looks_for_files(description: Description) -> bool:
    """Whether CMake looks for new files before each build: file(GLOB ... CONFIGURE_DEPENDS).

    Then `ninja -n` says only that, and that CMake would run.
    """
    return os.path.exists(os.path.join(description.build_dir, "CMakeFiles", "VerifyGlobs.cmake"))


def start_search(description: Description) -> "subprocess.Popen[str]":
    """Asks ninja what it would do, in the background."""
    more = _without_look(description) if looks_for_files(description) else []
    return run_ninja(description, "-d", "explain", *more, description.firmware_target)


def _without_look(description: Description) -> List[str]:
    """Options of ninja, for a build.ninja in which CMake does not look for new files."""
    text = read_bytes(os.path.join(description.build_dir, "build.ninja"), "CMake's file")
    path = os.path.join(description.directory, "search.ninja")
    write_if_changed(path, _LOOK.sub(b"", text))
    return ["-f", path]


def finish_search(process: "subprocess.Popen[str]", description: Description) -> Optional[Causes]:
    """None: CMake has to run first; then ninja tells nothing else."""
    output, _ = process.communicate()
    if process.returncode != 0:
        told = [line for line in output.splitlines() if not line.startswith(_PREFIX)]
        told.append("Run CMake and build the project, in ESP-IDF by: idf.py reconfigure build")
        raise ToolError("\n".join(["the build is out of order:", *told]))
    if _RUNS_CMAKE.search(output):
        return None
    causes = read_causes(output)
    rest = [cause for cause in causes if not _is_run_always(cause)]
    runs_always = len(rest) < len(causes)
    if runs_always:
        rest += _compare(description, output)
    return Causes(rest + _find_gone(description, output), runs_always)


def find_causes(description: Description, target: str) -> Optional[Causes]:
    """Asks and waits; None as for finish_search()."""
    return finish_search(run_ninja(description, "-d", "explain", target), description)


def read_causes(text: str) -> List[Cause]:
    """The causes in ninja's explanations; what is not understood counts as one."""
    causes: List[Cause] = []
    for reason in _reasons(text):
        if any(pattern.match(reason) for pattern in (_NO_CAUSE, _GONE, _FOLLOWS)):
            continue
        match = next((m for m in (cause.match(reason) for cause in _CAUSE) if m), None)
        names = match.groupdict() if match else {"output": reason}
        causes.append(Cause(names["output"], names.get("input")))
    return list(dict.fromkeys(causes))


def _reasons(text: str) -> Iterator[str]:
    for line in text.splitlines():
        _, found, reason = line.partition(_PREFIX)
        if found:
            yield reason


def _names(pattern: "re.Pattern[str]", text: str) -> Iterator[str]:
    """What the explanations of one kind name."""
    return (match.group(1) for match in map(pattern.match, _reasons(text)) if match)


def _is_run_always(cause: Cause) -> bool:
    return cause.input is None and _ALWAYS_RUN.fullmatch(cause.output) is not None


def _compare(description: Description, text: str) -> List[Cause]:
    """The causes that ninja does not tell: it compares no times of what it makes anyway.

    Compares those of objects, archives and the firmware. Another file may be older than its inputs.
    """
    elf = os.path.relpath(description.firmware_elf, description.build_dir)
    dirty = _names(_FOLLOWS, text)
    names = [name for name in dirty if name == elf or name.endswith(_WRITTEN)]
    known = query_inputs(description, names)
    read = query_deps(description, known)
    return [
        Cause(output, name)
        for output, inputs in known.items()
        for name in [*inputs, *read.get(output, [])]
        if _is_newer(name, output, description)
    ]


def _find_gone(description: Description, text: str) -> List[Cause]:
    """Headers that are gone, for each object that was made from one: ninja names no object."""
    dirty = set(_names(_FOLLOWS, text))
    headers = _gone_headers(description, dirty)
    if not headers:
        return []
    # Ninja 1.13 does not say that an object is dirty if only a phony target has it.
    own = {description.path_of(path) for path in description.objects}
    return [
        Cause(output, name)
        for output, files in query_deps(description).items()
        if output.endswith(_WRITTEN) and (output in dirty or description.path_of(output) in own)
        for name in sorted(headers.intersection(files))
    ]


def _gone_headers(description: Description, dirty: Set[str]) -> Set[str]:
    """What is dirty and nothing makes: ninja found no file. One may be there again by now.

    Names that are not absolute are those of other targets, or what ninja has made of a path with a
    quote in it.
    """
    names = {name for name in dirty if os.path.isabs(name) and os.path.splitext(name)[1]}
    return names.difference(query_outputs(description)) if names else names


def _is_newer(name: str, output: str, description: Description) -> bool:
    paths = (os.path.join(description.build_dir, path) for path in (name, output))
    new, old = map(find_stamp, paths)
    return new is not None and old is not None and new[1] > old[1]
