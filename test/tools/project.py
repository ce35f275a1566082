"""A small firmware with reloadable sources in a temporary directory, built with ninja.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List

from click.testing import CliRunner

from hotreload.cli import main
from hotreload.module.exports import read_exports, stub_symbol
from toolchains import Toolchain, run

TOOLS = str(Path(__file__).resolve().parents[2] / "tools")

FIRMWARE = """\
int firmware_data[4] = {1, 2, 3, 4};
int firmware_function(int x) { return x + 1; }
const char *firmware_text(void) { return "text"; }
int memcmp(const void *a, const void *b, unsigned n) { return a == b ? 0 : (int)n; }
void *memcpy(void *to, const void *from, unsigned n)
{ char *t = to; const char *f = from; while (n--) *t++ = *f++; return to; }
void hotreload_missing(unsigned slot) { (void)slot; for (;;) { } }
"""

# In assembly, because not every compiler has thread-local variables.
THREAD_LOCAL = """\
__asm__(".section .tbss, \\"awT\\", @nobits\\n .balign 8\\n"
        ".globl first_thread_local, thread_error\\n"
        ".type first_thread_local, @object\\n .size first_thread_local, 4\\n"
        "first_thread_local: .skip 4\\n"
        ".type thread_error, @object\\n .size thread_error, 4\\n"
        "thread_error: .skip 4\\n .text");
"""

MAIN = """\
extern const int hotreload_firmware_table[] __attribute__((weak));
const int *volatile used_table;
void _start(void) { used_table = hotreload_firmware_table; for (;;) { } }
"""

FIRMWARE_SCRIPT = """\
ENTRY(_start)
firmware_size = 0x123;
firmware_register = 0x60004000;
SECTIONS
{
    . = 0x00100000;
    .note.gnu.build-id : { *(.note.gnu.build-id) }
    .text : { *(.literal .text .literal.* .text.*) }
    .rodata : { *(.rodata .rodata.* .srodata .srodata.*) }
    .data : { *(.data .data.* .sdata .sdata.*) }
    .tdata : { *(.tdata .tdata.*) }
    .tbss : { *(.tbss .tbss.*) }
    .bss : { *(.bss .bss.* .sbss .sbss.* COMMON) }
}
"""

BUILD_NINJA = """\
rule cc
  command = {compiler} {flags} -MD -MF $out.d -c $in -o $out
  depfile = $out.d
  deps = gcc
