"""`stubs`: the assembly source, assembled and linked into a firmware.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Dict

import pytest
from elftools.elf.elffile import ELFFile

import toolchains
from hotreload.module.exports import SPARE, SPARE_INTERNAL
from project import Project
from toolchains import run

SOURCE = """\
int second(int x) { return x; }
__attribute__((weak)) int first(int x) { return x; }
int third(int x) { return x; }
"""


class Memory:
    """The loaded sections and symbols of a linked firmware."""

    def __init__(self, path: str) -> None:
        with open(path, "rb") as file:
            elf = ELFFile(file)
            self.sections = [
                (s["sh_addr"], s.data())
                for s in elf.iter_sections()
                if s["sh_flags"] & 2 and s["sh_type"] == "SHT_PROGBITS"
            ]
            self.symbols: Dict[str, int] = {}
            self.kinds: Dict[str, str] = {}
            self.sizes: Dict[str, int] = {}
            for s in elf.get_section_by_name(".symtab").iter_symbols():
                self.symbols[s.name] = s["st_value"]
                self.kinds[s.name] = f"{s['st_info']['bind']} {s['st_info']['type']}"
                self.sizes[s.name] = s["st_size"]

    def bytes(self, address: int, size: int) -> bytes:
        for start, data in self.sections:
            if start <= address and address + size <= start + len(data):
                return data[address - start : address - start + size]
        raise AssertionError(f"nothing at {address:#x}")

    def words(self, address: int, count: int) -> tuple:
        return struct.unpack(f"<{count}I", self.bytes(address, 4 * count))


def firmware(project: Project) -> Memory:
    project.write("a.c", SOURCE)
    project.compile()
    project.link_firmware()
    return Memory(project.firmware)


@pytest.fixture(params=["riscv", "xtensa-windowed"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    return Project(tmp_path, toolchains.get(request.param))


def test_table(target: Project) -> None:
    memory = firmware(target)
    fields = memory.words(memory.symbols["hotreload_firmware_table"], 5)
    count, slots, missing, names, slot_count = fields
    assert (count, slot_count) == (3, 3 + SPARE + SPARE_INTERNAL)
    assert memory.bytes(names, 37) == b"first\0second\0third\0a static function\0"
    handlers = tuple(memory.symbols[f"hotreload_missing_{i}"] for i in range(3))
    assert len(set(handlers)) == 3
    handlers += (memory.symbols["hotreload_missing_gone"],) * (slot_count - count)
    assert memory.words(missing, slot_count) == handlers
    assert memory.words(slots, slot_count) == handlers, "a slot is never null"
    assert memory.kinds["hotreload_firmware_table"] == "STB_GLOBAL STT_OBJECT"


def test_symbols_of_stubs(target: Project) -> None:
    memory = firmware(target)
    assert memory.kinds["second"] == "STB_GLOBAL STT_FUNC"
    assert memory.kinds["first"] == "STB_WEAK STT_FUNC"
    assert all(0 < memory.sizes[name] <= 12 for name in ("first", "second", "third"))


def test_riscv_stub_is_three_instructions(riscv: Project) -> None:
    memory = firmware(riscv)
    slots = memory.words(memory.symbols["hotreload_firmware_table"], 2)[1]
    for index, name in enumerate(("first", "second", "third")):
        lui, lw = memory.words(memory.symbols[name], 2)
        jump = struct.unpack("<H", memory.bytes(memory.symbols[name] + 8, 2))[0]
        assert (lui & 0xFFF, lw & 0xFFFFF, jump) == (0x337, 0x32303, 0x8302)
        low = (lw >> 20) - ((lw >> 31) << 12)
        assert (lui & 0xFFFFF000) + low == slots + 4 * index
        assert memory.sizes[name] == 10


def test_xtensa_stub_uses_only_a9(tmp_path: Path) -> None:
    project = Project(tmp_path, toolchains.xtensa_windowed())
    memory = firmware(project)
    slots = memory.words(memory.symbols["hotreload_firmware_table"], 2)[1]
    for index, name in enumerate(("first", "second", "third")):
        stub = memory.symbols[name]
        assert stub % 4 == 0
        code = memory.bytes(stub, memory.sizes[name])
        assert code[0] == 0x91 and code[-3:] == b"\xa0\x09\x00", "l32r a9 ... jx a9"
        assert code[3:-3] in (b"\x98\x09", b"\x92\x29\x00"), "l32i a9, a9, 0"
        words_back = 0x10000 - struct.unpack("<H", code[1:3])[0]
        literal = ((stub + 3) & ~3) - 4 * words_back
        assert memory.words(literal, 1)[0] == slots + 4 * index


def test_no_exports(target: Project) -> None:
    target.write("a.c", "static int nothing;\n")
    target.compile()
    target.link_firmware()
    object_file = str(target.build / "stubs.o")
    chain = target.toolchain
    run([chain.compiler, *chain.flags, "-c", str(target.out / "stubs.S"), "-o", object_file])
    with open(object_file, "rb") as file:
        table = ELFFile(file).get_section_by_name(".rodata.hotreload_firmware_table").data()
    assert table[:4] == bytes(4)


@pytest.mark.parametrize("number", [0, 1, 2047, 2049])
def test_many_exports(target: Project, number: int) -> None:
    """The index of a slot may be too large for the instruction that loads small numbers."""
    exports = target.root / "exports.txt"
    exports.write_text("".join(f"strong f{i:04}\n" for i in range(number)))
    source, output = str(target.root / "stubs.S"), str(target.root / "s.o")
    arch = target.toolchain.arch
    target.tool("stubs", "--arch", arch, "--exports", str(exports), "--output-dir", str(target.root))
    run([target.toolchain.compiler, *target.toolchain.flags, "-c", source, "-o", output])


@pytest.mark.parametrize(
    "line, message",
    [
        ("strong", "exports.txt:1: 'strong' is not a line of this version of hotreload"),
        ("great f", "'great f' is not a line"),
        ("variable-strong 4 f", "'variable-strong 4 f' is not a line"),
        ("variable-strong four 4 f", "'variable-strong four 4 f' is not a line"),
        ("strong b\nstrong a", "the names are not sorted"),
    ],
)
def test_malformed_exports(riscv: Project, line: str, message: str) -> None:
    exports = riscv.root / "exports.txt"
    exports.write_text(line + "\n")
    arguments = ["--exports", str(exports), "--output-dir", str(riscv.root)]
    assert message in riscv.fail("stubs", "--arch", "riscv", *arguments)


def test_bad_arguments(riscv: Project) -> None:
    exports = riscv.root / "exports.txt"
    output = ["--output-dir", str(riscv.root / "none")]
    arguments = ["stubs", "--exports", str(exports), *output]
    assert "build the firmware first" in riscv.fail(*arguments, "--arch", "riscv")
    exports.write_text("")
    assert "unknown architecture 'arm'" in riscv.fail(*arguments, "--arch", "arm")
    assert "cannot write" in riscv.fail(*arguments, "--arch", "riscv")
