"""What helps to find a mistake in reloaded code: a panic's words, backtraces, the debugger.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from typing import Callable

import pytest

from idf_project import IdfProject
from qemu import Qemu, free_port
from terminal import Terminal

RELOADABLE = "components/reloadable/reloadable.c"
GREETING = '    printf("%s, %s'
IN_MODULE = r"0x[0-9a-f]{8}: offset 0x[0-9a-f]+ of the code of module"

TIMER = """\
#include "freertos/FreeRTOS.h"
#include "freertos/timers.h"

static int ticks;

static void tick(TimerHandle_t timer)
{
    ticks++;
}

static void start_timer(void)
{
    xTimerStart(xTimerCreate("tick", 10, pdTRUE, NULL, tick), 0);
}

static int reloadable_hello_count;
"""


def test_panic_in_the_module(example: IdfProject, chip: Qemu) -> None:
    chip.wait_for(r"server listens on")
    with example.changed(RELOADABLE, GREETING, f"    *(volatile int *)0 = 1;\n{GREETING}"):
        example.run("reload", "--url", chip.url)
        chip.wait_for(r"panic'ed \(Store access fault\)")
        chip.wait_for(rf"^hotreload: PC {IN_MODULE} 2$")
    chip.wait_for(r"module 2 crashed on trial, module 1 runs")
    example.run("build")


def test_panic_in_what_the_module_called(example: IdfProject, chip: Qemu) -> None:
    """The way back to the module is on the stack."""
    chip.wait_for(r"server listens on")
    with example.changed(RELOADABLE, GREETING, f'    esp_system_abort("enough");\n{GREETING}'):
        example.run("reload", "--url", chip.url)
        chip.wait_for(r"^enough$")
        chip.wait_for(rf"^hotreload: (maybe )?called from {IN_MODULE} 2$")
    example.run("build")


def test_panic_in_the_firmware(project: IdfProject, start_chip: Callable[..., Qemu]) -> None:
    """Nothing is said of modules where none is involved."""
    with project.changed("main/hotreload.c", "    start_uploads();", "    abort();"):
        project.run("build")
    chip = start_chip(project)
    chip.wait_for(r"abort\(\) was called at PC")
    chip.wait_for(r"^Rebooting")
    assert "hotreload: PC" not in chip.console()
    assert "called from 0x" not in chip.console().split("abort() was called")[1]


def test_panic_in_freed_code(project: IdfProject, start_chip: Callable[..., Qemu]) -> None:
    """A timer goes on calling the old module after a reload."""
    with project.changed(RELOADABLE, "static int reloadable_hello_count;\n", TIMER):
        with project.changed(RELOADABLE, "_count = 0;", "_count = 0;\n    start_timer();"):
            project.run("build")
        chip = start_chip(project)
        chip.wait_for(r"server listens on")
        with project.changed(RELOADABLE, "_count = 0;", "_count = 0;\n    (void)start_timer;"):
            project.run("reload", "--url", chip.url)
    freed = ", which was freed: a task, timer or callback still used it after a reload$"
    chip.wait_for(rf"^hotreload: PC {IN_MODULE} 1{freed}")


# ---- the debugger ----


def test_gdb(example: IdfProject, start_chip: Callable[..., Qemu]) -> None:
    """A breakpoint in reloaded code shows function, file and line, and who called."""
    if shutil.which("gdb-multiarch") is None:
        pytest.skip("gdb-multiarch is missing")
    example.run("build")
    port = free_port()
    chip = start_chip(example, "-gdb", f"tcp:127.0.0.1:{port}")
    chip.wait_for(r"server listens on")
    with example.changed(RELOADABLE, "Hello", "Servus"):
        example.run("reload", "--url", chip.url)
        chip.wait_for(r"^Servus")
        options = ["--url", chip.url, "--gdb", "gdb-multiarch", "--remote", f":{port}"]
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
            example.run("reload", "--url", chip.url)
            text = terminal.read_to(r"^.*crashed on trial")
        assert re.search(rf"^hotreload: PC {IN_MODULE} 2$", text, re.MULTILINE)
        assert re.search(r"^--- 0x\w+: reloadable_hello at \S+reloadable.c:18$", text, re.MULTILINE)
        place = r'reloadable_hello \(name=0x\w+ "[^"]*"\) at \S+reloadable\.c:18\n'
        assert re.search(rf"^#0  {place}(.*\n)*?#1  0x\w+ in app_main", text, re.MULTILINE), text
        terminal.leave_monitor()
    example.run("build")
