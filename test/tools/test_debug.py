"""`gdb` and `decode`: the module's symbols at the addresses where a device has loaded it.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest
from click.testing import CliRunner

from fake_device import FakeDevice
from hotreload.cli import main
from hotreload.commands.gdb import find_gdb
from hotreload.commands.decode import Decoder
from hotreload.commands.monitor import Log, explain_module_addresses
from hotreload.commands.placed import LinkedFile, Placements
from hotreload.description import find_program, load_description
from project import TOOLS, Project
from reference import Module

SOURCE = """\
static int counter = 5;
static const char *const words[] = {"one", "two"};
int zeros[4];
__attribute__((noinline)) int inner(int x)
{
    return counter += x + zeros[x & 3];
}
const char *outer(int x)
{
    return words[inner(x) & 1];
}
"""
TEXT, DATA = 0x40380040, 0x3FC90010


class Placed:
    """A built module, and a device that has it at TEXT and DATA."""

    def __init__(self, project: Project, device: FakeDevice) -> None:
        project.write("a.c", SOURCE)
        self.module = Module(project.make())
        self.project, self.device = project, device
        status = device.status()
        text_size = (self.module.text.memory_size + 3) // 4 * 4
        status["text"] = {"address": hex(TEXT), "size": text_size}
        status["data"] = {"address": hex(DATA), "size": self.module.data.memory_size}
        self.status: Dict[str, Any] = status
        device.status = lambda: self.status  # type: ignore[method-assign]

    def at(self, name: str) -> int:
        """The run address of a symbol."""
        value = self.project.symbol(str(self.project.out / "module.elf"), name)
        text = self.module.text
        if text.address <= value < text.address + text.memory_size:
            return TEXT + value - text.address
        return DATA + value - self.module.data.address

    def gdb(self, *options: str) -> str:
        build = str(self.project.build)
        return self.project.tool("gdb", "--build", build, "--url", self.device.url, *options)

    def decode(self, log: str, *options: str) -> str:
        arguments = ["decode", "--build", str(self.project.build), *options]
        result = CliRunner(env={"HOTRELOAD_URL": None}).invoke(main, arguments, input=log)
        assert result.exit_code == 0, result.output
        return result.output

    def loaded(self) -> str:
        text, data = self.status["text"], self.status["data"]
        return (
            f"I (12) hotreload: module loaded: {text['size']} bytes of text at 0x{TEXT:08x}, "
            f"{data['size']} bytes of data at 0x{DATA:08x}\n"
        )


@pytest.fixture
def placed(project: Project) -> Iterator[Placed]:
    device = FakeDevice(b"")
    yield Placed(project, device)
    device.close()


def ask_gdb(command: str, *questions: str) -> str:
    if shutil.which("gdb-multiarch") is None:
        pytest.skip("no gdb-multiarch on PATH")
    words = shlex.split(command)
    arguments = [word for question in questions for word in ("-ex", question)]
    result = subprocess.run(
        [words[0], "-nx", "-batch", *words[1:], *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        encoding="utf-8",
    )
    return result.stdout


def test_gdb_knows_lines_and_variables_where_they_run(placed: Placed) -> None:
    command = placed.gdb("--gdb", "gdb-multiarch")
    answer = ask_gdb(
        command,
        f"info line *{placed.at('inner') + 2:#x}",
        f"info symbol {placed.at('outer'):#x}",
        f"info symbol {placed.at('zeros') + 4:#x}",
        f"info symbol {placed.at('counter'):#x}",
    )
    assert re.search(r"Line \d+ of .*a\.c", answer), answer
    for text in ("<inner", "outer in section .text", "zeros + 4 in section .bss", "counter in"):
        assert text in answer, answer


def test_gdb_command(placed: Placed) -> None:
    words = shlex.split(placed.gdb("--gdb", "my-gdb", "--remote", "localhost:3333"))
    assert words[:2] == ["my-gdb", placed.project.firmware]
    assert words[3].startswith(f'add-symbol-file "{placed.project.out / "module.elf"}" {TEXT:#x} ')
    assert words[-1] == "target remote localhost:3333"


def test_gdb_runs(placed: Placed) -> None:
    script = placed.project.root / "my gdb"
    script.write_text('#!/bin/sh\necho "started with: $1"\n')
    script.chmod(0o755)
    options = ["--build", str(placed.project.build), "--url", placed.device.url]
    process = placed.project.start("gdb", *options, "--run", "--gdb", str(script))
    output, _ = process.communicate(timeout=60)
    assert output == f"started with: {placed.project.firmware}\n"
    process = placed.project.start("gdb", *options, "--run", "--gdb", "/nonexistent/gdb")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1 and "cannot run /nonexistent/gdb" in output


def test_gdb_of_the_toolchain(placed: Placed, monkeypatch: pytest.MonkeyPatch) -> None:
    """ESP-IDF has it in another folder than the compiler; one for all architectures comes after."""
    compiler, programs = placed.project.root / "gcc", placed.project.root / "gdb"
    for path in (compiler / "x-gcc", programs / "x-gdb", programs / "gdb-multiarch"):
        path.parent.mkdir(exist_ok=True)
        path.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(programs))
    description = load_description(str(placed.project.build))
    for name, found in (("x-gcc", "x-gdb"), ("y-gcc", "gdb-multiarch")):
        described = description._replace(compiler=str(compiler / name))
        assert find_gdb(described) == str(programs / found)


def test_gdb_for_another_module(placed: Placed) -> None:
    placed.status["text"]["size"] += 16
    text = placed.project.fail(
        "gdb", "--build", str(placed.project.build), "--url", placed.device.url, "--gdb", "true"
    )
    assert "the device runs another module" in text and "reload first" in text


def test_gdb_without_a_module(placed: Placed) -> None:
    placed.status["loaded"] = False
    text = placed.project.fail(
        "gdb", "--build", str(placed.project.build), "--url", placed.device.url
    )
    assert "no module loaded" in text


def test_decoded_log(placed: Placed) -> None:
    inner, zeros = placed.at("inner"), placed.at("zeros")
    panic = (
        f"MEPC    : 0x{inner + 2:08x}  RA      : 0x42001234  SP      : 0x{zeros + 4:08x}\n"
        f"Backtrace: 0x{inner:08x}:0x3ffb1230 0x{inner:08x}:0x3ffb1250\n"
    )
    lines = placed.decode("boot\n" + placed.loaded() + panic).splitlines()
    assert lines[0] == "boot" and lines[2] == panic.splitlines()[0]
    assert re.match(rf"--- 0x{inner + 2:08x}: inner at .*a\.c:\d+$", lines[3]), lines
    assert lines[4] == f"--- 0x{zeros + 4:08x}: zeros+0x4"
    assert lines[5] == panic.splitlines()[1]
    assert len(lines) == 7 and lines[6].startswith(f"--- 0x{inner:08x}: inner at ")


def test_log_with_bytes_that_are_no_text(placed: Placed) -> None:
    """As a chip sends them while it boots, where the locale's encoding is strict."""
    command = [sys.executable, "-m", "hotreload", "decode", "--build", str(placed.project.build)]
    environment = {**os.environ, "PYTHONPATH": TOOLS, "PYTHONIOENCODING": "utf-8:strict"}
    output = subprocess.run(
        command, input=b"\xff\xfe boot\n", env=environment, stdout=subprocess.PIPE, check=True
    ).stdout
    assert output.decode() == "\ufffd\ufffd boot\n"


