"""The public header in C and C++, with the initialisers that applications write.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import kconfiglib
import pytest

from checked import ROOT

PROGRAM = """\
#include "hotreload.h"
const hotreload_config_t a = HOTRELOAD_CONFIG_DEFAULT();
const hotreload_config_t b = HOTRELOAD_CONFIG_SPIRAM();
const hotreload_server_config_t c = HOTRELOAD_SERVER_CONFIG_DEFAULT();
const hotreload_serial_config_t d = HOTRELOAD_SERIAL_CONFIG_DEFAULT();
const hotreload_start_config_t e = HOTRELOAD_START_CONFIG_DEFAULT();
const hotreload_server_config_t f = {.port = 81, .partition_label = "x", .max_upload_size = 1000,
                                     .run_from_ram_first = false};
const hotreload_event_data_t g = {.sequence = HOTRELOAD_EVENT_LOADED, .reason = ""};
int main(void) { return ESP_ERR_HOTRELOAD_TASK_INSIDE; }
"""
OLD_NAME = """\
#include "hotreload.h"
size_t old_name(hotreload_server_config_t *config) { return config->max_elf_size = 1000; }
"""
LANGUAGES = {"c": ("gcc", "-std=c11", "-Wpedantic"), "cpp": ("g++", "-std=c++20", "-Wpedantic"),
             "esp_idf_c": ("gcc", "-std=gnu17"), "esp_idf_cpp": ("g++", "-std=gnu++2b")}


def compile_text(language: str, text: str, tmp_path: Path,
                 configuration: Path = ROOT / "port/emulator/include") -> str:
    """What the compiler says."""
    compiler, *options = LANGUAGES[language]
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is missing")
    source = tmp_path / ("program.c" if compiler == "gcc" else "program.cpp")
    source.write_text(text)
    command = [compiler, *options, "-Wall", "-Wextra", "-fsyntax-only", f"-I{ROOT}/include",
               f"-I{configuration}", f"-I{ROOT}/port/emulator/include", str(source)]
    result = subprocess.run(command, stderr=subprocess.PIPE, encoding="utf-8")
    assert result.returncode == 0, result.stderr
    return result.stderr


@pytest.mark.parametrize("language", LANGUAGES)
def test_initialisers(language: str, tmp_path: Path) -> None:
    assert compile_text(language, PROGRAM, tmp_path) == ""


@pytest.mark.parametrize("off", ["", "HOTRELOAD_ENABLE", "HOTRELOAD_SERVER"])
def test_initialisers_in_every_configuration(off: str, tmp_path: Path) -> None:
    """As menuconfig makes sdkconfig.h."""
    kconfig = kconfiglib.Kconfig(str(ROOT / "Kconfig"), warn=False)
    if off:
        kconfig.syms[off].set_value("n")
    kconfig.write_autoconf(str(tmp_path / "sdkconfig.h"))
    assert compile_text("esp_idf_c", PROGRAM, tmp_path, tmp_path) == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_old_name_of_the_limit_warns(language: str, tmp_path: Path) -> None:
    text = compile_text(language, OLD_NAME, tmp_path)
    assert "max_upload_size" in text and "-Wdeprecated-declarations" in text
