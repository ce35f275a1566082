"""Finds what has changed outside the module.

A module fits only the firmware that it was linked with. So a reload first asks
ninja what it would build to bring the firmware up to date. Only the module's objects, and what is
generated from them, may be on that list.

Imports little, like compiler.py.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import re
import subprocess
from typing import Collection, Dict, Iterable, List, NamedTuple, Optional, Set

from hotreload.checks.ninja import run_ninja, query_users
from hotreload.description import Description
from hotreload.errors import FlashNeeded, ToolError
from hotreload.files import read_bytes, write_if_changed

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
    r"(?P<output>.+) has no in-edge and is missing$",
)
_CAUSE = [re.compile(pattern) for pattern in _CAUSES]
# These follow from other causes, or make nothing out of date.
_NO_CAUSE = re.compile(
    r".+ is dirty$|output .+ of phony edge with no inputs doesn't exist$|loading dyndep file .+"
)
# What CMake has ninja say. A file that is gone causes it, too, and then there is no explanation.
_RUNS_CMAKE = re.compile(r"Re-running CMake\.\.\.")
# How build.ninja has CMake look for new files.
_LOOK = re.compile(rb"^build [^\n]*: VERIFY_GLOBS [^\n]*\n(?: [^\n]*\n)*", re.MULTILINE)
# The output of CMake's add_custom_target(), which is never made: the target is run each time.
_ALWAYS_RUN = re.compile(r"(?:.*/)?CMakeFiles/[^/]+")
# CMake's names for what must exist before a library is compiled. Ninja learns from the compiler who
# really reads it, and reports that as a cause of its own.
_ONLY_ORDER = "cmake_object_order_depends_target_"
# Names of an output and of its input, None for another command, that do not concern a module.
# ESP-IDF compiles the project's version into the firmware, and takes it from git: it is another one
# after each commit. And what sdkconfig says to the linker, it says to the compiler as well.
_VERSION_LIBRARY = "libesp_app_format.a"
_OF_NO_CONCERN = {
    ("esp_app_desc.c.obj", None),
    ("sections.ld", _VERSION_LIBRARY),
    ("sections.ld", "sdkconfig"),
}
_MOST_LINES = 6


class Cause(NamedTuple):
    """Why one output is out of date; names as in build.ninja."""

    output: str
    input: Optional[str]


class Found(NamedTuple):
    """What ninja would do for the firmware, if nothing is out of date outside the module."""

    runs_cmake: bool = False
    """First; then ninja tells nothing else."""
    runs_always: bool = False
    """It runs a target each time, which may write what the firmware is made from."""


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
    path = os.path.join(os.path.dirname(description.exports), "search.ninja")
    write_if_changed(path, _LOOK.sub(b"", text))
    return ["-f", path]


def finish_search(
    process: "subprocess.Popen[str]", description: Description, forgotten: Collection[str] = ()
) -> Found:
    """Raises FlashNeeded when anything outside the module is out of date.

    Outputs that were `forgotten` on purpose may be missing.
    """
    causes = _finish(process, description)
    if causes is None:
        return Found(runs_cmake=True)
    is_always_run = [_is_run_always(cause) for cause in causes]
    rest = [cause for cause, is_run in zip(causes, is_always_run) if not is_run]
    outside = _Search(description, forgotten).outside(rest)
    if outside:
        raise FlashNeeded(_explain(outside, description))
    return Found(runs_always=any(is_always_run))


def find_causes(description: Description, target: str) -> Optional[List[Cause]]:
    """Why this target is out of date; None: CMake has to run first."""
    return _finish(run_ninja(description, "-d", "explain", target), description)


def _finish(process: "subprocess.Popen[str]", description: Description) -> Optional[List[Cause]]:
    output, _ = process.communicate()
    if process.returncode != 0:
        told = [line for line in output.splitlines() if not line.startswith(_PREFIX)]
        raise ToolError("\n".join(["the build is out of order:", *told, _advice(description)]))
    return None if _RUNS_CMAKE.search(output) else read_causes(output)


def read_causes(text: str) -> List[Cause]:
    """The causes in ninja's explanations; what is not understood counts as one."""
    causes: List[Cause] = []
    for line in text.splitlines():
        _, found, reason = line.partition(_PREFIX)
        if not found or _NO_CAUSE.match(reason):
            continue
        match = next((m for m in (cause.match(reason) for cause in _CAUSE) if m), None)
        names = match.groupdict() if match else {"output": reason}
        causes.append(Cause(names["output"], names.get("input")))
    return list(dict.fromkeys(causes))