def test_addresses_from_the_device(placed: Placed) -> None:
    line = f"PC 0x{placed.at('outer'):08x}\n"
    assert placed.decode(line) == line
    assert "outer at " in placed.decode(line, "--url", placed.device.url)


def test_freed_code(placed: Placed) -> None:
    moved = placed.loaded().replace(f"{TEXT:08x}", "40390000").replace(f"{DATA:08x}", "3fca0000")
    log = placed.loaded() + moved + f"MEPC 0x{placed.at('inner'):08x} 0x{placed.at('zeros'):08x}\n"
    text = placed.decode(log)
    assert f"--- 0x{placed.at('inner'):08x}: in code that a reload has freed" in text
    assert f"--- 0x{placed.at('zeros'):08x}: in data that a reload has freed" in text


def test_words_of_the_device(placed: Placed) -> None:
    """A crash before the line that says where the module was loaded."""
    address = placed.at("inner") + 0x20000
    words = f"PC 0x{address:08x}: offset 0x{placed.at('inner') - TEXT:x} of the code of module 2"
    assert f"--- 0x{address:08x}: inner at " in placed.decode(words + "\n")
    freed = words + ", which was freed: a task still used it\n"
    assert placed.decode(freed) == freed


def test_return_addresses_belong_to_the_call(placed: Placed) -> None:
    """What follows a call may be another line, or another function."""
    address = max(placed.at("outer"), placed.at("inner"))
    words = f"called from 0x{address:08x}: offset 0x{address - TEXT:x} of the code of module 2"
    (line,) = placed.decode(words + "\n").splitlines()[1:]
    first = "inner" if placed.at("inner") < placed.at("outer") else "outer"
    assert line.startswith(f"--- 0x{address:08x}: {first} at ")


