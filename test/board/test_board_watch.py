"""`reload` and `watch` after what people do to a project: a firmware that was flashed alone, and
edits of CMakeLists.txt.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Iterator, List

import pytest

from board_build import ROOT, Build
from emulated_board import Board
from example_board import boot, reload

ENDS = ("Reloaded whole", "Patched", "No change", "Not reloaded", "Not sent")
DECLARATION = "int reloadable_extra(void);\n"


def url(board: Board) -> str:
    return f"http://127.0.0.1:{board.port}"


class Watch:
    """A running `watch`."""

    def __init__(self, build: Build, board: Board) -> None:
        environment = {key: value for key, value in os.environ.items() if key != "HOTRELOAD_URL"}
        environment["PYTHONPATH"] = os.path.join(ROOT, "tools")
        command = [sys.executable, "-m", "hotreload", "watch", "--build", build.dir]
        self._process = subprocess.Popen(
            [*command, "--url", url(board)], env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True,
        )  # fmt: skip

    def next(self) -> List[str]:
        """The lines up to the last one of the next reload."""
        assert self._process.stdout is not None
        lines = []
        for line in self._process.stdout:
            lines.append(line)
            if line.startswith(ENDS):
                return lines
        raise AssertionError(f"the watch has ended: {lines}")

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


@contextlib.contextmanager
def watching(build: Build, board: Board) -> Iterator[Watch]:
    watch = Watch(build, board)
    try:
        yield watch
    finally:
        watch.end()


@pytest.fixture()
def updated(example: Build, tmp_path: Path) -> Build:
    """The firmware was built again, with one more export, and flashed alone."""
    old = tmp_path / "old.bin"
    shutil.copy(example.generated("partition.bin"), old)
    with Path(example.component, "reloadable.c").open("a") as source:
        source.write("void more(void);\nvoid more(void) {}\n")
    example.ninja()
    shutil.copy(old, example.generated("partition.bin"))
    return example


def test_one_reload_after_the_firmware_was_flashed_alone(updated: Build) -> None:
    with boot(updated) as board:
        board.wait_for("load failed: ")
        board.wait_for("^uptime 1: no module$")
        assert "Reloaded whole (the device runs nothing yet)" in reload(updated, "--url", url(board))
        board.wait_for(r"^uptime \d+: Hello, World")


def test_watch_needs_no_edit_after_the_firmware_was_flashed_alone(updated: Build) -> None:
    with boot(updated) as board:
        board.wait_for("^uptime 1: no module$")
        with watching(updated, board) as watch:
            assert "Reloaded whole (the device runs nothing yet)" in watch.next()[-1]
            board.wait_for(r"^uptime \d+: Hello, World")


def test_edits_of_the_build(example: Build) -> None:
    """A source more, a mistake, another option: the watch runs CMake, and nothing is flashed."""
    cmake = Path(example.component, "CMakeLists.txt")
    right = cmake.read_text()
    with boot(example) as board, watching(example, board) as watch:
        assert watch.next()[-1].startswith("No change: ")
        extra = f"{DECLARATION}int reloadable_extra(void)\n{{\n    return 77;\n}}\n"
        Path(example.component, "extra.c").write_text(extra)
        assert watch.next()[-1].startswith("No change: "), "nobody compiles it"
        cmake.write_text(right.replace("reloadable.c", "reloadable.c extra.c"))
        lines = watch.next()
        assert any("CMake runs" in line for line in lines)
        assert lines[-1].startswith(("Patched", "Reloaded whole"))
        source = Path(example.component, "reloadable.c")
        call = source.read_text().replace('printf("%s', 'printf("%d %s', 1)
        call = call.replace("reloadable_greeting, name", "reloadable_extra(), reloadable_greeting, name")
        source.write_text(DECLARATION + call)
        assert watch.next()[-1].startswith(("Patched", "Reloaded whole"))
        board.wait_for(r"^uptime \d+: 77 Hello, World")
        cmake.write_text(right + "no_such_command()\n")
        lines = watch.next()
        assert any("no_such_command" in line for line in lines), "the words of CMake"
        assert any("CMake fails" in line for line in lines) and "Not reloaded" in lines[-1]
        cmake.write_text(right.replace("reloadable.c", "reloadable.c extra.c"))
        assert watch.next()[-1].startswith("No change: ")


def test_a_source_of_the_firmware_alone(core: str, tmp_path: Path) -> None:
    """A save of it has no effect, and the watch says so instead of keeping silent."""
    examples = Path(ROOT, "examples")
    firmware = tmp_path / "application"
    shutil.copytree(examples / "emulator", firmware)
    cmake = firmware / "CMakeLists.txt"
    cmake.write_text(cmake.read_text().replace("../../port", os.path.join(ROOT, "port")))
    component = examples / "basic" / "components" / "reloadable"
    build = Build(str(tmp_path), core, str(firmware), str(component))
    with boot(build) as board, watching(build, board) as watch:
        assert watch.next()[-1].startswith("No change: ")
        main = firmware / "main.c"
        main.write_text(main.read_text().replace("uptime %u", "running %u"))
        lines = watch.next()
        assert "Changed: main.c\n" in lines and "Not reloaded" in lines[-1]
        assert any("watch --flash" in line for line in lines)


def test_an_edit_that_needs_another_firmware(example: Build) -> None:
    """It is refused, and taken back again: the firmware that runs was not touched."""
    firmware = Path(example.firmware).stat().st_mtime_ns
    header = Path(example.component, "include", "reloadable.h")
    before = header.read_text()
    with boot(example) as board, watching(example, board) as watch:
        assert watch.next()[-1].startswith("No change: ")
        header.write_text(before + "/* The firmware includes it, too. */\n")
        lines = watch.next()
        assert any("the firmware's code stays the same" in line for line in lines)
        assert lines[-1].startswith("No change: ")
        header.write_text(before + '#define printf(...) (printf("new "), printf(__VA_ARGS__))\n')
        lines = watch.next()
        assert "Not reloaded" in lines[-1] and any("watch --flash" in line for line in lines)
        header.write_text(before)
        assert watch.next()[-1].startswith("No change: ")
        assert Path(example.firmware).stat().st_mtime_ns == firmware
