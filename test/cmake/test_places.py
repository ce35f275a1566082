"""Where a project and its files may be, and with which generator and locale it is built.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stand_in import ROOT, Project

sys.path.insert(0, str(ROOT / "tools"))

from hotreload.checks.inputs import InputFiles  # noqa: E402
from hotreload.description import load_description  # noqa: E402

# Python without UTF-8, as on machines where no locale is set up.
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def reload(project: Project) -> str:
    """Builds, and finds no device."""
    command = [sys.executable, "-m", "hotreload", "reload", "--build", str(project.build)]
    result = subprocess.run(
        [*command, "--url", "http://127.0.0.1:1"],
        env={**os.environ, **ASCII, "PYTHONPATH": str(ROOT / "tools")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return result.stdout.decode("utf-8", "replace")


@pytest.mark.parametrize(
    "name",
    ["a blank", "a$dollar", "a#hash", "gerät", "it's", "a&b(c)", "a%percent", "a%", "a\ttab"],
)
def test_directories(
    project: Project, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sources', and where CMake can, the build directory's."""
    for variable, value in ASCII.items():
        monkeypatch.setenv(variable, value)
    project = Project(tmp_path / name)
    if "#" in name or "\t" in name:
        project.build = tmp_path / "build"
    source = project.reloadable() / "a.c"
    project.make()
    before = (project.build / "hotreload/module.bin").read_bytes()
    source.write_text(source.read_text().replace("return 1", "return 2"))
    assert "nothing listens at http://127.0.0.1:1" in reload(project)
    assert (project.build / "hotreload/module.bin").read_bytes() != before
    source.write_text(source.read_text().replace("return 2", "return nonsense"))
    assert f"{source}:2:" in reload(project), "in the compiler's words"


@pytest.mark.parametrize("name", ["a#b", "a\tb"])
def test_build_directory_that_is_refused(project: Project, tmp_path: Path, name: str) -> None:
    """CMake forgets to escape a hash, and a tab ends a name in Ninja's log."""
    project.reloadable()
    project.build = tmp_path / name
    text = project.fail_to_configure()
    assert "hotreload: " in text and "# or < or > or a tab" in text


def test_generator(project: Project) -> None:
    project.reloadable()
    project.generator = "Unix Makefiles"
    text = project.fail_to_configure()
    assert "hotreload needs CMake's generator Ninja" in text and "this is Unix Makefiles" in text
    assert "Configure an empty build directory with -G Ninja" in text


def test_tools_without_ninja(project: Project) -> None:
    project.reloadable()
    project.make()
    (project.build / "build.ninja").unlink()
    text = reload(project)
    assert f"{project.build} has no build.ninja" in text and "generator Ninja" in text


def test_embedded_file_that_was_put_back(project: Project) -> None:
    """Its time stamp is older than all that was made from it; it is no source by its name."""
    declaration = "extern const char _binary_text_txt_start[];\n"
    source = f"{declaration}int a(void);\nint a(void) {{ return _binary_text_txt_start[0]; }}\n"
    files = {"a.c": source, "text.txt": "old words\n"}
    directory = project.component("a", "RELOADABLE SRCS a.c EMBED_TXTFILES text.txt", files)
    project.make()
    inputs = InputFiles(load_description(str(project.build)))
    inputs.refresh(load_description(str(project.build)))
    wanted = {directory / name for name in ("a.c", "text.txt", "CMakeLists.txt")}
    assert {str(path) for path in wanted} <= inputs.files
    (directory / "text.txt").write_text("new words\n")
    os.utime(directory / "text.txt", (1000, 1000))
    text = reload(project)
    assert "text.txt has changed, though its time stamp is old" in text
    assert "nothing listens" in text
    assert b"new words" in (project.build / "hotreload" / "module.bin").read_bytes()


GENERATED = """\
add_custom_command(OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/made.h
    COMMAND ${CMAKE_COMMAND} -E copy ${COMPONENT_DIR}/value.txt
        ${CMAKE_CURRENT_BINARY_DIR}/made.h
    DEPENDS value.txt VERBATIM)
add_custom_target(made DEPENDS ${CMAKE_CURRENT_BINARY_DIR}/made.h)
add_dependencies(${COMPONENT_LIB} made)
target_include_directories(${COMPONENT_LIB} PUBLIC ${CMAKE_CURRENT_BINARY_DIR})
"""