rule cxx
  command = {cxx} {flags} -MD -MF $out.d -c $in -o $out
  depfile = $out.d
  deps = gcc
{objects}
build hotreload_objects: phony {outputs}
build firmware: phony hotreload_objects
"""


def hide(root: Path, library: str) -> str:
    """A directory for PYTHONPATH that hides a library."""
    hidden = root / "hidden"
    hidden.mkdir(exist_ok=True)
    error = f"raise ModuleNotFoundError('hidden by a test', name='{library}')\n"
    (hidden / f"{library}.py").write_text(error)
    return f"{hidden}{os.pathsep}{TOOLS}"


class Project:
    """Sources, build directory and description, as CMake would make them."""

    def __init__(self, root: Path, toolchain: Toolchain) -> None:
        self.root = root
        self.toolchain = toolchain
        self.sources = root / "component"
        self.build = root / "build"
        self.out = self.build / "hotreload"
        self.flags = ["-Os", "-g", "-ffunction-sections", "-fdata-sections"]
        self.firmware_source = FIRMWARE + MAIN
        self.firmware_options: List[str] = []
        self.wraps: List[str] = []
        self.callbacks = True
        """Whether the firmware has stubs for static functions."""
        self.calls_exports = True
        """Whether the firmware uses all exports."""
        self.fields: Dict[str, Any] = {}
        """What hotreload.json has instead of what describe() writes."""
        for directory in (self.sources, self.out):
            directory.mkdir(parents=True)

    # ---- sources ----

    def write(self, name: str, text: str) -> Path:
        path = self.sources / name
        path.write_text(text)
        return path

    def objects(self) -> List[str]:
        names = sorted(p.name for p in self.sources.iterdir() if p.suffix in (".c", ".cpp", ".S"))
        return [str(self.build / f"{name}.o") for name in names]

    # ---- what CMake and ninja do ----

    def compile(self) -> None:
        self.write_ninja()
        run(["ninja", "hotreload_objects"], cwd=str(self.build))

    def write_ninja(self) -> None:
        flags = " ".join([*self.toolchain.flags, *self.flags])
        names = [os.path.basename(path)[: -len(".o")] for path in self.objects()]
        rules = [
            f"build {name}.o: {'cxx' if name.endswith('.cpp') else 'cc'} {self.sources / name}"
            for name in names
        ]
        text = BUILD_NINJA.format(
            compiler=self.toolchain.compiler,
            cxx=self.toolchain.cxx if any(name.endswith(".cpp") for name in names) else "",
            flags=flags,
            objects="\n".join(rules),
            outputs=" ".join(os.path.basename(path) for path in self.objects()),
        )
        (self.build / "build.ninja").write_text(text)

    def generate(self) -> Path:
        """Has page.h made from index.html before a.c is compiled, and builds."""
        page = self.root / "index.html"
        page.write_text("#define VALUE 1\n")
        self.flags.append(f"-I{self.build}")
        self.write_ninja()
        ninja = self.build / "build.ninja"
        text = ninja.read_text().replace(f"{self.sources}/a.c", f"{self.sources}/a.c || page.h")
        rule = "rule copy\n  command = cp $in $out\n  restat = 1\n"
        ninja.write_text(f"{text}{rule}build page.h | {self.build}/page.h: copy {page}\n")
        run(["ninja", "firmware"], cwd=str(self.build))
        return page

    def export_arguments(self) -> List[str]:
        """`exports`, but for the objects."""
        wraps = self.out / "wraps.txt"
        wraps.write_text("".join(f"{name}\n" for name in self.wraps))
        build = ["--build-dir", str(self.build), "--wraps", str(wraps)]
        return ["exports", *build, "--output-dir", str(self.out)]

    def link_firmware(self) -> None:
        """Exports, stubs and secret by our commands, then the firmware."""
        self.tool(*self.export_arguments(), *self.objects())
        self.tool("secret", "--output-dir", str(self.out))
        source = self.build / "firmware.c"
        source.write_text(self.firmware_source)
        script = self.build / "firmware.ld"
        script.write_text(FIRMWARE_SCRIPT)
        command = [self.toolchain.compiler, *self.toolchain.flags, "-O1", "-ffunction-sections"]
        command += ["-fno-builtin", "-nostdlib", "-Wl,--build-id", "-Wl,--gc-sections"]
        command += ["-Wl,--no-warn-mismatch", f"-Wl,-T,{script}", str(source), *self._stubs()]
        command += [*(f"-Wl,--wrap={name}" for name in self.wraps), *self.firmware_options]
        names = read_exports(str(self.out / "exports.txt")).table if self.calls_exports else []
        command += [f"-Wl,-u,{name}" for name in names]
        command += [str(self.out / "imports.ld"), "-lgcc", "-o", self.firmware]
        run(command)

    def _stubs(self) -> List[str]:
        exports = self.out / "exports.txt"
        if not self.callbacks:
            lines = exports.read_text().splitlines(True)
            exports.write_text("".join(x for x in lines if not x.startswith("callback")))
        stubs = self.out / "stubs.S"
        if self.toolchain.stubs:
            arch = self.toolchain.arch
            self.tool("stubs", "--arch", arch, "--exports", str(exports), "--output-dir", str(self.out))
            if not self.callbacks:
                stubs.write_text(stubs.read_text().replace("hotreload_spare", "unused_spare"))
            return [str(stubs), str(self.out / "inline.S")]
        lines = []
        for name in read_exports(str(exports)).table:
            lines += [f'    .section .text.{name}, "ax"\n    .align 4']
            lines += [f'    .global "{n}"\n"{n}":' for n in (name, stub_symbol(name))]
            lines += ["    ret"]
        stubs.write_text("\n".join(lines) + "\n")
        return [str(stubs)]

    @property
    def firmware(self) -> str:
        return str(self.build / "firmware.elf")

    def describe(self, **changes: Any) -> Path:
        """Writes hotreload.json; a change to `...` leaves the field out."""
        chain = self.toolchain
        fields: Dict[str, Any] = {
            "format": 1,
            "project": "test",
            "arch": chain.arch,
            "chip": 0xFF00,
            "abi": chain.abi,
            "identity": "build-id",
            "build_dir": str(self.build),
            "source_dir": str(self.root),
            "ninja": "ninja",
            "objects_target": "hotreload_objects",
            "objects": self.objects(),
            "firmware_elf": self.firmware,
            "firmware_target": "firmware",
            "exports": str(self.out / "exports.txt"),
            "compiler": chain.compiler,
            "compiler_flags": chain.flags,
            "linker": chain.linker,
            "linker_flags": chain.linker_flags,
            "libraries": chain.libraries,
            "text_readable": chain.text_readable,
            "exceptions": False,
            "module_elf": str(self.out / "module.elf"),
            "module": str(self.out / "module.bin"),
            "partition_image": str(self.out / "partition.bin"),
            "partition_size": 65536,
            "secret": str(self.out / "secret.key"),
            "watch_dirs": [str(self.sources)],
            "url": None,
        }
        fields.update({**self.fields, **changes})
        path = self.out / "hotreload.json"
        path.write_text(json.dumps({k: v for k, v in fields.items() if v is not ...}))
        return path

    def make(self, **changes: Any) -> bytes:
        """Everything from the sources to the packed module."""
        self.compile()
        self.link_firmware()
        self.describe(**changes)
        return self.link()

    def link(self) -> bytes:
        self.tool("link", str(self.build))
        return (self.out / "module.bin").read_bytes()

    # ---- our commands ----

    def start(self, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
        values = {k: v for k, v in os.environ.items() if k != "HOTRELOAD_URL"}
        values.update({"PYTHONPATH": TOOLS, **environment})
        return subprocess.Popen(
            [sys.executable, "-m", "hotreload", *arguments],
            env=values,
            cwd=str(self.root),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )

    def run(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Runs a command; in this process where nothing but its own output counts."""
        if arguments[0] in ("reload", "watch"):
            process = self.start(*arguments, **environment)
            output, _ = process.communicate(timeout=60)
            return subprocess.CompletedProcess(arguments, process.returncode, output)
        result = CliRunner(env={"HOTRELOAD_URL": None, **environment}).invoke(main, arguments)
        assert isinstance(result.exception, (SystemExit, type(None))), result.exc_info
        return subprocess.CompletedProcess(arguments, result.exit_code, result.output)

    def tool(self, *arguments: str) -> str:
        """Runs a command that must succeed."""
        result = self.run(*arguments)
        assert result.returncode == 0, result.stdout
        return result.stdout

    def fail(self, *arguments: str) -> str:
        """Runs a command that must fail with a message for the user, not with a traceback."""
        result = self.run(*arguments)
        assert result.returncode == 1, result.stdout
        assert "Traceback" not in result.stdout, result.stdout
        return result.stdout

    def symbol(self, path: str, name: str) -> int:
        """The value of a symbol in an ELF file."""
        from elftools.elf.elffile import ELFFile

        with open(path, "rb") as file:
            found = ELFFile(file).get_section_by_name(".symtab").get_symbol_by_name(name)
        assert found, name
        return int(found[0]["st_value"])
