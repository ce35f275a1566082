"""RELOADABLE changes no compile command: whatever a component's sources are compiled with.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Dict

import pytest

from stand_in import Project

SOURCE = "int {0}(void);\nint {0}(void) {{ return 1; }}\n"
A = {"a.c": SOURCE.format("a"), "b.c": SOURCE.format("b"), "c.cpp": "", "d.S": ""}

# One entry per way to change how sources are compiled: it stands behind idf_component_register().
LINES = {
    "include_directories": "target_include_directories(${COMPONENT_LIB} BEFORE PRIVATE early)\n"
    "target_include_directories(${COMPONENT_LIB} PRIVATE late)\n"
    "target_include_directories(${COMPONENT_LIB} SYSTEM PRIVATE system)\n"
    "target_include_directories(${COMPONENT_LIB} SYSTEM PUBLIC public_system)\n"
    "target_include_directories(${COMPONENT_LIB} SYSTEM BEFORE INTERFACE not_here)\n"
    "include_directories(SYSTEM of_the_directory)",
    "options": "target_compile_options(${COMPONENT_LIB} PRIVATE -Wall PUBLIC -Wextra INTERFACE -w)\n"
    "target_compile_options(${COMPONENT_LIB} BEFORE PRIVATE -Wundef)\n"
    "target_compile_options(${COMPONENT_LIB} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fno-rtti>\n"
    '    $<$<COMPILE_LANGUAGE:ASM>:-Wa,--noexecstack> "SHELL:-include a.h")\n'
    "add_compile_options(-Wshadow)\n"
    "set_target_properties(${COMPONENT_LIB} PROPERTIES COMPILE_FLAGS -Wformat=2)",
    "definitions": "target_compile_definitions(${COMPONENT_LIB} PRIVATE A=\"b c\" PUBLIC B)\n"
    "add_compile_definitions(C)\n"
    "set_property(DIRECTORY APPEND PROPERTY COMPILE_DEFINITIONS D)",
    "language_standard": "set_target_properties(${COMPONENT_LIB} PROPERTIES C_STANDARD 99\n"
    "    C_EXTENSIONS OFF CXX_STANDARD 17 CXX_STANDARD_REQUIRED ON)\n"
    "target_compile_features(${COMPONENT_LIB} PUBLIC cxx_std_20)",
    "properties_of_sources": "set_source_files_properties(a.c PROPERTIES COMPILE_OPTIONS -O2\n"
    "    COMPILE_DEFINITIONS A INCLUDE_DIRECTORIES ${CMAKE_CURRENT_SOURCE_DIR} COMPILE_FLAGS -Wall)\n"
    "set_source_files_properties(b.c PROPERTIES LANGUAGE CXX OBJECT_DEPENDS "
    "${CMAKE_CURRENT_SOURCE_DIR}/a.c)",
    "precompiled_headers": "target_precompile_headers(${COMPONENT_LIB} PRIVATE <stddef.h>)",
    "unity_build": "set_target_properties(${COMPONENT_LIB} PROPERTIES UNITY_BUILD ON\n"
    "    UNITY_BUILD_BATCH_SIZE 1 UNITY_BUILD_MODE BATCH)",
    "position_and_visibility": "set_target_properties(${COMPONENT_LIB} PROPERTIES\n"
    "    POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)",
    "linked": "add_library(headers INTERFACE)\n"
    "target_include_directories(headers SYSTEM INTERFACE third_party)\n"
    "target_compile_definitions(headers INTERFACE THIRD_PARTY)\n"
    "add_library(helper STATIC b.c)\n"
    "target_compile_options(helper PUBLIC -Wshadow)\n"
    "target_link_libraries(${COMPONENT_LIB} PRIVATE headers $<LINK_ONLY:helper>)",
    "configuration": "set_property(TARGET __idf_build_target APPEND PROPERTY COMPILE_OPTIONS -Wall)\n"
    "set_target_properties(${COMPONENT_LIB} PROPERTIES C_COMPILER_LAUNCHER nice EXPORT_NAME x)",
    "dialects": "set(CMAKE_C_FLAGS \"${CMAKE_C_FLAGS} -funsigned-char\")\n"
    "set(CMAKE_CXX_STANDARD 14)\nset_property(TARGET ${COMPONENT_LIB} PROPERTY C_STANDARD 11)",
}  # fmt: skip


def commands(root: Path, register: str) -> Dict[str, str]:
    """The compile commands of a component for each of LINES, by output."""
    root.mkdir()
    project = Project(root)
    project.languages = "C CXX ASM"
    project.settings["CMAKE_EXPORT_COMPILE_COMMANDS"] = "ON"
    project.settings["CMAKE_CXX_COMPILER"] = "riscv64-unknown-elf-g++"
    system = "target_include_directories(${COMPONENT_LIB} SYSTEM INTERFACE near_system)"
    project.component("near", "SRCS near.c INCLUDE_DIRS .", {"near.c": ""}, after=system)
    for name, after in LINES.items():
        arguments = f"{register} SRCS {' '.join(A)} REQUIRES near"
        project.component(name, arguments, A, after)
    project.configure()
    found = json.loads((project.build / "compile_commands.json").read_text())
    lines = [entry["command"].replace(str(root), "") for entry in found]
    parts = {line.partition(" -o ")[2].partition(" ")[0]: line for line in lines}
    return {output: line for output, line in parts.items() if output.startswith("components/")}


FOR_PATCHES = " -fno-ipa-ra -fno-section-anchors"


def test_commands_are_the_same(project: Project, tmp_path: Path) -> None:
    """But for what patches need, in C and C++."""
    ordinary = commands(tmp_path / "ordinary", "")
    assert len(ordinary) > len(A) * len(LINES)
    reloadable = commands(tmp_path / "reloadable", "RELOADABLE")
    assert any(FOR_PATCHES in line for line in reloadable.values())
    plain = {output: line.replace(FOR_PATCHES, "") for output, line in reloadable.items()}
    assert plain == ordinary


def test_system_headers_may_warn(project: Project) -> None:
    """What -isystem is for: -Werror is not for the headers of others."""
    files = {
        "a.c": '#include <theirs.h>\n#include <far.h>\nint a(void) { return 1; }\n',
        "include/theirs.h": "int a();\n",
    }
    after = (
        "target_include_directories(${COMPONENT_LIB} SYSTEM PRIVATE include)\n"
        "target_compile_options(${COMPONENT_LIB} PRIVATE -Wstrict-prototypes -Werror)"
    )
    offer = "target_include_directories(${COMPONENT_LIB} SYSTEM INTERFACE include)"
    project.component("far", "SRCS far.c", {"far.c": "", "include/far.h": "int b();\n"}, offer)
    project.component("a", "RELOADABLE SRCS a.c REQUIRES far", files, after)
    assert project.make().exports() == ["a"]


def test_unity_build_with_a_precompiled_header(project: Project) -> None:
    """The module gets the one object, and not the compiled header."""
    after = (
        "set_target_properties(${COMPONENT_LIB} PROPERTIES UNITY_BUILD ON)\n"
        "target_precompile_headers(${COMPONENT_LIB} PRIVATE a.h)"
    )
    files = {
        "a.c": "int a(void) { return PRECOMPILED; }\n",
        "b.c": "int b(void) { return a(); }\n",
        "a.h": "#define PRECOMPILED 1\nint a(void);\nint b(void);\n",
    }
    project.component("a", "RELOADABLE SRCS a.c b.c", files, after)
    assert project.make().exports() == ["a", "b"]
    assert len(project.description()["objects"]) == 1


def test_objects_from_elsewhere(project: Project) -> None:
    """What would be in the archive is in the module: an OBJECT library, linked or among sources."""
    after = (
        "add_library(linked OBJECT linked.c)\n"
        "target_link_libraries(${COMPONENT_LIB} PRIVATE linked)\n"
        "add_library(source OBJECT source.c)\n"
        "target_sources(${COMPONENT_LIB} PRIVATE $<TARGET_OBJECTS:source>)"
    )
    files = {f"{name}.c": SOURCE.format(name) for name in ("a", "linked", "source")}
    project.component("a", "RELOADABLE SRCS a.c", files, after)
    assert project.make().exports() == ["a", "linked", "source"]
    assert {"a", "linked", "source"} <= set(project.module_symbols())


def test_archive_of_another_library_is_not_emptied(project: Project) -> None:
    after = (
        "add_library(helper STATIC helper.c)\n"
        "target_link_libraries(${COMPONENT_LIB} PRIVATE helper)"
    )
    source = "int helper(void);\nint a(void);\nint a(void) { return helper(); }\n"
    files = {"a.c": source, "helper.c": SOURCE.format("helper")}
    project.component("a", "RELOADABLE SRCS a.c", files, after)
    assert project.make().exports() == ["a"]
    assert "helper" in project.firmware_functions()


def test_archive_is_there_again_after_a_clean(project: Project) -> None:
    project.reloadable()
    project.make()
    project.ninja("clean")
    project.ninja()
    assert "no work to do" in project.ninja()
    assert project.exports() == ["a"]


LTO = {
    "target": "target_compile_options(${COMPONENT_LIB} PRIVATE -flto)",
    "flags": "set_target_properties(${COMPONENT_LIB} PROPERTIES COMPILE_FLAGS -flto=auto)",
    "property": "set_target_properties(${COMPONENT_LIB} PROPERTIES INTERPROCEDURAL_OPTIMIZATION ON)",
}
NEEDS_HELPER = "int helper(void);\nint a(void);\nint a(void) { return helper(); }\n"
SAID = "link-time optimisation (-flto) is off for __idf_a, because a module is linked by itself"


@pytest.mark.parametrize("after", LTO.values(), ids=list(LTO))
def test_link_time_optimisation_is_switched_off(project: Project, after: str) -> None:
    project.component("a", "RELOADABLE SRCS a.c b.c", A, after)
    assert SAID in project.configure()
    project.ninja()
    assert project.exports() == ["a", "b"]


def test_firmware_with_link_time_optimisation(project: Project) -> None:
    """What only the module calls stays in the firmware, whole."""
    project.after = "set_property(TARGET __idf_build_target APPEND PROPERTY COMPILE_OPTIONS -flto)"
    project.after += "\ntarget_link_options(stand_in.elf PRIVATE -flto -Os)"
    source = "int helper(void);\nint helper(void) { return 5; }\nint unused(void) { return 6; }\n"
    project.component("near", "SRCS near.c", {"near.c": source})
    project.component("a", "RELOADABLE SRCS a.c REQUIRES near", {"a.c": NEEDS_HELPER})
    assert SAID in project.configure()
    project.ninja()
    assert project.exports() == ["a"]
    functions = project.firmware_functions()
    assert "helper" in functions and "a" in functions and "unused" not in functions
    assert "a" in project.module_symbols()


def test_objects_without_machine_code_are_refused(project: Project) -> None:
    """Where CMake does not see the option."""
    after = "set_source_files_properties(b.c PROPERTIES COMPILE_OPTIONS -flto)"
    project.component("a", "RELOADABLE SRCS a.c b.c", A, after)
    project.configure()
    text = project.fail_to_build()
    assert "b.c.o" in text and "was compiled for link-time optimisation (-flto)" in text
    assert "compile the reloadable components with -fno-lto" in text
