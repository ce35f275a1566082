"""RELOADABLE: whatever a component asks for, its sources get it, and land in the module.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from stand_in import ROOT, Project

A = {"a.c": "int a(void);\nint a(void) { return 1; }\n"}
# Fails to compile unless it sees all that the names stand for.
PICKY = """\
#if {condition}
int a(void);
int a(void) {{ return 1; }}
#else
#error "not compiled as it should be"
#endif
"""


def picky(condition: str) -> "dict[str, str]":
    return {"a.c": PICKY.format(condition=condition)}


def test_code_is_in_the_module_and_stubs_in_the_firmware(project: Project) -> None:
    project.reloadable()
    project.make()
    assert project.exports() == ["a"]
    assert "a" in project.firmware_functions() and "a" in project.module_symbols()
    assert (project.build / "components" / "a" / "liba.a").read_bytes() == b"!<arch>\n"


@pytest.mark.parametrize(
    "arguments",
    [
        "RELOADABLE SRCS a.c PRIV_REQUIRES esp_system",
        "SRCS a.c RELOADABLE PRIV_REQUIRES esp_system",
        "SRCS a.c PRIV_REQUIRES esp_system RELOADABLE",
        "WHOLE_ARCHIVE RELOADABLE SRCS a.c LDFRAGMENTS linker.lf REQUIRED_IDF_TARGETS esp32c3",
    ],
)
def test_keyword_at_any_place(project: Project, arguments: str) -> None:
    project.component("a", arguments, A)
    assert project.make().exports() == ["a"]


def test_linker_fragments_place_nothing(project: Project) -> None:
    project.reloadable("a")
    project.component("b", "SRCS b.c LDFRAGMENTS b.lf", {"b.c": "int b(void) { return 1; }\n"})
    assert "linker fragments" not in project.configure()
    project.component("c", "RELOADABLE SRCS a.c LDFRAGMENTS c.lf", A)
    text = project.configure()
    assert "the linker fragments of the component c do not place its code" in text


def test_without_the_keyword_nothing_changes(project: Project) -> None:
    project.reloadable("b")
    project.component("a", "SRCS a.c", A)
    project.make()
    assert project.exports() == ["b"] and "a" not in project.module_symbols()


def test_source_directories(project: Project) -> None:
    broken = {"src/excluded.c": "#error excluded\n"}
    files = {"src/a.c": A["a.c"], **broken}
    project.component("a", "RELOADABLE SRC_DIRS src EXCLUDE_SRCS src/excluded.c", files)
    assert project.make().exports() == ["a"]


def test_include_directories(project: Project) -> None:
    files = {
        "a.c": '#include "public.h"\n#include "private.h"\nint a(void) { return PRIVATE; }\n',
        "include/public.h": "int a(void);\n",
        "private/private.h": "#define PRIVATE 1\n",
    }
    project.component(
        "a", "RELOADABLE SRCS a.c INCLUDE_DIRS include PRIV_INCLUDE_DIRS private", files
    )
    user = {"user.c": '#include "public.h"\nint user(void);\nint user(void) { return a(); }\n'}
    project.component("user", "SRCS user.c REQUIRES a", user)
    assert project.make().exports() == ["a"]


def test_what_required_components_offer(project: Project) -> None:
    """Headers, definitions and options, through one component or two, and what comes later."""
    offer = "target_compile_definitions(${{COMPONENT_LIB}} INTERFACE {0}=1)\n"
    for name, requires in (("far", ""), ("near", "REQUIRES far"), ("hidden", "")):
        project.component(
            name,
            f"SRCS {name}.c INCLUDE_DIRS include {requires}",
            {f"{name}.c": "", f"include/{name}.h": f"#define {name.upper()}_H 1\n"},
            after=offer.format(name.upper()),
        )
    condition = "FAR && NEAR && HIDDEN && FAR_H && NEAR_H && HIDDEN_H && LATER"
    source = '#include "far.h"\n#include "near.h"\n#include "hidden.h"\n'
    files = {"a.c": source + PICKY.format(condition=condition)}
    project.component("a", "RELOADABLE SRCS a.c REQUIRES near PRIV_REQUIRES hidden", files)
    project.after = "target_compile_definitions(__idf_hidden INTERFACE LATER=1)"
    assert project.make().exports() == ["a"]


@pytest.mark.parametrize(
    "after",
    [
        "target_compile_definitions(${COMPONENT_LIB} PRIVATE WANTED=1)",
        "target_compile_options(${COMPONENT_LIB} PRIVATE -DWANTED=1)",
        "set_source_files_properties(a.c PROPERTIES COMPILE_DEFINITIONS WANTED=1)",
        "set_target_properties(${COMPONENT_TARGET} PROPERTIES COMPILE_FLAGS -DWANTED=1)",
        "add_compile_definitions(IGNORED)\n"
        "target_include_directories(${COMPONENT_LIB} PRIVATE late)\n"
        "target_compile_options(${COMPONENT_LIB} PRIVATE -include wanted.h)",
    ],
)
def test_options_set_after_registration(project: Project, after: str) -> None:
    files = {**picky("WANTED"), "late/wanted.h": "#define WANTED 1\n"}
    project.component("a", "RELOADABLE SRCS a.c", files, after=after)
    assert project.make().exports() == ["a"]


def test_options_set_by_the_project(project: Project) -> None:
    project.component("a", "RELOADABLE SRCS a.c", picky("WANTED && EVERYWHERE"))
    project.after = (
        "target_compile_definitions(__idf_a PRIVATE WANTED=1)\n"
        "set_property(TARGET __idf_build_target APPEND PROPERTY COMPILE_OPTIONS -DEVERYWHERE=1)"
    )
    assert project.make().exports() == ["a"]


def test_language_standard(project: Project) -> None:
    project.component(
        "a",
        "RELOADABLE SRCS a.c",
        picky("__STDC_VERSION__ == 199901L && defined __STRICT_ANSI__"),
        after="set_target_properties(${COMPONENT_LIB} PROPERTIES C_STANDARD 99 C_EXTENSIONS OFF)",
    )
    assert project.make().exports() == ["a"]


def test_sources_added_after_registration(project: Project) -> None:
    files = {**A, "more.c": "int more(void);\nint more(void) { return 2; }\n"}
    project.component(
        "a", "RELOADABLE SRCS a.c", files, after="target_sources(${COMPONENT_LIB} PRIVATE more.c)"
    )
    assert project.make().exports() == ["a", "more"]


def test_generated_header(project: Project) -> None:
    """add_dependencies() on the library must hold for its moved sources."""
    after = (
        "add_custom_target(header COMMAND ${CMAKE_COMMAND} -E echo [[#define WANTED 1]] > "
        "${CMAKE_CURRENT_BINARY_DIR}/generated.h VERBATIM)\n"
        "add_dependencies(${COMPONENT_LIB} header)\n"
        "target_include_directories(${COMPONENT_LIB} PRIVATE ${CMAKE_CURRENT_BINARY_DIR})"
    )
    files = {"a.c": '#include "generated.h"\n' + PICKY.format(condition="WANTED")}
    project.component("a", "RELOADABLE SRCS a.c", files, after=after)
    assert project.make().exports() == ["a"]


def test_embedded_files(project: Project) -> None:
    source = "extern const char _binary_text_txt_start[];\nint a(void);\n"
    source += "int a(void) { return _binary_text_txt_start[0]; }\n"
    files = {"a.c": source, "text.txt": "embedded words\n"}
    project.component("a", "RELOADABLE SRCS a.c EMBED_TXTFILES text.txt", files)
    project.make()
    assert "_binary_text_txt_start" in project.module_symbols()
    assert b"embedded words" in (project.build / "hotreload" / "module.bin").read_bytes()
    assert b"embedded words" not in (project.build / "stand_in.elf").read_bytes()


def test_variables_reach_the_component(project: Project) -> None:
    """COMPONENT_LIB and COMPONENT_TARGET, in the scope of the caller, also of a function."""
    check = "if(NOT {0} STREQUAL __idf_a)\n message(FATAL_ERROR [[{0} is not set]])\nendif()\n"
    after = check.format("COMPONENT_LIB") + check.format("COMPONENT_TARGET")
    before = f"function(register)\nidf_component_register(${{ARGV}})\n{after}endfunction()"
    directory = project.component("a", "", A)
    (directory / "CMakeLists.txt").write_text(f"{before}\nregister(RELOADABLE SRCS a.c)\n")
    project.component(
        "b", "SRCS b.c", {"b.c": ""}, after=check.format("COMPONENT_LIB").replace("_a", "_b")
    )
    assert project.make().exports() == ["a"]


def test_several_components_form_one_module(project: Project) -> None:
    """One reloadable component calls another directly, without its stub."""
    project.reloadable("b", body="2")
    source = '#include "c.h"\nint b(void);\nint c(void) { return b() + 1; }\n'
    files = {"c.c": source, "include/c.h": "int c(void);\n"}
    project.component("c", "RELOADABLE SRCS c.c INCLUDE_DIRS include PRIV_REQUIRES b", files)
    files = {"a.c": '#include "c.h"\nint a(void);\nint a(void) { return c(); }\n'}
    project.component("a", "RELOADABLE SRCS a.c REQUIRES c", files)
    project.make()
    assert project.exports() == ["a", "b", "c"]
    assert {"a", "b", "c"} <= set(project.module_symbols())
    assert len(project.description()["watch_dirs"]) == 3


def test_component_without_sources(project: Project) -> None:
    project.reloadable()
    project.component("headers", "RELOADABLE INCLUDE_DIRS include", {"include/h.h": ""})
    assert "component headers has no sources" in project.configure()
    project.ninja()
    assert project.exports() == ["a"]


def test_main_cannot_be_reloadable(project: Project) -> None:
    (project.root / "main" / "CMakeLists.txt").write_text(
        "idf_component_register(RELOADABLE SRCS main.c)\n"
    )
    text = project.fail_to_configure()
    assert "the component main cannot be reloadable" in text and "component of its own" in text


def test_old_cmake(project: Project) -> None:
    """With an old one ordinary components build, a reloadable one says what it needs."""
    project.settings["CMAKE_VERSION"] = "3.16.3"
    project.component("b", "SRCS b.c", {"b.c": "int b(void);\nint b(void) { return 2; }\n"})
    project.make()
    assert not (project.build / "hotreload").exists(), "cmake_language() is not there"
    project.reloadable()
    text = project.fail_to_configure()
    assert "component a needs CMake 3.19 or later, this is 3.16.3" in text
    assert "CONFIG_HOTRELOAD_ENABLE=n" in text


def test_old_cmake_finds_its_files() -> None:
    """ESP-IDF 5.0 takes CMake 3.16, which knows no CMAKE_CURRENT_FUNCTION_LIST_DIR."""
    files = [*ROOT.glob("cmake/*.cmake"), *ROOT.glob("port/*/*.cmake"), ROOT / "CMakeLists.txt"]
    assert len(files) > 10
    assert not [path for path in files if "CMAKE_CURRENT_FUNCTION" in path.read_text()]


def test_size_check_of_the_firmware(project: Project) -> None:
    """ESP-IDF's function is called in another directory than the one where ours takes its place."""
    shown = 'message(STATUS "check: ${PARTITION_TABLE_CHECK_SIZES_TOOL_PATH}")'
    own = f"function(partition_table_add_check_size_target)\n{shown}\nendfunction()"
    project.component("early", "SRCS a.c", A, before=own)
    project.component("late", "SRCS a.c", A, after="partition_table_add_check_size_target()")
    (tool,) = re.findall(r"-- check: (\S+)", project.configure())
    assert Path(tool).resolve() == ROOT / "tools/hotreload/firmware_size_check.py"