def test_log_of_another_module(placed: Placed) -> None:
    """Its addresses would be other functions of this one. Said once, until one fits."""
    placed.status["text"]["size"] += 16
    other = placed.loaded()
    placed.status["text"]["size"] -= 16
    line = f"MEPC 0x{placed.at('inner'):08x} 0x{placed.at('zeros'):08x}\n"
    text = placed.decode(other + line + line + placed.loaded() + line)
    before, after = text.split(placed.loaded())
    assert before.count("the log is of another module than ") == 1 == before.count("---"), text
    assert "16 bytes of text" not in after and "inner at " in after and "zeros+0x0" in after


def test_module_that_is_built_anew_under_the_monitor(placed: Placed) -> None:
    """While a task keeps it waiting, the old one runs: the new one's lines would be wrong."""
    decoder = Decoder(load_description(str(placed.project.build)), Placements())
    line = f"PC 0x{placed.at('inner'):08x}"
    assert list(decoder.decode(placed.loaded())) == []
    (text,) = decoder.decode(line)
    assert ": inner at " in text
    more = "int more(int x)\n{\n    return x * 3;\n}\n"
    placed.project.write("a.c", SOURCE.replace("const char *outer", more + "const char *outer"))
    placed.project.compile()
    placed.project.link()
    (text,) = decoder.decode(line)
    assert "the log is of another module than " in text


def test_log_without_its_patch(placed: Placed) -> None:
    """As of a board with a stored patch, after a build: the rest of the log is explained."""
    patched = placed.loaded().replace("module loaded:", "patched: 1 functions,")
    patched = patched.replace(f"{TEXT:08x}", "40390000").replace(f"{DATA:08x}", "3fca0000")
    line = f"0x40390004 0x{placed.at('inner'):08x}\n"
    text = placed.decode(placed.loaded() + patched + line + line + "end\n")
    assert text.count("cannot read the linked module") == 1
    assert text.count(": inner at ") == 2 and text.endswith("end\n")
    (placed.project.out / "module.elf").unlink()
    text = placed.decode(placed.loaded() + line + line + "end\n")
    assert text.count("---") == 1 and text.count(line) == 2 and text.endswith("end\n")


