"""The module beside the firmware: what is built when, the partition, flashing, the commands.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from pathlib import Path
from typing import Set

import pytest

from stand_in import PARTITION, ROOT, Project

CHANGED = "int a(void);\nint a(void) {{ return {0}; }}\n"
STEPS = {
    "compile": r"Building C object \S+/__idf_a\.dir/",
    "exports": "Listing exports",
    "stubs": "Generating stubs",
    "firmware": r"Linking C executable stand_in\.elf",
    "module": "Linking the module",
}


def steps(output: str) -> Set[str]:
    """Which of the steps Ninja ran."""
    return {name for name, words in STEPS.items() if re.search(words, output)}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# ---- what is built again ----


def test_nothing_changed(project: Project) -> None:
    project.reloadable()
    project.make()
    assert "no work to do" in project.ninja()


def test_changed_body(project: Project) -> None:
    directory = project.reloadable()
    project.make()
    firmware = digest(project.build / "stand_in.elf")
    (directory / "a.c").write_text(CHANGED.format(2))
    assert steps(project.ninja()) == {"compile", "exports", "module"}
    assert digest(project.build / "stand_in.elf") == firmware
    assert "no work to do" in project.ninja()


def test_changed_firmware(project: Project) -> None:
    project.reloadable()
    project.make()
    main = project.root / "main" / "main.c"
    main.write_text(main.read_text() + "int more = 1;\n")
    assert steps(project.ninja()) == {"firmware", "module"}


def test_changed_exports(project: Project) -> None:
    directory = project.reloadable()
    project.make()
    (directory / "a.c").write_text(CHANGED.format(2) + "int b(void);\nint b(void) { return 3; }\n")
    assert steps(project.ninja()) == {"compile", "exports", "stubs", "firmware", "module"}
    assert project.exports() == ["a", "b"]
    assert "hotreload_missing_1" in project.firmware_functions()


def test_only_the_objects(project: Project) -> None:
    """What a reload builds."""
    directory = project.reloadable()
    project.make()
    (directory / "a.c").write_text(CHANGED.format(2))
    assert steps(project.ninja("hotreload_objects")) == {"compile"}


# ---- what the tools are told ----


def test_description(project: Project) -> None:
    directory = project.reloadable()
    project.make()
    told = project.description()
    assert (told["arch"], told["chip"], told["abi"]) == ("riscv", 5, 1)
    assert told["identity"] == "sha256" and told["partition_size"] == 0x10000
    assert told["watch_dirs"] == [str(directory)]
    assert told["compiler_flags"] == ["-march=rv32imac", "-mabi=ilp32"]
    assert told["libraries"][0].endswith("rv32imac/ilp32/libgcc.a"), "the one for these flags"
    for name in ("linker", "compiler", "firmware_elf", "module", "partition_image", "secret"):
        assert os.path.exists(told[name]), name
    assert all(os.path.exists(path) for path in told["objects"])


def test_hard_float_abi(project: Project) -> None:
    project.reloadable()
    project.after = (
        'set(CMAKE_C_FLAGS "-march=rv32imafc -mabi=ilp32f")\n'
        'set(CMAKE_ASM_FLAGS "-march=rv32imafc -mabi=ilp32f")'
    )
    project.configure()
    assert project.description()["abi"] == 2


def test_identity_is_the_elf_file(project: Project) -> None:
    project.reloadable()
    project.make()
    module = (project.build / "hotreload" / "module.bin").read_bytes()
    assert hashlib.sha256((project.build / "stand_in.elf").read_bytes()).digest() in module


def test_the_tools_are_told_why_there_is_no_module(project: Project) -> None:
    """What was there before would tell them of a module that the firmware has not."""
    directory = project.reloadable()
    project.configure()
    assert "no_module" not in project.description()
    lists = directory / "CMakeLists.txt"
    marked = lists.read_text()
    lists.write_text(marked.replace("RELOADABLE ", ""))
    project.configure()
    assert "no component with sources is RELOADABLE" in project.description()["no_module"]
    lists.write_text(marked)
    project.configure()
    assert "no_module" not in project.description()
    project.settings["CONFIG_HOTRELOAD_ENABLE"] = ""
    project.configure()
    description = project.description()
    assert "CONFIG_HOTRELOAD_ENABLE=n" in description["no_module"]
    assert description["build_dir"] == str(project.build) and description["ninja"]
    project.settings["CONFIG_HOTRELOAD_ENABLE"] = "y"
    project.settings["CONFIG_ESP_SYSTEM_MEMPROT_FEATURE"] = "y"
    project.configure()
    assert "CONFIG_ESP_SYSTEM_MEMPROT_FEATURE=y forbids" in project.description()["no_module"]


C_LIBRARY = """\
include({root}/cmake/hotreload.cmake)
set(CMAKE_C_COMPILER {compiler})
hotreload_find_c_library(found -march=rv32imac)
message("found: ${{found}}")
"""


@pytest.mark.parametrize("quoted", ["{0}/a b/lib", "{0}/a\\$b/lib", "{0}/ab/lib"])
@pytest.mark.parametrize("is_last", [True, False])
def test_c_library_where_a_path_has_a_blank(tmp_path: Path, quoted: str, is_last: bool) -> None:
    """GCC prints it in quotes then."""
    word = f'"-L{quoted.format(tmp_path)}"'
    library = Path(quoted.format(tmp_path).replace("\\", "")) / "libc.a"
    library.parent.mkdir(parents=True)
    library.touch()
    options = f"collect2 -L/none {word}" + ("" if is_last else ' "-L/no/other" -lc')
    compiler = tmp_path / "gcc"
    compiler.write_text(f"#!/bin/sh\ncat >&2 <<'EOF'\nCOLLECT_GCC={compiler}\n {options}\nEOF\n")
    compiler.chmod(0o755)
    script = tmp_path / "script.cmake"
    script.write_text(C_LIBRARY.format(root=ROOT, compiler=compiler))
    result = subprocess.run(["cmake", "-P", str(script)], stderr=subprocess.PIPE, encoding="utf-8")
    assert result.stderr.strip() == f"found: {library}"


# ---- partition and flashing ----


def test_flash_targets(project: Project) -> None:
    project.reloadable()
    project.make()
    image = project.build / "hotreload" / "partition.bin"
    assert image.stat().st_size == 0x10000
    flashed = (project.build / "flashed.txt").read_text().splitlines()
    targets = ("hotreload-flash", "flash", "app-flash")
    assert flashed == [f"{target} hotreload {image}" for target in targets]
    for target in targets:
        image.unlink()
        assert "module" in steps(project.ninja(target)) and image.exists()


def test_partition_of_another_label(project: Project) -> None:
    project.reloadable()
    project.settings["CONFIG_HOTRELOAD_PARTITION_LABEL"] = "plugins"
    project.settings["STAND_IN_PARTITIONS"] = "plugins 0 64 0x110000 0x20000"
    project.make()
    assert project.description()["partition_size"] == 0x20000
    assert "flash plugins " in (project.build / "flashed.txt").read_text()


@pytest.mark.parametrize(
    "partitions",
    [
        "",
        "factory 0 0 0x10000 0x100000",
        "hotreload 1 64 0x110000 0x10000",
        "hotreload 0 0 0x110000 0x10000",
    ],
)
def test_no_partition(project: Project, partitions: str) -> None:
    """CMake goes on, so that menuconfig can be run; the build stops before the firmware's link."""
    project.reloadable()
    project.settings["STAND_IN_PARTITIONS"] = partitions
    assert "no partition 'hotreload' of type app, subtype 0x40" in project.configure()
    text = project.fail_to_build()
    assert re.search(r"^hotreload,  app,  0x40,    ,        512k,$", text, re.MULTILINE)
    assert "firmware" not in steps(text)
    project.settings["STAND_IN_PARTITIONS"] = PARTITION
    assert project.make().exports() == ["a"]


