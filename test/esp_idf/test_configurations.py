"""Components and configurations of all kinds; most are only configured and compiled in part.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Callable

import pytest

import component_package
from idf_project import DEFAULTS, IdfProject, list_targets
from machines import Machine
from qemu import Qemu

ORDINARY = """\
idf_component_register(SRCS ordinary.c INCLUDE_DIRS include)
target_compile_definitions(${COMPONENT_LIB} INTERFACE ORDINARY_OFFERS=1)
"""

DEMANDING = """\
idf_component_register(
    SRCS demanding.c
    INCLUDE_DIRS include
    REQUIRES ordinary RELOADABLE
    PRIV_REQUIRES reloadable esp_timer
    EMBED_TXTFILES words.txt
    LDFRAGMENTS linker.lf
)
target_compile_definitions(${COMPONENT_LIB} PRIVATE DEMANDS=1)
target_sources(${COMPONENT_LIB} PRIVATE more.c)
set_source_files_properties(more.c PROPERTIES COMPILE_DEFINITIONS MORE=1)
"""

DEMANDING_C = """\
#include "demanding.h"
#include "esp_timer.h"
#include "ordinary.h"
#include "reloadable.h"

#if !(ORDINARY_OFFERS && DEMANDS && ESP_PLATFORM && !defined(MORE))
#error "not compiled as it should be"
#endif

extern const char words[] asm("_binary_words_txt_start");

int demanding(void)
{
    reloadable_init();
    return ordinary() + (int)esp_timer_get_time() + words[0];
}
"""

MORE_C = """\
#if !(ORDINARY_OFFERS && DEMANDS && MORE)
#error "not compiled as it should be"
#endif
#include "demanding.h"

int more(void)
{
    return demanding();
}
"""

FRAGMENT = """\
[mapping:demanding]
archive: libdemanding.a
entries:
    demanding (noflash)