def test_monitor_without_a_patch(placed: Placed, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is looked for once, GDB gets the module, and explanations are not lost."""
    read: List[str] = []
    build = LinkedFile.__init__

    def note(linked: LinkedFile, description: Any, is_patch: bool = False) -> None:
        read.append("patch" if is_patch else "module")
        build(linked, description, is_patch)

    monkeypatch.setattr(LinkedFile, "__init__", note)
    symbols = placed.project.out / "module.gdb"
    log = Log(Decoder(load_description(str(placed.project.build)), Placements()), str(symbols))
    patched = placed.loaded().replace("module loaded:", "patched: 1 functions,")
    patched = patched.replace(f"{TEXT:08x}", "40390000").replace(f"{DATA:08x}", "3fca0000")
    for line in (placed.loaded(), patched, "a line", "another"):
        assert log.explain(line) == []
    (text,) = log.explain(f"PC 0x{placed.at('inner'):08x}")
    assert ": inner at " in text and read == ["module", "patch"]
    assert f"{TEXT:#x} " in symbols.read_text()


def test_monitor_of_a_build_that_is_removed(placed: Placed) -> None:
    """It says that GDB cannot be told, once, and explains all the same."""
    symbols = str(placed.project.root / "gone" / "module.gdb")
    log = Log(Decoder(load_description(str(placed.project.build)), Placements()), symbols)
    (said,) = log.explain(placed.loaded())
    assert "cannot write" in said
    (text,) = log.explain(f"PC 0x{placed.at('inner'):08x}")
    assert ": inner at " in text


MONITOR = """\
import os, subprocess, sys, time
from hotreload.commands.monitor import explain_module_addresses
build, loaded, line = sys.argv[1:]
with explain_module_addresses(build):
    print(loaded, flush=True)
    os.write(1, line.encode() + b"\\n")
    subprocess.run(["echo", "from a child"])
    deadline = time.monotonic() + 30
    while not os.path.getsize(build + "/hotreload/monitor/module.gdb"):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    subprocess.run(["chip-gdb", "-n"])
    sys.stdout.write("an end")
print(" and after it " + line)
try:
    subprocess.run(["chip-gdb"])
except FileNotFoundError:
    print("no such GDB")
"""


def test_monitor(placed: Placed, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it prints is explained meanwhile, and its GDB gets the module's symbols."""
    project = placed.project
    (project.build / "project_description.json").write_text('{"monitor_toolprefix": "chip-"}')
    programs = project.root / "some programs"
    programs.mkdir()
    compiler = os.path.basename(project.toolchain.compiler)
    for name in ("gdb-multiarch", compiler[: -len("gcc")] + "gdb"):
        (programs / name).write_text('#!/bin/sh\necho "gdb: $1 $3"\ncat "$2"\n')
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    monkeypatch.setenv("PYTHONPATH", TOOLS)
    line = f"PC 0x{placed.at('inner'):08x}"
    command = [sys.executable, "-c", MONITOR, str(project.build), placed.loaded().strip(), line]
    output = subprocess.run(command, stdout=subprocess.PIPE, encoding="utf-8", check=True).stdout
    lines = output.splitlines()
    assert lines[1] == line and lines[2].startswith(f"--- {line[3:]}: inner at ")
    assert "from a child" in lines and "gdb: -x -n" in lines
    symbols = f'add-symbol-file "{project.out / "module.elf"}" {TEXT:#x} '
    assert any(text.startswith(symbols) for text in lines)
    assert lines[-2:] == [f"an end and after it {line}", "no such GDB"]


def test_monitor_before_the_first_build(tmp_path: Path) -> None:
    with explain_module_addresses(str(tmp_path)):
        assert list(tmp_path.iterdir()) == []


def test_monitor_that_cannot_explain_anything(
    placed: Placed, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in a build directory that may not be written: the monitor matters more."""
    (placed.project.out / "monitor").write_text("a file where a directory should be")
    with explain_module_addresses(str(placed.project.build)):
        print("the monitor")
    told = capsys.readouterr()
    assert told.out == "the monitor\n"
    assert "note: addresses in the module are not explained: cannot make" in told.err


def test_addr2line_of_a_wrapped_compiler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the compiler; else on PATH: a folder of wrappers has no other tools."""
    beside, on_path, wrapper = (tmp_path / name for name in ("tools", "path", "wrappers"))
    for folder in (beside, on_path):
        folder.mkdir()
        (folder / "x-addr2line").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(on_path))
    assert find_program("addr2line", str(beside / "x-gcc")) == str(beside / "x-addr2line")
    assert find_program("addr2line", str(wrapper / "x-gcc")) == str(on_path / "x-addr2line")
    assert find_program("addr2line", str(wrapper / "y-gcc")) == str(wrapper / "y-addr2line")