@pytest.mark.parametrize("setting", ["", "y"])
def test_exceptions(project: Project, setting: str) -> None:
    project.reloadable()
    project.settings["CONFIG_COMPILER_CXX_EXCEPTIONS"] = setting
    project.configure()
    assert project.description()["exceptions"] == (setting == "y")


@pytest.mark.parametrize("option", ["MEMPROT", "MEMPROT_FEATURE", "PMP_IDRAM_SPLIT"])
def test_memory_protection(project: Project, option: str) -> None:
    project.reloadable()
    name = f"CONFIG_ESP_SYSTEM_{option}"
    project.settings[name] = "y"
    assert f"{name}=y forbids running code from the heap" in project.configure()
    text = project.fail_to_build()
    assert f"{name}=n into sdkconfig.defaults" in text and "firmware" not in steps(text)
    project.settings[name] = ""
    assert project.make().exports() == ["a"]


@pytest.mark.parametrize(
    "option",
    [
        "SECURE_BOOT",
        "SECURE_SIGNED_APPS_NO_SECURE_BOOT",
        "SECURE_FLASH_ENC_ENABLED",
        "BOOTLOADER_APP_ANTI_ROLLBACK",
        "COMPILER_OPTIMIZATION_ASSERTIONS_DISABLE",
    ],
)
def test_protected_or_release_firmware(project: Project, option: str) -> None:
    project.reloadable()
    project.settings[f"CONFIG_{option}"] = "y"
    assert f"CONFIG_{option}=y, and hot reload is on" in project.configure()
    text = project.fail_to_build()
    assert "firmware" not in steps(text) and not (project.build / "stand_in.elf").exists()
    assert "CONFIG_HOTRELOAD_ENABLE=n" in text and "CONFIG_HOTRELOAD_ALLOW_UNSIGNED_CODE=y" in text
    project.settings["CONFIG_HOTRELOAD_ALLOW_UNSIGNED_CODE"] = "y"
    assert project.make().exports() == ["a"]


def test_all_protections_are_named_at_once(project: Project) -> None:
    """Also where no component is reloadable: the server and the loader are in the firmware."""
    options = ["CONFIG_SECURE_BOOT", "CONFIG_SECURE_FLASH_ENC_ENABLED"]
    project.settings.update({option: "y" for option in options})
    project.configure()
    text = project.fail_to_build()
    assert all(f"{option}=y, and hot reload is on" in text for option in options)


