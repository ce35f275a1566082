"""The whole chain on an emulated chip: boot, call, edit, reload.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import threading
from typing import Callable, Iterator

import pytest
from idf_project import IdfProject, environment
from qemu import PATIENCE, Qemu
from terminal import Terminal

RELOADABLE = "components/reloadable/reloadable.c"


@pytest.mark.names_missing_machines
def test_reload(example: IdfProject, chip: Qemu) -> None:
    chip.wait_for(r"6 \+ 7 = 13, 6 \* 7 = 42")
    chip.wait_for(r"server listens on http://10\.0\.2\.15:8080")
    chip.wait_for(r"^Hello, World, from v?\S+! 1$")
    start = chip.position()
    with example.changed(RELOADABLE, "Hello", "Servus"):
        text = example.run("reload", "--url", chip.url)
        assert f"to {chip.url} in" in text and "Running cmake" not in text
        chip.wait_for(r"patched: 1 functions", start)
        first = chip.wait_for(r"^Servus, World, from v?\S+! (\d+)$", start)
        chip.wait_for(rf"^Servus, World, from v?\S+! {int(first.group(1)) + 1}$", start)
        assert int(first.group(1)) > 1  # a patch leaves the variables as they are
    assert chip.boots() == 1
    status = chip.get("/status")
    assert status["loaded"] and status["last_error"] is None and not status["pending"]
    assert status["sequence"] == 2


def test_broken_edit(example: IdfProject, chip: Qemu) -> None:
    """The compiler's error; the chip goes on with the old code."""
    chip.wait_for(r"server listens on")
    with example.changed(RELOADABLE, "reloadable_hello_count++", "nonsense"):
        text = example.fail("reload", "--url", chip.url)
        assert "reloadable.c" in text and "'nonsense' undeclared" in text
        assert "the device goes on with the code it has" in text
    chip.wait_for(r"^Hello, World, .*$", chip.position())
    assert chip.get("/status")["sequence"] == 1


def test_firmware_of_another_build(example: IdfProject, chip: Qemu) -> None:
    """After a build that was not flashed, the chip refuses the module and says why."""
    chip.wait_for(r"server listens on")
    with example.changed("main/hotreload.c", "1000", "2000"):
        example.run("build")
        text = example.fail("reload", "--url", chip.url)
        assert "409" in text and "flash" in text
    example.run("build")
    assert chip.boots() == 1


@contextlib.contextmanager
def watching(example: IdfProject, chip: Qemu) -> "Iterator[subprocess.Popen[str]]":
    """idf.py watch, from when it has seen that the chip is up to date."""
    command = ["idf.py", "-B", str(example.build), "watch", "--url", chip.url, "--debounce", "0.1"]
    watch = subprocess.Popen(
        command,
        cwd=example.directory,
        env=environment(PYTHONUNBUFFERED="1"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    try:
        read_to(watch, "No change: ")
        yield watch
    finally:
        watch.kill()
        watch.wait()


def read_to(watch: "subprocess.Popen[str]", text: str) -> None:
    assert watch.stdout is not None
    seen = []
    patience = threading.Timer(PATIENCE, watch.kill)
    patience.start()
    try:
        for line in watch.stdout:
            seen.append(line)
            if text in line:
                return
    finally:
        patience.cancel()
    raise AssertionError(f"no '{text}' in {seen}")


def test_watch(example: IdfProject, chip: Qemu) -> None:
    """Every save is on the chip a moment later, until Ctrl+C."""
    chip.wait_for(r"server listens on")
    with watching(example, chip) as watch:
        for word in ("Moin", "Ahoj"):
            start = chip.position()
            with example.changed(RELOADABLE, "Hello", word):
                chip.wait_for(rf"^{word}, World, .*$", start)
        watch.send_signal(signal.SIGINT)
        output, _ = watch.communicate(timeout=30)
        assert "Compiled reloadable.c" in output, "without ninja"
        assert "Stopped watching." in output
    assert chip.boots() == 1


def test_watch_tells_of_a_crash(example: IdfProject, chip: Qemu) -> None:
    """The chip restarts with the code that worked, and the watch says so."""
    chip.wait_for(r"server listens on")
    start = chip.position()
    crash = "    *(volatile int *)0 = 1;\n    printf("
    with watching(example, chip) as watch:
        with example.changed(RELOADABLE, "    printf(", crash):
            read_to(watch, "The device went back to other code: module 2 crashed on trial")
    restarted = chip.wait_for(r"module 2 crashed on trial, module 1 runs", start)
    chip.wait_for(r"^Hello, World, from \S+! 1", restarted.end())
    assert chip.boots() == 2


def test_head_that_never_ends(chip: Qemu) -> None:
    """A client that sends byte by byte does not keep the server, which has one task."""
    chip.wait_for(r"server listens on")
    with socket.create_connection(("127.0.0.1", chip.port), timeout=1) as client:
        client.sendall(b"GET /status HTTP/1.1\r\nX-Slow: ")
        answer = b""
        for _ in range(120):
            try:
                client.sendall(b"x")
                answer = client.recv(4096)
                break
            except socket.timeout:
                pass
        assert b" 408 " in answer
    assert chip.get("/status")["loaded"]


def test_watch_beside_the_monitor(example: IdfProject, chip: Qemu) -> None:
    """One command, one terminal: the log, and a reload at every save."""
    chip.wait_for(r"server listens on")
    command = ["watch", "--url", chip.url, "monitor", "--no-reset"]
    with Terminal(example, "-p", chip.serial, *command) as terminal:
        terminal.read_to_both("Hello, World, ", "No change: ")
        with example.changed(RELOADABLE, "Hello", "Moin"):
            text = terminal.read_to("Moin, World, ")
        assert "Changed: reloadable.c" in text and "Patched: 1 function" in text
        terminal.leave_monitor()
    assert chip.boots() == 1


def test_unit_tests(
    unit_tests: IdfProject, start_chip: Callable[[IdfProject], Qemu]
) -> None:
    """The Unity tests of test_apps, as test_hotreload.py runs them where pytest-embedded is."""
    chip = start_chip(unit_tests)
    result = chip.wait_for(r"^(\d+) Tests (\d+) Failures \d+ Ignored")
    failures = [line for line in chip.console().splitlines() if ":FAIL" in line]
    assert int(result.group(1)) > 0 and result.group(2) == "0", failures