# ---- by configuration ----


def test_configured_components(project: Project) -> None:
    project.component("a", "SRCS a.c", A)
    project.component("owner__b", "SRCS b.c", {"b.c": "int b(void);\nint b(void) { return 2; }\n"})
    project.component("c", "SRCS c.c", {"c.c": "int c(void);\nint c(void) { return 3; }\n"})
    project.settings["CONFIG_HOTRELOAD_COMPONENTS"] = "a; owner/b"
    assert "CONFIG_HOTRELOAD_COMPONENTS names" not in project.configure()
    project.ninja()
    assert project.exports() == ["a", "b"]


def test_configured_and_registered(project: Project) -> None:
    project.reloadable()
    project.settings["CONFIG_HOTRELOAD_COMPONENTS"] = "a"
    assert project.make().exports() == ["a"]


def test_configured_name_that_does_not_exist(project: Project) -> None:
    project.reloadable()
    project.settings["CONFIG_HOTRELOAD_COMPONENTS"] = "a;misspelt"
    text = project.configure()
    assert "CONFIG_HOTRELOAD_COMPONENTS names misspelt, which this build does not contain" in text


def test_no_reloadable_component(project: Project) -> None:
    """A warning; the firmware gets an empty table."""
    assert "no component is reloadable" in project.configure()
    project.ninja()
    assert project.exports() == []
    assert not (project.build / "hotreload" / "module.bin").exists()


def test_switched_off(project: Project) -> None:
    """The keyword is known, and everything is linked as without hotreload."""
    project.settings["CONFIG_HOTRELOAD_ENABLE"] = ""
    project.settings["CONFIG_HOTRELOAD_COMPONENTS"] = "b"
    project.settings["STAND_IN_PARTITIONS"] = ""
    project.reloadable()
    project.component("b", "SRCS b.c", {"b.c": ""})
    main = project.root / "main" / "main.c"
    main.write_text(main.read_text().replace("int a(void) __attribute__((weak));", "int a(void);"))
    project.make()
    assert "a" in project.firmware_functions()
    assert os.listdir(project.build / "hotreload") == ["hotreload.json"]


def test_included_twice(project: Project) -> None:
    project.reloadable()
    include = project.settings.setdefault("TWICE", "${STAND_IN_PROJECT_INCLUDES}")
    project.settings["STAND_IN_PROJECT_INCLUDES"] = f"{include};{include}"
    assert project.make().exports() == ["a"]