def test_release_without_hot_reload(project: Project) -> None:
    """The way to a release: RELOADABLE stays, CONFIG_HOTRELOAD_ENABLE goes."""
    project.reloadable()
    project.settings.update({"CONFIG_HOTRELOAD_ENABLE": "", "CONFIG_SECURE_BOOT": "y"})
    main = project.root / "main" / "main.c"
    main.write_text(main.read_text().replace("int a(void) __attribute__((weak));", "int a(void);"))
    assert "SECURE_BOOT" not in project.configure()
    project.ninja()
    assert "a" in project.firmware_functions()


# ---- commands ----


def test_commands_are_targets(project: Project) -> None:
    project.reloadable()
    project.make()
    for target in ("reload", "watch", "hotreload-reload", "hotreload-watch", "hotreload-status"):
        command = target.split("-")[-1]
        expected = f"-m hotreload {command} --build {project.build}"
        assert expected in project.ninja("-n", "-v", target)
    text = project.fail_to_build("reload")
    assert re.search("no board (was found )?on the network", text), "others may be there"
    assert "--url" in text


def test_a_project_may_have_a_target_of_that_name(project: Project) -> None:
    project.reloadable()
    project.after = "add_custom_target(reload COMMAND ${CMAKE_COMMAND} -E echo own reload)"
    project.make()
    assert "own reload" in project.ninja("reload")
    assert "-m hotreload reload" in project.ninja("-n", "-v", "hotreload-reload")


def test_hint_for_esp_idf_5(project: Project) -> None:
    project.reloadable()
    hint = "run once: idf.py hotreload-idf-ext"
    assert hint in project.configure()
    project.ninja("hotreload-idf-ext")
    assert "hotreload.idf_extension" in (project.root / "idf_ext.py").read_text()
    assert hint not in project.configure()


def test_no_hint_for_esp_idf_6(project: Project) -> None:
    project.reloadable()
    project.settings["IDF_VERSION_MAJOR"] = "6"
    assert "idf_ext" not in project.configure()


# ---- the script that collects requirements ----

SCRIPT = """\
macro(idf_component_register)
    cmake_parse_arguments(_ "" "" "SRCS;REQUIRES;PRIV_REQUIRES" "${ARGN}")
    set(__component_requires "${__REQUIRES}")
    set(__component_priv_requires "${__PRIV_REQUIRES}")
    return()
endmacro()
function(idf_build_get_property variable property)
endfunction()
function(__component_get_requirements)
    include(${__component}/CMakeLists.txt)
    set(__component_requires "${__component_requires}" PARENT_SCOPE)
    set(__component_priv_requires "${__component_priv_requires}" PARENT_SCOPE)
endfunction()
set(CMAKE_BUILD_EARLY_EXPANSION 1)
set(IDF_VERSION_MAJOR 5)
foreach(__component ${COMPONENTS})
    set(__component_requires "")
    set(__component_priv_requires "")
    __component_get_requirements()
    set(__contents "set(x REQUIRES \\"${__component_requires}\\")
set(x PRIV_REQUIRES \\"${__component_priv_requires}\\")")
    set(__component_requires_contents "${__component_requires_contents}\\n${__contents}")
endforeach()
file(WRITE ${OUTPUT} "${__component_requires_contents}")
"""


@pytest.mark.parametrize(
    "arguments, expected",
    [
        ("RELOADABLE REQUIRES x y PRIV_REQUIRES z", ("x;y", "z")),
        ("REQUIRES x y RELOADABLE PRIV_REQUIRES z", ("x;y", "z")),
        ("REQUIRES RELOADABLE x y PRIV_REQUIRES z RELOADABLE", ("x;y", "z")),
        ("REQUIRES x RELOADABLE y PRIV_REQUIRES RELOADABLE", ("x;y", "")),
        ("REQUIRES x_RELOADABLE RELOADABLE_y", ("x_RELOADABLE;RELOADABLE_y", "")),
    ],
)
def test_requirements_script(tmp_path: Path, arguments: str, expected: "tuple[str, str]") -> None:
    """As tools/cmake/scripts/component_get_requirements.cmake; our component among others."""
    for name in ("before", "after"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "CMakeLists.txt").write_text(f"idf_component_register({arguments})\n")
    # The component refuses a folder of another name; this clone may have any.
    (tmp_path / "hotreload").symlink_to(ROOT)
    (tmp_path / "script.cmake").write_text(SCRIPT)
    components = ";".join(str(tmp_path / name) for name in ("before", "hotreload", "after"))
    command = ["cmake", f"-DCOMPONENTS={components}", f"-DOUTPUT={tmp_path / 'out'}"]
    subprocess.run([*command, "-P", str(tmp_path / "script.cmake")], check=True)
    found = re.findall(r'set\(x (?:PRIV_)?REQUIRES "(.*)"\)', (tmp_path / "out").read_text())
    assert tuple(found[0:2]) == expected and tuple(found[4:6]) == expected
    assert "esp_http_server" in found[3], "our own requirements"