"""


def add_components(project: IdfProject) -> None:
    """A component that asks for a lot, of an ordinary and of a reloadable one."""
    files = {
        "ordinary/CMakeLists.txt": ORDINARY,
        "ordinary/ordinary.c": '#include "ordinary.h"\nint ordinary(void)\n{\n    return 1;\n}\n',
        "ordinary/include/ordinary.h": "int ordinary(void);\n",
        "demanding/CMakeLists.txt": DEMANDING,
        "demanding/demanding.c": DEMANDING_C,
        "demanding/more.c": MORE_C,
        "demanding/include/demanding.h": "int demanding(void);\nint more(void);\n",
        "demanding/words.txt": "embedded words",
        "demanding/linker.lf": FRAGMENT,
    }
    for name, text in files.items():
        project.write(f"components/{name}", text)
    main = project.directory / "main" / "CMakeLists.txt"
    main.write_text(main.read_text().replace("reloadable_math", "reloadable_math demanding"))


def configure(project: IdfProject, *lines: str) -> str:
    project.write("sdkconfig.test", "\n".join(lines) + "\n")
    project.defaults = f"{DEFAULTS};sdkconfig.test"
    return project.run("reconfigure")


def test_components_that_depend_on_each_other(project: IdfProject) -> None:
    add_components(project)
    project.run("reconfigure")
    result = project.ninja("hotreload/exports.txt")
    assert result.returncode == 0, result.stdout
    assert {"demanding", "more", "reloadable_init"} <= set(project.exports())
    assert "ordinary" not in project.exports()
    names = {path.rsplit("/", 1)[-1] for path in project.description()["watch_dirs"]}
    assert names == {"demanding", "reloadable", "reloadable_math"}


def test_components_named_in_the_configuration(project: IdfProject) -> None:
    add_components(project)
    text = configure(project, 'CONFIG_HOTRELOAD_COMPONENTS="ordinary;absent"')
    assert "CONFIG_HOTRELOAD_COMPONENTS names absent" in " ".join(text.split())
    result = project.ninja("hotreload/exports.txt")
    assert result.returncode == 0, result.stdout
    assert "ordinary" in project.exports()


def test_no_partition(project: IdfProject) -> None:
    table = project.directory / "partitions.csv"
    lines = [line for line in table.read_text().splitlines() if not line.startswith("hotreload")]
    table.write_text("\n".join(lines) + "\n")
    project.run("reconfigure")
    result = project.ninja("hotreload_problem")
    assert result.returncode != 0
    assert "hotreload,  app,  0x40,    ,        512k," in result.stdout


def test_memory_protection(project: IdfProject) -> None:
    """Where the chip has any, the option that is on is named."""
    names = ("MEMPROT", "MEMPROT_FEATURE", "PMP_IDRAM_SPLIT")
    configure(project, *(f"CONFIG_ESP_SYSTEM_{name}=y" for name in names))
    sdkconfig = (project.build / "sdkconfig").read_text()
    options = [f"CONFIG_ESP_SYSTEM_{name}" for name in names]
    active = [option for option in options if f"\n{option}=y\n" in sdkconfig]
    if not active:
        pytest.skip(f"{project.target} has no memory protection")
    result = project.ninja("hotreload_problem")
    assert result.returncode != 0 and f"{active[0]}=y forbids" in result.stdout


def test_secure_boot(project: IdfProject) -> None:
    """The build stops, with all the reasons, until the option with the honest name is set."""
    options = ["CONFIG_SECURE_BOOT", "CONFIG_COMPILER_OPTIMIZATION_ASSERTIONS_DISABLE"]
    lines = [f"{option}=y" for option in options]
    unsigned = "CONFIG_SECURE_BOOT_BUILD_SIGNED_BINARIES=n"
    configure(project, *lines, unsigned)
    result = project.ninja("hotreload_problem")
    assert result.returncode != 0
    assert all(f"{line}, and hot reload is on" in result.stdout for line in lines)
    (project.build / "sdkconfig").unlink()  # What it holds comes before the defaults.
    text = configure(project, *lines, unsigned, "CONFIG_HOTRELOAD_ALLOW_UNSIGNED_CODE=y")
    assert "and hot reload is on" not in text
    assert project.ninja("hotreload/exports.txt").returncode == 0


def test_switched_off(
    project: IdfProject, start_chip: "Callable[[IdfProject], Qemu]"
) -> None:
    """For production: linked statically, no code generated, and the program runs unchanged."""
    table = project.directory / "partitions.csv"
    lines = [line for line in table.read_text().splitlines() if not line.startswith("hotreload")]
    table.write_text("\n".join(lines) + "\n")
    configure(project, "CONFIG_HOTRELOAD_ENABLE=n", "CONFIG_ESP_SYSTEM_MEMPROT_FEATURE=y")
    output = project.run("build")
    assert "hotreload_problem" not in output and "the module" not in output
    assert [path.name for path in project.path("").iterdir()] == ["hotreload.json"]
    assert "hot reload is off (CONFIG_HOTRELOAD_ENABLE=n)" in project.fail("reload", HOTRELOAD_URL="http://127.0.0.1:9")
    (elf,) = project.build.glob("*.elf")
    assert b"__wrap_panic" not in elf.read_bytes()  # The panic handler is ESP-IDF's own.
    chip = start_chip(project)
    chip.wait_for(r"6 \+ 7 = 13, 6 \* 7 = 42")
    chip.wait_for(r"^Hello, World, from \S+! 1$")


@pytest.mark.parametrize("chip", ["esp32s2", "esp32s3"])
def test_psram_in_the_presets(project: IdfProject, chip: str) -> None:
    """The component with CONFIG_SPIRAM is in the build, in spite of COMPONENTS main."""
    presets = json.loads((project.directory / "CMakePresets.json").read_text())["configurePresets"]
    preset = next(one for one in presets if one["name"] == f"{chip}-hardware")
    if chip not in list_targets():
        pytest.skip(f"no compiler for {chip}")
    build = IdfProject(project.directory, chip, f"{chip}-psram")
    build.defaults = preset["cacheVariables"]["SDKCONFIG_DEFAULTS"]
    build.run("reconfigure")
    lines = (build.build / "sdkconfig").read_text().splitlines()
    assert "CONFIG_SPIRAM=y" in lines and "CONFIG_HOTRELOAD_PREFER_SPIRAM=y" in lines


def test_a_folder_with_another_name(repository: Path, machine: Machine, tmp_path: Path) -> None:
    """A clone in any folder: the reason is said, in place of "Failed to resolve component"."""
    component = component_package.unpack_component(repository, tmp_path / "clone")
    project = IdfProject(component / "examples" / "basic", machine.target, machine.name)
    text = project.fail("reconfigure")
    assert "must be called hotreload" in " ".join(text.split())
