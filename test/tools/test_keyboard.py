"""`watch` on a terminal: its keys, and that the terminal is put back however it ends.

SPDX-License-Identifier: MIT
"""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios
from typing import Any, Dict, Iterator, List, Optional

import pytest

from fake_device import FakeDevice
from hotreload.commands import keyboard
from hotreload.description import load_description
from hotreload.module.firmware_reader import FirmwareReader
from project import TOOLS, Project
from test_watch import PATIENCE, Watch, body


class Terminal:
    """A terminal that commands can have as their own."""

    def __init__(self) -> None:
        self.master, self.slave = pty.openpty()
        self.before = termios.tcgetattr(self.slave)

    def start(
        self, project: Project, *arguments: str, path: str = TOOLS, shell: str = ""
    ) -> Watch:
        """`shell` is Python code that runs the command."""

        def take() -> None:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        command = [sys.executable, "-m", "hotreload", *arguments, "--build", str(project.build)]
        return Watch(subprocess.Popen(
            [sys.executable, "-c", shell, *command] if shell else command,
            stdin=self.slave, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
            env={**os.environ, "PYTHONPATH": path}, start_new_session=True, preexec_fn=take,
        ))  # fmt: skip

    def press(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def attributes(self) -> List[Any]:
        return termios.tcgetattr(self.slave)

    def is_line_by_line(self) -> bool:
        return bool(self.attributes()[3] & termios.ICANON)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    terminal = Terminal()
    yield terminal
    os.close(terminal.master)
    os.close(terminal.slave)


@pytest.fixture
def current(built: Project, device: FakeDevice) -> FakeDevice:
    """A device that runs what was built."""
    device.run((built.out / "module.bin").read_bytes())
    device.firmware = FirmwareReader().identity(load_description(str(built.build))).hex()
    return device


def test_keys(terminal: Terminal, built: Project, current: FakeDevice) -> None:
    device, module = current, (built.out / "module.bin").read_bytes()
    watch = terminal.start(built, "watch", "--url", device.url)
    assert "r reloads" in watch.wait_for("Ctrl+C stops")[-1]
    watch.wait_for("No change: ")
    assert not terminal.is_line_by_line()
    terminal.press("w")
    assert "(--whole)" in watch.wait_for("Reloaded whole ")[-1]
    terminal.press("w")
    watch.wait_for("Reloaded whole ")
    assert device.uploads == [module] * 2, "also what the board has"
    terminal.press("r")
    watch.wait_for("No change: ")
    terminal.press("s")
    watch.wait_for("last error")
    terminal.press("\x1b[A")
    terminal.press("\n?")
    watch.wait_for("r reloads, w ")
    built.write("a.c", body(2))
    assert watch.wait_for("Patched: ")
    terminal.press("q")
    assert watch.wait_for("Stopped watching.")
    assert watch.process.wait(PATIENCE) == 0
    assert terminal.attributes() == terminal.before


def test_a_key_between_a_change_and_its_reload(
    terminal: Terminal, built: Project, current: FakeDevice
) -> None:
    """The status does not make it forget the change; `r` does not wait until the files rest."""
    watch = terminal.start(built, "watch", "--url", current.url, "--debounce", str(PATIENCE))
    watch.wait_for("No change: ")
    built.write("a.c", body(2))
    terminal.press("s")
    watch.wait_for("last error")
    terminal.press("r")
    watch.wait_for("Patched: ")
    assert watch.stop() == 0


ENDS: Dict[str, Any] = {
    "Ctrl+C": lambda terminal, watch: terminal.press("\x03"),
    "SIGTERM": lambda terminal, watch: watch.process.send_signal(signal.SIGTERM),
    "SIGHUP": lambda terminal, watch: watch.process.send_signal(signal.SIGHUP),
}


@pytest.mark.parametrize("end", ENDS)
def test_the_terminal_is_put_back(
    terminal: Terminal, built: Project, device: FakeDevice, end: str
) -> None:
    watch = terminal.start(built, "watch", "--url", device.url)
    watch.wait_for("Reloaded whole ")
    assert not terminal.is_line_by_line()
    ENDS[end](terminal, watch)
    assert watch.process.wait(PATIENCE) == (0 if end == "Ctrl+C" else -getattr(signal, end))
    assert terminal.attributes() == terminal.before


def test_the_terminal_is_put_back_after_an_error(
    terminal: Terminal, built: Project, device: FakeDevice
) -> None:
    """One that nobody foresaw."""
    (built.root / "usercustomize.py").write_text(
        "from hotreload.commands import updater\nupdater.report_success = None\n"
    )
    path = f"{TOOLS}{os.pathsep}{built.root}"
    watch = terminal.start(built, "watch", "--url", device.url, path=path)
    watch.wait_for("TypeError")
    assert watch.process.wait(PATIENCE) == 1
    assert terminal.attributes() == terminal.before


def test_stopped_and_continued(terminal: Terminal, built: Project, device: FakeDevice) -> None:
    """Ctrl+Z: the shell puts the terminal back, and `fg` makes the keys work again."""
    watch = terminal.start(built, "watch", "--url", device.url)
    watch.wait_for("Reloaded whole ")
    watch.process.send_signal(signal.SIGSTOP)
    termios.tcsetattr(terminal.slave, termios.TCSANOW, terminal.before)
    watch.process.send_signal(signal.SIGCONT)
    terminal.press("s\n")
    watch.wait_for("last error")
    assert not terminal.is_line_by_line()
    terminal.press("q")
    assert watch.process.wait(PATIENCE) == 0
    assert terminal.attributes() == terminal.before


# What a shell does for Ctrl+Z and `bg`, then for `fg`.
SHELL = """\
import os, signal, subprocess, sys

def begin():
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)

signal.signal(signal.SIGTTOU, signal.SIG_IGN)
command = subprocess.Popen(sys.argv[1:], preexec_fn=begin)
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
for name, group in (("background", os.getpgrp()), ("foreground", command.pid)):
    signal.sigwait({signal.SIGUSR1})
    os.tcsetpgrp(0, group)
    print(name, flush=True)
    if group == os.getpgrp():
        print("the shell reads", os.read(0, 1).decode(), flush=True)
command.send_signal(signal.SIGCONT)
sys.exit(command.wait())
"""


def test_in_the_background_keys_are_the_shells(
    terminal: Terminal, built: Project, device: FakeDevice
) -> None:
    """The system would stop the watch for reading one."""
    watch = terminal.start(built, "watch", "--url", device.url, shell=SHELL)
    watch.wait_for("Reloaded whole ")
    watch.process.send_signal(signal.SIGUSR1)
    watch.wait_for("background")
    terminal.press("q")
    watch.wait_for("the shell reads q")
    built.write("a.c", body(2))
    watch.wait_for("Reloaded whole ")
    watch.process.send_signal(signal.SIGUSR1)
    watch.wait_for("foreground")
    terminal.press("q")
    watch.wait_for("Stopped watching.")
    assert watch.process.wait(PATIENCE) == 0


def test_without_a_terminal_there_are_no_keys(built: Project, device: FakeDevice) -> None:
    arguments = ["watch", "--build", str(built.build), "--url", device.url]
    watch = Watch(built.start(*arguments))
    assert watch.wait_for("Ctrl+C stops")[-1] == "Ctrl+C stops."
    assert watch.stop() == 0


def test_a_system_without_termios(
    built: Project, device: FakeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyboard, "termios", None)
    monkeypatch.setattr("sys.stdin", type("Terminal", (), {"isatty": lambda self: True})())
    with keyboard.Keyboard(lambda key: None) as keys:
        assert keys.is_unknown and not keys.is_there


@pytest.mark.parametrize("no_color", [None, "", "1"])
def test_colours(
    terminal: Terminal, built: Project, device: FakeDevice, no_color: Optional[str]
) -> None:
    """Only on a terminal, and not there with NO_COLOR."""
    environment = {**os.environ, "PYTHONPATH": TOOLS, "TERM": "dumb"}
    environment.pop("NO_COLOR", None)
    if no_color is not None:
        environment["NO_COLOR"] = no_color
    command = [sys.executable, "-m", "hotreload", "reload", "--build", str(built.build)]
    command += ["--url", device.url]
    subprocess.run(command, env=environment, stdout=terminal.slave, stderr=2, check=True)
    shown = os.read(terminal.master, 100000).decode()
    assert "Reloaded whole" in shown and ("\x1b[32m" in shown) == (not no_color)
    piped = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True
    )
    assert b"Reloaded whole" in piped.stdout and b"\x1b" not in piped.stdout
