"""A project of the stand-in for ESP-IDF: writes its files, runs CMake and Ninja.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List

from elftools.elf.elffile import ELFFile

ROOT = Path(__file__).resolve().parents[2]
COMPILER = "riscv64-unknown-elf-gcc"
PARTITION = "hotreload 0 64 0x110000 0x10000"

PROJECT = """\
cmake_minimum_required(VERSION 3.19)
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_C_COMPILER {compiler})
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_C_FLAGS "-march=rv32imac -mabi=ilp32")
set(PYTHON {python})
set(IDF_VERSION_MAJOR 5)
set(CONFIG_IDF_FIRMWARE_CHIP_ID 0x0005)
set(CONFIG_HOTRELOAD_PARTITION_LABEL hotreload)
set(STAND_IN_PROJECT_INCLUDES {root}/project_include.cmake)
{settings}
project(stand_in {languages})
include({root}/test/cmake/idf.cmake)
stand_in_project(stand_in.elf {components})
{after}
file(GENERATE OUTPUT ${{CMAKE_BINARY_DIR}}/flashed.txt
    CONTENT $<TARGET_PROPERTY:__idf_build_target,STAND_IN_FLASHED>)
cmake_language(DEFER CALL write_flashed)
function(write_flashed)
    get_property(flashed GLOBAL PROPERTY STAND_IN_FLASHED)
    set_property(TARGET __idf_build_target PROPERTY STAND_IN_FLASHED "${{flashed}}")
endfunction()
"""

MAIN = """\
int main_value = 5;
void hotreload_missing(unsigned slot) { (void)slot; for (;;) { } }
extern const int hotreload_firmware_table[] __attribute__((weak));
const int *volatile table;
int a(void) __attribute__((weak));
void app_main(void) { table = hotreload_firmware_table; main_value = a(); for (;;) { } }
"""


class Project:
    """One project directory; its components are directories with files given as text."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.build = root / "build"
        self.generator = "Ninja"
        self.settings: Dict[str, str] = {
            "CONFIG_HOTRELOAD_ENABLE": "y",
            "STAND_IN_PARTITIONS": PARTITION,
        }
        self.languages = "C ASM"
        self.after = ""
        self._components: List[str] = []
        self.component("main", "SRCS main.c", {"main.c": MAIN})

    def component(
        self, name: str, register: str, files: Dict[str, str], after: str = "", before: str = ""
    ) -> Path:
        """Adds a component by the arguments of idf_component_register()."""
        directory = self.root / name
        for file, text in files.items():
            path = directory / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        lists = f"{before}\nidf_component_register({register})\n{after}\n"
        (directory / "CMakeLists.txt").write_text(lists)
        self._components.append(name)
        return directory

    def reloadable(self, name: str = "a", body: str = "1") -> Path:
        """Adds the simplest of reloadable components."""
        source = f"int {name}(void);\nint {name}(void) {{ return {body}; }}\n"
        return self.component(name, f"RELOADABLE SRCS {name}.c", {f"{name}.c": source})

    def configure(self) -> str:
        """Runs CMake, which must succeed; returns its output on one line."""
        result = self._cmake()
        assert result.returncode == 0, result.stdout
        return " ".join(result.stdout.split())

    def fail_to_configure(self) -> str:
        """Runs CMake, which must fail; returns its output on one line."""
        result = self._cmake()
        assert result.returncode != 0, result.stdout
        return " ".join(result.stdout.split())

    def _cmake(self) -> "subprocess.CompletedProcess[str]":
        settings = "\n".join(f'set({name} "{value}")' for name, value in self.settings.items())
        text = PROJECT.format(
            compiler=COMPILER,
            python=sys.executable,
            root=ROOT,
            settings=settings,
            languages=self.languages,
            components=" ".join(self._components),
            after=self.after,
        )
        (self.root / "CMakeLists.txt").write_text(text)
        command = ["cmake", "-S", str(self.root), "-B", str(self.build), "-G", self.generator]
        environment = {k: v for k, v in os.environ.items() if k != "IDF_EXTRA_ACTIONS_PATH"}
        return subprocess.run(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )

    def ninja(self, *targets: str) -> str:
        """Builds, which must succeed; returns Ninja's output."""
        result = self._ninja(targets)
        assert result.returncode == 0, result.stdout
        return result.stdout

    def fail_to_build(self, *targets: str) -> str:
        result = self._ninja(targets)
        assert result.returncode != 0, result.stdout
        return result.stdout

    def _ninja(self, targets: Any) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["ninja", "-C", str(self.build), *targets],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )

    def make(self) -> "Project":
        """Configures and builds everything."""
        self.configure()
        self.ninja()
        return self

    # ---- what was built ----

    def description(self) -> Dict[str, Any]:
        return dict(json.loads((self.build / "hotreload" / "hotreload.json").read_text()))

    def exports(self) -> List[str]:
        text = (self.build / "hotreload" / "exports.txt").read_text()
        return [line.split()[1] for line in text.splitlines()]

    def firmware_functions(self) -> List[str]:
        return self._symbols(self.build / "stand_in.elf", "STT_FUNC")

    def module_symbols(self) -> List[str]:
        return self._symbols(self.build / "hotreload" / "module.elf", None)

    def _symbols(self, path: Path, kind: Any) -> List[str]:
        with open(path, "rb") as file:
            table = ELFFile(file).get_section_by_name(".symtab")
            return [
                symbol.name
                for symbol in table.iter_symbols()
                if symbol["st_shndx"] not in ("SHN_UNDEF", "SHN_ABS")
                and kind in (None, symbol["st_info"]["type"])
            ]
