"""Explains undefined symbols and missing headers: who needs them, who has them, what to do.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import glob
import os
import re
from contextlib import suppress
from typing import Dict, Iterator, List, NamedTuple, Optional

from hotreload.description import Description
from hotreload.errors import FlashNeeded, ToolError
from hotreload.files import read_bytes
from hotreload.mangled import plain
from hotreload.module.archive import Archive, Member
from hotreload.module.c_library import CLibrary
from hotreload.module.debug_lines import find_declaration
from hotreload.module.idf_components import find_declaring_header, find_header
from hotreload.module.link_options import find_libraries
from hotreload.module.objects import Objects

_UNDEFINED = re.compile(r"(.*?)(:\(\S+\))?: (?:more )?undefined references? to `([^']+)'")
_FUNCTION = re.compile(r".+: in function `([^']+)':")
_LABEL = ".L"
"""How the assembler's own labels begin, which the linker may take for functions."""
_FAILED = re.compile(r"FAILED: (?:\[[^]]*\] )?(\S+)")
_NO_HEADER = re.compile(r"fatal error: (\S+): No such file or directory")
_SOURCES = (".c", ".cc", ".cpp", ".cxx", ".S", ".s")
_DATA_PLACE = re.compile(r"(.+):\(([^()]+)\+(0x[0-9a-f]+)\)\Z")


class Advice(NamedTuple):
    """What to do about an undefined symbol."""

    text: str
    is_flash_enough: bool = False
    """The next firmware will contain it, as it is."""


class Undefined(NamedTuple):
    """An undefined symbol and where the linker met it."""

    name: str
    place: str
    function: str


def find_undefined(linker: str, output: str) -> Dict[str, Undefined]:
    """Each undefined name once, at the first place that is inside a function if there is one."""
    found: Dict[str, Undefined] = {}
    function = ""
    prefix = linker + ": "
    for line in output.splitlines():
        line = line[len(prefix) :] if line.startswith(prefix) else line
        match = _FUNCTION.match(line)
        if match:
            function = match.group(1)
            if function.startswith(_LABEL):
                function = ""
        match = _UNDEFINED.match(line)
        if match:
            place, offset, name = match.groups()
            if re.search(r":\d+$", place) is None:
                place += offset or ""
            if name not in found or not found[name].function:
                found[name] = Undefined(name, place, function)
    return found


def explain_undefined(
    undefined: Dict[str, Undefined], description: Description, objects: Objects, library: CLibrary
) -> ToolError:
    """The whole message; FlashNeeded if another firmware alone helps."""
    is_flash_enough = True
    lines = ["the module needs what the firmware does not contain:"]
    for name, place, function in undefined.values():
        source = objects.imports.get(name)
        origin = "member of the compiler's library"
        if source:
            origin = f"object {os.path.normpath(source)}"
        place, user = _improve(os.path.normpath(place), function, description)
        lines.append(f"{place}: {user}needs '{name}' ({origin})")
        advice = _advise(name, source, description, library)
        lines.append(f"  {advice.text}")
        is_flash_enough = is_flash_enough and advice.is_flash_enough
    text = "\n".join(lines)
    return FlashNeeded(text) if is_flash_enough else ToolError(text)


def explain_missing_headers(description: Description, output: str) -> str:
    """For each header that the compiler did not find: the component that has it; or nothing."""
    lines, source = [], None
    for line in output.splitlines():
        failed = _FAILED.match(line)
        if failed:
            source = os.path.join(description.build_dir, failed.group(1))
        match = _NO_HEADER.search(line)
        header = find_header(description.build_dir, match.group(1)) if match else None
        if header:
            advice = _require(header.component, source, description)
            lines.append(f"{header.name} belongs to component {header.component}: {advice}")
    return "\n".join(lines)


def _improve(place: str, function: str, description: Description) -> "tuple[str, str]":
    """The source line and the variable for data, which the linker only knows as a section."""
    match = _DATA_PLACE.match(place)
    if function or match is None or not os.path.exists(match.group(1)):
        return place, f"{function} " if function else ""
    path, section, offset = match.groups()
    declaration = find_declaration(description, path, section, int(offset, 16))
    if declaration is None:
        return place, ""
    variable, line = declaration
    return line or place, f"{variable} "