def _is_run_always(cause: Cause) -> bool:
    return cause.input is None and _ALWAYS_RUN.fullmatch(cause.output) is not None


class _Search:
    def __init__(self, description: Description, forgotten: Collection[str]) -> None:
        self._description = description
        self._forgotten = {self._path(name) for name in forgotten}
        self._objects = {self._path(name) for name in description.objects}
        self._firmware = {description.firmware_target, self._path(description.firmware_elf)}
        directory = os.path.dirname(description.exports)
        self._wraps = os.path.join(directory, "wraps.txt")
        self._list = os.path.join(directory, "objects.txt")

    def outside(self, causes: Iterable[Cause]) -> List[Cause]:
        """The causes that affect the firmware other than through the module."""
        return [cause for cause in causes if not self._is_inside(cause)]

    def _path(self, name: str) -> str:
        return os.path.normpath(os.path.join(self._description.build_dir, name))

    def _is_inside(self, cause: Cause) -> bool:
        output = self._path(cause.output)
        if output in self._objects:
            return True
        # The lists of exports and imports, and the components' empty archives.
        source = self._path(cause.input) if cause.input is not None else None
        if source is not None and (source in self._objects or source == self._list):
            return True
        name = os.path.basename(source) if source is not None else None
        if (os.path.basename(output), name) in _OF_NO_CONCERN and os.path.exists(output):
            return True
        if output in self._firmware:
            return name == _VERSION_LIBRARY and os.path.exists(output)
        if output == self._wraps and os.path.exists(output):
            return self._wraps_are_current()
        if output.endswith((".obj", ".o", ".a", "build.ninja")):
            return False
        is_known = output in self._forgotten or os.path.exists(output)
        return is_known and not self._reaches_firmware(cause.output)

    def _wraps_are_current(self) -> bool:
        """Whether CMake wrote build.ninja again with the same options for the firmware's link."""
        from hotreload.module.link_options import find_wraps, read_wraps

        description = self._description
        wraps = find_wraps(description.build_dir, description.firmware_elf)
        return wraps == read_wraps(self._wraps)

    def _reaches_firmware(self, name: str) -> bool:
        """Follows the outputs of a generated file, but not through the module's objects."""
        seen: Set[str] = set()
        names = [name]
        while names:
            seen.update(names)
            found = query_users(self._description, names)
            users = {user for users in found.values() for user in users}
            users = {user for user in users if not user.startswith(_ONLY_ORDER)}
            if any(user in self._firmware or self._path(user) in self._firmware for user in users):
                return True
            names = [u for u in users if u not in seen and self._path(u) not in self._objects]
        return False


def _explain(causes: List[Cause], description: Description) -> str:
    """One line per changed file, with one file that is made from it."""
    lines: Dict[str, str] = {}
    for cause in causes:
        output = _short(cause.output, description)
        if cause.input is None:
            missing = not os.path.exists(os.path.join(description.build_dir, cause.output))
            what = "has not been built" if missing else "is made in another way now"
            lines.setdefault(output, f"  {output} {what}")
        else:
            name = _short(cause.input, description)
            lines.setdefault(name, f"  {name} has changed, which {output} is made from")
    shown = list(lines.values())[:_MOST_LINES]
    if len(lines) > len(shown):
        shown.append(f"  and {len(lines) - len(shown)} more")
    return "\n".join(["not only the module has changed:", *shown, _advice(description)])


def _advice(description: Description) -> str:
    return (
        f"The firmware needs a build ('{description.firmware_target}') and must be flashed, in "
        "ESP-IDF by: idf.py flash (watch --flash does both by itself)"
    )


def _short(name: str, description: Description) -> str:
    """A path as the user knows it: from the project, or from the build directory."""
    path = os.path.normpath(os.path.join(description.build_dir, name))
    for directory in (description.build_dir, description.source_dir):
        if path.startswith(os.path.join(directory, "")):
            return os.path.relpath(path, directory)
    return path
