"""What helps to find a mistake in reloaded code: a panic's words, backtraces, the debugger.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import contextlib
import re
import shlex
import shutil
import subprocess
from typing import Callable, Iterator

import pytest

from idf_project import IdfProject
from machines import Machine
from qemu import Qemu, free_port
from terminal import Terminal

RELOADABLE = "components/reloadable/reloadable.c"
GREETING = '    printf("%s, %s'
IN_MODULE = r"0x[0-9a-f]{8}: offset 0x[0-9a-f]+ of the code of module"
IN_PATCH = r"0x[0-9a-f]{8}: offset 0x[0-9a-f]+ of the code of patch"

INIT = "    reloadable_hello_count = 0;\n"
COUNT = "static int reloadable_hello_count;\n"
TASK = """\
#include <stdlib.h>
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

"""
START_TASK = 'xTaskCreatePinnedToCore((TaskFunction_t)abort, "task", 2048, NULL, 1, NULL, 0);'
# Its address is no function's, which would be that of a stub.
REGISTER_PLACE = "place: esp_register_shutdown_handler((shutdown_handler_t)(&&place + 4));"


@contextlib.contextmanager
def starting_with(example: IdfProject, top: str, statement: str) -> Iterator[None]:
    """A statement more in reloadable_init(), which needs something before all functions."""
    with example.changed(RELOADABLE, COUNT, top + COUNT):
        with example.changed(RELOADABLE, INIT, f"{INIT}    {statement}\n"):
            yield


def test_panic_in_the_module(example: IdfProject, chip: Qemu) -> None:
    chip.wait_for(r"server listens on")
    with example.changed(RELOADABLE, GREETING, f"    *(volatile int *)0 = 1;\n{GREETING}"):
        example.reload_to_crash("--whole", "--url", chip.url)
        chip.wait_for(rf"panic'ed \({chip.machine.store_fault}\)")
        chip.wait_for(rf"^hotreload: PC {IN_MODULE} 2$")
    chip.wait_for(r"module 2 crashed on trial, module 1 runs")
    example.run("build")


def test_panic_in_what_the_module_called(example: IdfProject, chip: Qemu) -> None:
    """The way back to the patch is on the stack."""
    chip.wait_for(r"server listens on")
    with example.changed(RELOADABLE, GREETING, f'    esp_system_abort("enough");\n{GREETING}'):
        example.reload_to_crash("--url", chip.url)
        chip.wait_for(r"^enough$")
        chip.wait_for(rf"^hotreload: (maybe )?called from {IN_PATCH} 2$")
    example.run("build")


def test_panic_in_the_firmware(example: IdfProject, chip: Qemu) -> None:
    """Nothing is said of modules where none is involved."""
    chip.wait_for(r"server listens on")
    with starting_with(example, TASK, START_TASK):
        example.reload_to_crash("--whole", "--url", chip.url)
        chip.wait_for(r"abort\(\) was called at PC")
        chip.wait_for(r"^Rebooting")
    panic = chip.console().split("abort() was called")[1].split("Rebooting")[0]
    assert "hotreload:" not in panic
    example.run("build")


def test_panic_in_freed_code(example: IdfProject, chip: Qemu) -> None:
    """The firmware has an address in the old module, and calls it after a reload."""
    chip.wait_for(r"server listens on")
    start = chip.position()
    with starting_with(example, '#include "esp_system.h"\n', REGISTER_PLACE):
        example.run("reload", "--whole", "--url", chip.url)
        chip.wait_for(r"module loaded(.|\n)*^Hello", start)
    with starting_with(example, '#include "esp_system.h"\n', "esp_restart();"):
        example.reload_to_crash("--whole", "--url", chip.url)
        freed = ", which was freed: a task, timer or callback still used it after a reload$"
        chip.wait_for(rf"^hotreload: PC {IN_MODULE} 2{freed}")
    example.run("build")


# ---- the debugger ----


def test_gdb(
    machine: Machine, example: IdfProject, start_chip: Callable[..., Qemu]
) -> None:
    """A breakpoint in reloaded code shows function, file and line, and who called."""
    debugger = machine.debugger
    if debugger is None or shutil.which(debugger) is None:
        pytest.skip(f"{debugger or f'a debugger for the core of {machine.target}'} is missing")
    example.run("build")
    port = free_port()
    chip = start_chip(example, "-gdb", f"tcp:127.0.0.1:{port}")
    chip.wait_for(r"server listens on")
    with example.changed(RELOADABLE, "Hello", "Servus"):
        example.run("reload", "--url", chip.url)
        chip.wait_for(r"^Servus")
        options = ["--url", chip.url, "--gdb", debugger, "--remote", f":{port}"]
        output = example.run("hotreload-gdb", *options)
        command = shlex.split(output.splitlines()[-1])
        # The first location is the stub's.
        for words in ("break reloadable_hello", "continue", "continue", "bt", "detach"):
            command += ["-ex", words]
        session = subprocess.run(
            [*command, "-batch", "-nx"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=120,
        ).stdout
    place = r'reloadable_hello \(name=0x\w+ "World"\) at \S+reloadable\.c:18\n'
    assert re.search(rf"^Breakpoint 1\.\d, {place}", session, re.M), session
    assert re.search(rf"^#0  {place}#1  0x\w+ in app_main \(\) at ", session, re.M), session
    example.run("build")


# ---- the monitor ----


def test_monitor_knows_the_module(example: IdfProject, chip: Qemu) -> None:
    chip.wait_for(r"server listens on")
    with Terminal(example, "-p", chip.serial, "monitor", "--no-reset") as terminal:
        terminal.read_to(r"Hello, World, ")
        with example.changed(RELOADABLE, GREETING, f"    *(volatile int *)0 = 1;\n{GREETING}"):
            example.reload_to_crash("--url", chip.url)
            text = terminal.read_to(r"^.*crashed on trial")
        assert re.search(rf"^hotreload: PC {IN_PATCH} 2$", text, re.MULTILINE)
        assert re.search(r"^--- 0x\w+: reloadable_hello at \S+reloadable.c:18$", text, re.MULTILINE)
        place = r'reloadable_hello \(name=0x\w+ "[^"]*"\) at \S+reloadable\.c:18\n'
        # ESP-IDF's monitor asks GDB for the stack on RISC-V; on Xtensa the chip prints addresses.
        stack = rf"^#0  {place}(.*\n)*?#1  0x\w+ in app_main"
        if chip.machine.program == "qemu-system-xtensa":
            stack = r"^--- 0x\w+: reloadable_hello at (.*\n)*?.*--- 0x\w+: app_main at "
        assert re.search(stack, text, re.MULTILINE), text
        terminal.leave_monitor()
    example.run("build")