def _advise(
    name: str, source: Optional[str], description: Description, library: CLibrary
) -> Advice:
    whole_build = description.whole_build
    reason = library.reasons.get(name)
    if reason:
        return Advice(f"{reason}. The next firmware will contain it: {whole_build}", True)
    member = _find_owner(name, description)
    if member is None:
        return Advice(_advise_without_library(name, source, description))
    component = _component(member.archive, description)
    if component is None:
        text = f"{member.label} has it. The next firmware will contain it: {whole_build}"
        return Advice(text, True)
    # It is in the build, so the next firmware finds it there.
    require = _require(component, source, description)
    return Advice(f"Component {component} has it ({member.label}): {require}", True)


def _advise_without_library(name: str, source: Optional[str], description: Description) -> str:
    source_name = plain(name).name
    of_c = _find_owner(source_name, description) if source_name != name else None
    if of_c is not None:
        return f'{of_c.label} has a {source_name}() of C: if that is meant, declare it extern "C"'
    forgotten = _find_forgotten(source_name, description)
    if forgotten is not None:
        return forgotten
    header = find_declaring_header(description.build_dir, source_name)
    if header is None:
        return (
            f"No library of the build or the toolchain has it: is the name right? If it is "
            f"new, write it, or add the component that defines it to REQUIRES; then "
            f"{description.whole_build}"
        )
    return (
        f"Component {header.component} declares it ({header.name}): "
        f"{_require(header.component, source, description)}"
    )


def _require(component: str, source: Optional[str], description: Description) -> str:
    """What to do so that a component can be used; `source` is the object file that does."""
    user = _component(source, description) if source else None
    return (
        f"add {component} to the REQUIRES in {_cmake_file(user, description)}, if it is not there; "
        f"then {description.whole_build}"
    )


def _component(path: str, description: Description) -> Optional[str]:
    """The component that a file of the build directory belongs to."""
    start = os.path.join(description.build_dir, "esp-idf", "")
    return path[len(start) :].split(os.sep)[0] if path.startswith(start) else None


def _cmake_file(component: Optional[str], description: Description) -> str:
    for directory in description.watch_dirs:
        path = os.path.join(directory, "CMakeLists.txt")
        if os.path.basename(directory) == component and os.path.exists(path):
            return path
    return "the CMakeLists.txt of the component that needs it"


def _find_forgotten(name: str, description: Description) -> Optional[str]:
    """What to do if a source of the reloadable components has it that is not compiled."""
    pattern = rb"^[^#/(\n]*\b" + re.escape(name).encode() + rb"\s*\([^;{}]*\)\s*\{"
    definition = re.compile(pattern, re.MULTILINE)
    for directory, path in _uncompiled(description):
        with suppress(ToolError):
            if definition.search(read_bytes(path, "the source")):
                lists = os.path.join(directory, "CMakeLists.txt")
                return (
                    f"{path} has it, but is not compiled: name it in the SRCS of {lists}. If that "
                    "has SRC_DIRS, save it once, so that CMake looks for sources again"
                )
    return None


def _uncompiled(description: Description) -> "Iterator[tuple[str, str]]":
    """Directories of components, and sources in them that no object file is named after."""
    compiled = {os.path.splitext(os.path.basename(path))[0] for path in description.objects}
    for directory in description.watch_dirs:
        for root, _, files in os.walk(directory):
            for file in sorted(files):
                if os.path.splitext(file)[1] in _SOURCES and file not in compiled:
                    yield directory, os.path.join(root, file)


def _find_owner(name: str, description: Description) -> Optional[Member]:
    for path in dict.fromkeys(_libraries(description)):
        try:
            member = Archive(path).find(name)
        except ToolError:
            continue  # Not every .a is made by ar: some are linker scripts.
        if member is not None:
            return member
    return None


def _libraries(description: Description) -> Iterator[str]:
    components = os.path.join(description.build_dir, "esp-idf", "**", "*.a")
    yield from sorted(glob.glob(components, recursive=True))
    with suppress(ToolError):  # Without build.ninja there are only the others.
        yield from find_libraries(description.build_dir, description.firmware_elf)
    known = [*description.libraries, description.c_library or ""]
    directories: List[str] = []
    for directory in [os.path.dirname(path) for path in known if path]:
        if directory not in directories:
            directories.append(directory)
            yield from sorted(glob.glob(os.path.join(directory, "*.a")))