def test_generated_header(project: Project) -> None:
    """ESP-IDF's idiom. It is the module's alone, as long as the firmware does not include it."""
    source = '#include "made.h"\nint a(void) { return VALUE; }\n'
    files = {"a.c": source, "value.txt": "int a(void);\n#define VALUE 1\n"}
    component = project.component("a", "RELOADABLE SRCS a.c", files, GENERATED)
    project.make()
    value = component / "value.txt"
    value.write_text("int a(void);\n#define VALUE 2\n")
    assert "nothing listens" in reload(project)
    value.write_text("int a(void);\n#define VALUE 3\n")
    os.utime(value, (1000, 1000))
    text = reload(project)
    assert "value.txt has changed, though its time stamp is old" in text
    assert "nothing listens" in text
    (made,) = project.build.rglob("made.h")
    assert made.read_text() == value.read_text()
    main = project.root / "main/main.c"
    main.write_text(f'#include "{made}"\nint value = VALUE;\n' + main.read_text())
    project.ninja("stand_in.elf")
    value.write_text("int a(void);\n#define VALUE 4\n")
    text = reload(project)
    assert "value.txt has changed, which" in text and "made.h is made from" in text


EXTERNAL = """\
include(ExternalProject)
ExternalProject_Add(library SOURCE_DIR ${CMAKE_CURRENT_LIST_DIR} CONFIGURE_COMMAND ""
    BUILD_COMMAND ${CMAKE_COMMAND} -E copy_if_different
        ${CMAKE_CURRENT_LIST_DIR}/library.h <BINARY_DIR>/made.h
    INSTALL_COMMAND "" BUILD_ALWAYS 1 BUILD_BYPRODUCTS <BINARY_DIR>/made.h)
add_custom_target(always COMMAND ${CMAKE_COMMAND} -E touch ${CMAKE_CURRENT_BINARY_DIR}/count)
add_dependencies(${COMPONENT_LIB} library always)
ExternalProject_Get_Property(library BINARY_DIR)
target_include_directories(${COMPONENT_LIB} PUBLIC ${BINARY_DIR})
"""


def test_targets_that_are_always_run(project: Project) -> None:
    """Ninja calls them out of date. What they write may be what the firmware is made from."""
    source = '#include "made.h"\nint a(void) { return VALUE; }\n'
    files = {"a.c": source, "library.h": "int a(void);\n#define VALUE 1\n"}
    component = project.component("a", "RELOADABLE SRCS a.c", files, EXTERNAL)
    project.make()
    (component / "a.c").write_text(source.replace("VALUE", "VALUE + 1"))
    assert "nothing listens" in reload(project)
    (component / "library.h").write_text("int a(void);\n#define VALUE 2\n")
    assert "nothing listens" in reload(project)
    main = project.root / "main/main.c"
    (made,) = project.build.rglob("made.h")
    main.write_text(f'#include "{made}"\nint value = VALUE;\n' + main.read_text())
    project.ninja("stand_in.elf")
    assert "nothing listens" in reload(project)
    (component / "library.h").write_text("int a(void);\n#define VALUE 3\n")
    text = reload(project)
    assert "made.h has changed, which" in text and "main.c.obj is made from" in text


def test_the_last_reloadable_component_is_none_any_more(project: Project) -> None:
    """A reload says so each time, until the edit is taken back."""
    directory = project.reloadable()
    project.make()
    lists, source = directory / "CMakeLists.txt", directory / "a.c"
    marked = lists.read_text()
    lists.write_text(marked.replace("RELOADABLE ", ""))
    for number in (2, 3):
        source.write_text(source.read_text().replace(f"return {number - 1}", f"return {number}"))
        text = reload(project)
        assert "no component with sources is RELOADABLE" in text and "\nNot reloaded: " in text
    lists.write_text(marked)
    assert "nothing listens" in reload(project)
