"""Compares what names chips with the table of them, port/esp_idf/chips.cmake.

SPDX-License-Identifier: MIT
"""
from __future__ import annotations

import json
import re
from typing import Dict, List

from checked import ROOT

COLUMNS = "chip arch cores since address psram from cache flash shown".split()
ARCHITECTURES = {"riscv": "RISC-V", "xtensa": "Xtensa"}

Chip = Dict[str, str]


def read_table() -> List[Chip]:
    text = (ROOT / "port/esp_idf/chips.cmake").read_text()
    rows = [[cell.strip() for cell in row.split("|")]
            for row in re.findall(r'^ *"(esp32.*)"', text, re.MULTILINE)]
    assert rows and all(len(row) == len(COLUMNS) for row in rows), "chips.cmake has other columns"
    return [dict(zip(COLUMNS, row)) for row in rows]


def _in_psram(chip: Chip) -> str:
    others = {"none": "", "data": "data"}
    if chip["psram"] in others:
        return others[chip["psram"]]
    return "yes" if chip["from"] == "-" else f"yes, from ESP-IDF {chip['from']}"


def _name(chips: List[Chip]) -> str:
    """`ESP32-C2, -C6`; the ESP32 itself has no suffix."""
    suffixes = [chip["chip"][len("esp32"):].upper() for chip in chips]
    return "ESP32" + ", ".join(f"-{suffix}" if suffix else "" for suffix in suffixes)


def readme_rows(chips: List[Chip]) -> List[str]:
    """Chips of which the same is said share a row."""
    groups: Dict[str, List[Chip]] = {}
    for chip in chips:
        flash = "" if chip["flash"] == "-" else f"{chip['flash']} KB"
        cells = [ARCHITECTURES[chip["arch"]], _in_psram(chip), flash, chip["shown"]]
        groups.setdefault("| ".join(f"{cell} ".lstrip() for cell in cells), []).append(chip)
    return [f"| {_name(group)} | {cells}|" for cells, group in groups.items()]


def find_differences(chips: List[Chip]) -> List[str]:
    names = {chip["chip"] for chip in chips}
    kconfig = (ROOT / "Kconfig").read_text()
    manifest = (ROOT / "idf_component.yml").read_text()
    presets = json.loads((ROOT / "examples/basic/CMakePresets.json").read_text())
    readme = (ROOT / "README.md").read_text()
    found = {
        "Kconfig, HOTRELOAD_PREFER_SPIRAM": (
            {name.lower() for name in re.findall(r"IDF_TARGET_(\w+)", kconfig)},
            {chip["chip"] for chip in chips if chip["psram"] != "none"}),
        "idf_component.yml, targets": (set(re.findall(r"^  - (esp32\w*)$", manifest, re.M)), names),
        "examples/basic/CMakePresets.json": (
            {preset["name"] for preset in presets["configurePresets"]
             if preset["name"].endswith("-hardware")}, {f"{name}-hardware" for name in names}),
        "README.md, Supported chips": (
            set(re.findall(r"^\| ESP32.*$", readme, re.M)), set(readme_rows(chips))),
    }
    return [f"{where} has {sorted(has - should)}; port/esp_idf/chips.cmake says {sorted(should - has)}"
            for where, (has, should) in found.items() if has != should]


def test_what_names_chips_agrees_with_the_table() -> None:
    assert not find_differences(read_table())


def test_what_was_seen_is_said_by_version() -> None:
    versions = r"ESP-IDF \d+\.\d+\.\d+(, \d+\.\d+\.\d+)*"
    seen = rf"(ran|ran in QEMU|compiled): {versions}"
    for chip in read_table():
        assert re.fullmatch(rf"neither|{seen}( / {seen})*", chip["shown"]), chip
        assert re.fullmatch(r"-|\d+\.\d", chip["flash"]), chip
