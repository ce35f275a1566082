"""Finds what has changed outside the module.

A module fits only the firmware that it was linked with. So a reload first asks ninja what it would
build to bring the firmware up to date. Only the module's objects, and what is generated from them,
may be on that list.

Imports little, like ninja_compile.py.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
from typing import Collection, Dict, Iterable, List, Set

from hotreload.checks.causes import Cause
from hotreload.checks.users import Users
from hotreload.description import Description
from hotreload.errors import FlashNeeded

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


def check_outside(
    causes: Iterable[Cause], description: Description, forgotten: Collection[str] = ()
) -> None:
    """Raises FlashNeeded when anything outside the module is out of date, and would be another.

    Outputs that were `forgotten` on purpose may be missing.
    """
    outside = _Search(description, forgotten).outside(causes)
    if outside:
        from hotreload.checks.same_code import leave_out_same_code

        outside = leave_out_same_code(outside, description)
    if outside:
        raise FlashNeeded(_explain(outside, description))


class _Search:
    def __init__(self, description: Description, forgotten: Collection[str]) -> None:
        self._description = description
        self._forgotten = {self._path(name) for name in forgotten}
        self._objects = {self._path(name) for name in description.objects}
        self._firmware = {description.firmware_target, self._path(description.firmware_elf)}
        directory = description.directory
        self._wraps = os.path.join(directory, "wraps.txt")
        self._list = os.path.join(directory, "objects.txt")
        self._users = Users(description)

    def outside(self, causes: Iterable[Cause]) -> List[Cause]:
        """The causes that affect the firmware other than through the module."""
        return [cause for cause in causes if not self._is_inside(cause)]

    def _path(self, name: str) -> str:
        return self._description.path_of(name)

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
        names = list(self._users.made_with(name))
        while names:
            seen.update(names)
            users = self._users.of(names)
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
            gone = not os.path.exists(os.path.join(description.build_dir, cause.input))
            what = "is gone" if gone else "has changed"
            lines.setdefault(name, f"  {name} {what}, which {output} is made from")
    shown = list(lines.values())[:_MOST_LINES]
    if len(lines) > len(shown):
        shown.append(f"  and {len(lines) - len(shown)} more")
    return "\n".join(["not only the module has changed:", *shown, _advice(description)])


def _advice(description: Description) -> str:
    return (
        f"The firmware needs a build, and must be flashed. To do so, {description.whole_build}; "
        "watch --flash does it by itself"
    )


def _short(name: str, description: Description) -> str:
    """A path as the user knows it: from the project, or from the build directory."""
    path = description.path_of(name)
    for directory in (description.build_dir, description.source_dir):
        if path.startswith(os.path.join(directory, "")):
            return os.path.relpath(path, directory)
    return path
